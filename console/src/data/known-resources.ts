// Resources to suggest in forms.
import { useMemo } from "preact/hooks";
import { knownResources } from "../domain/resources";
import { useStore } from "../store";
import { useCatalog } from "./catalog";
import { tokenList } from "./tokens";

/** Those of the catalog's routes, and of the tokens that are loaded. */
export function useKnownResources(): string[] {
  const { tokens } = useStore(tokenList);
  const catalog = useCatalog();
  return useMemo(() => knownResources(catalog, tokens), [catalog, tokens]);
}
