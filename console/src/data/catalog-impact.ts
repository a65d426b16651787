// Which active tokens would lose or gain which routes with another catalog. The service compares the catalogs, a page
// of tokens per call.
import { api, unwrap } from "../api/client";
import type { Catalog, RouteImpact } from "../api/types";

export interface Impact {
  routes: RouteImpact[];
  /** Differing routes that the service did not compare. */
  skippedRoutes: number;
}

export async function readImpact(catalog: Catalog, signal: AbortSignal): Promise<Impact> {
  const routes = new Map<string | null, RouteImpact>();
  let skippedRoutes = 0;
  let cursor: string | null = null;
  do {
    const query: { cursor?: string } = cursor === null ? {} : { cursor };
    const { data } = await unwrap(api.POST("/catalog/impact", { params: { query }, body: catalog, signal }));
    for (const { route, loses, gains } of data.routes) {
      const known = routes.get(route);
      routes.set(route, { route, loses: [...(known?.loses ?? []), ...loses], gains: [...(known?.gains ?? []), ...gains] });
    }
    skippedRoutes = data.skipped_routes;
    cursor = data.next_cursor;
  } while (cursor !== null);
  return { routes: [...routes.values()], skippedRoutes };
}
