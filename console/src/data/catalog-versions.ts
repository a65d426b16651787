// The versions of the catalog: who published which one when. The service keeps a few only, so all are read.
import { api, unwrap } from "../api/client";
import type { Catalog, CatalogVersion } from "../api/types";

/** Newest first. */
export async function readCatalogVersions(): Promise<CatalogVersion[]> {
  const versions: CatalogVersion[] = [];
  let cursor: string | null = null;
  do {
    const query: { cursor?: string } = cursor === null ? {} : { cursor };
    const { data } = await unwrap(api.GET("/catalog/versions", { params: { query } }));
    versions.push(...data.versions);
    cursor = data.next_cursor;
  } while (cursor !== null);
  return versions;
}

export async function readCatalogVersion(version: number): Promise<Catalog> {
  return (await unwrap(api.GET("/catalog/versions/{version}", { params: { path: { version } } }))).data;
}
