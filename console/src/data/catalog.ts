// The catalog in force, kept for a minute, as its permissions, roles and routes are needed on
// several pages. Whoever may not see it gets null.
import { answer, api } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog } from "../api/types";
import { onSignOut } from "../auth/session";

export interface ReadCatalog {
  catalog: Catalog;
  etag: string;
}

let kept: { at: number; catalog: Promise<ReadCatalog> } | null = null;

onSignOut(forgetCatalog);

export function forgetCatalog(): void {
  kept = null;
}

export async function readCatalog(): Promise<ReadCatalog> {
  if (kept === null || Date.now() - kept.at > 60_000) {
    const catalog = answer(api.GET("/catalog")).then(({ data, etag }) => ({ catalog: data, etag }));
    catalog.catch(forgetCatalog);
    kept = { at: Date.now(), catalog };
  }
  return kept.catalog;
}

export async function readCatalogIfAllowed(): Promise<Catalog | null> {
  try {
    return (await readCatalog()).catalog;
  } catch (error) {
    if (error instanceof Problem && error.status === 403) return null;
    throw error;
  }
}
