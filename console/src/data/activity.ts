// The events of all tokens, page by page.
import { api, unwrapWithRetry } from "../api/client";
import type { ActivityEvent } from "../api/types";
import type { parametersOf } from "../domain/activity";
import { readPages, type Pages } from "./pages";

export type Activity = Pages<ActivityEvent>;

/** Loads at least `wanted` further events, as `readPages` does. */
export function readActivity(parameters: ReturnType<typeof parametersOf>, before: Activity | null, wanted: number): Promise<Activity> {
  const read = async (page: { limit: number; cursor?: string }) => {
    const { data } = await unwrapWithRetry(() => api.GET("/activity", { params: { query: { ...parameters, ...page } } }));
    return { items: data.events as ActivityEvent[], cursor: data.next_cursor };
  };
  return readPages(read, before, wanted);
}
