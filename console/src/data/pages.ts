// Lists that the service returns in pages.

export interface Pages<T> {
  items: readonly T[];
  /** Where to continue; null at the end. */
  cursor: string | null;
}

/** Pages at most for one part of a list: with a filter, pages may be empty. */
const MAX_PAGES = 20;
export const MAX_PAGE_SIZE = 100;

/** Loads at least `wanted` further items, if there are so many within MAX_PAGES pages. */
export async function readPages<T>(read: (query: { limit: number; cursor?: string }) => Promise<Pages<T>>, before: Pages<T> | null, wanted: number): Promise<Pages<T>> {
  const items = [...(before?.items ?? [])];
  const enough = items.length + wanted;
  let cursor = before?.cursor ?? null;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await read({ limit: Math.min(MAX_PAGE_SIZE, wanted), ...(cursor === null ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.cursor;
    if (cursor === null || items.length >= enough) break;
  }
  return { items, cursor };
}
