// Resources to suggest in forms.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Catalog } from "../api/types";
import { knownResources } from "../domain/resources";
import { useStore } from "../store";
import { readCatalogIfAllowed } from "./catalog";
import { tokenList } from "./tokens";

/** Those of the catalog's routes, and of the tokens that are loaded. */
export function useKnownResources(): string[] {
  const { tokens } = useStore(tokenList);
  const [catalog, setCatalog] = useState<Catalog | null>(null);
  useEffect(() => {
    readCatalogIfAllowed().then(setCatalog, () => {});
  }, []);
  return useMemo(() => knownResources(catalog, tokens), [catalog, tokens]);
}
