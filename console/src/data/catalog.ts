// Cache of the current catalog (TTL: 1 minute), which several pages need.
import { useEffect, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog } from "../api/types";
import { onSignOut } from "../auth/session";

export interface ReadCatalog {
  catalog: Catalog;
  etag: string;
}

/** In milliseconds. */
const TTL = 60_000;

let cached: { at: number; catalog: Promise<ReadCatalog> } | null = null;

onSignOut(forgetCatalog);

export function forgetCatalog(): void {
  cached = null;
}

export async function readCatalog(): Promise<ReadCatalog> {
  if (cached === null || Date.now() - cached.at > TTL) {
    const catalog = unwrap(api.GET("/catalog")).then(({ data, etag }) => ({ catalog: data, etag }));
    catalog.catch(forgetCatalog);
    cached = { at: Date.now(), catalog };
  }
  return cached.catalog;
}

/** The catalog; null if the caller lacks `catalog:read`. */
export async function readCatalogIfAllowed(): Promise<Catalog | null> {
  try {
    return (await readCatalog()).catalog;
  } catch (error) {
    if (error instanceof Problem && error.status === 403) return null;
    throw error;
  }
}

/** For parts of the console that also work without the catalog: null until it is loaded, and if the caller may not see it. */
export function useCatalog(active = true): Catalog | null {
  const [catalog, setCatalog] = useState<Catalog | null>(null);
  useEffect(() => {
    if (active) readCatalogIfAllowed().then(setCatalog, () => {});
  }, [active]);
  return catalog;
}
