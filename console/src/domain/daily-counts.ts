// A token's requests per day.
import type { DailyCounts } from "../api/types";
import { DAY } from "./time";

/** Days that the service counts: 13 weeks. */
const DAYS = 91;

export interface RequestsOfDay {
  /** In UTC, such as `2027-01-15`. */
  day: string;
  requests: number;
}

/** Each day of the last 13 weeks with its requests, oldest first; of one permission, or of all with `null`. */
export function requestsByDay(counts: readonly DailyCounts[], permission: string | null, now: number): RequestsOfDay[] {
  const known = new Map(counts.map(({ day, counts: of }) => [day, permission === null ? total(Object.values(of)) : (of[permission] ?? 0)]));
  const today = Math.floor(now / DAY);
  return Array.from({ length: DAYS }, (_, index) => {
    const day = new Date((today - DAYS + 1 + index) * DAY).toISOString().slice(0, 10);
    return { day, requests: known.get(day) ?? 0 };
  });
}

/** The permissions that were counted, sorted. */
export function countedPermissions(counts: readonly DailyCounts[]): string[] {
  return [...new Set(counts.flatMap(({ counts: of }) => Object.keys(of)))].toSorted();
}

export function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** How strongly to color a day: 0 for no requests, up to 4 for `max`. Logarithmic, so that a burst hides no other day. */
export function heatLevel(requests: number, max: number): number {
  return requests === 0 ? 0 : Math.ceil((4 * Math.log(requests + 1)) / Math.log(max + 1));
}
