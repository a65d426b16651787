// The events of all tokens, page by page.
import { api, unwrapWithRetry } from "../api/client";
import type { ActivityEvent } from "../api/types";
import type { parametersOf } from "../domain/activity";

export interface Activity {
  events: readonly ActivityEvent[];
  /** Where to continue; null at the end. */
  cursor: string | null;
}

/** Pages at most for one more screen: with a filter, pages may be empty. */
const MAX_PAGES = 20;
const PAGE_SIZE = 100;

/** Loads at least `wanted` further events, if there are so many within MAX_PAGES pages. */
export async function readActivity(parameters: ReturnType<typeof parametersOf>, before: Activity | null, wanted: number): Promise<Activity> {
  const events = [...(before?.events ?? [])];
  const enough = events.length + wanted;
  let cursor = before?.cursor ?? null;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const query = { ...parameters, limit: Math.min(PAGE_SIZE, wanted), ...(cursor === null ? {} : { cursor }) };
    const { data } = await unwrapWithRetry(() => api.GET("/activity", { params: { query } }));
    events.push(...(data.events as ActivityEvent[]));
    cursor = data.next_cursor;
    if (cursor === null || events.length >= enough) break;
  }
  return { events, cursor };
}
