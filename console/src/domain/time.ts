// Formatting of times in the user's time zone.
import type { Token } from "../api/types";

export const DAY = 86_400_000;

// In English like the sentences around them.
const inNumbers = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const inWords = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const utcDay = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

/** Unit, its length, and the minimum difference for which it is used. */
const UNITS: [Intl.RelativeTimeFormatUnit, number, number][] = [
  ["year", 365 * DAY, 700 * DAY],
  ["month", 30 * DAY, 91 * DAY],
  ["day", DAY, DAY],
  ["hour", 3_600_000, 3_600_000],
  ["minute", 60_000, 60_000],
];

/** "3 days ago", for events. Never in the future, even if the browser's clock is behind the service's. */
export function timeAgo(iso: string, now: number): string {
  return relative(Math.min(Date.parse(iso) - now, 0));
}

/** "in 2 hours", until an expiration. Never in the past, even if the browser's clock is ahead of the service's. */
export function fromNow(iso: string, now: number): string {
  return relative(rounded(Math.max(Date.parse(iso) - now, 1)));
}

/** Only the service says that an active token has expired. A disabled one stays disabled when it expires. */
export function hasExpired({ status, expires_at }: Pick<Token, "status" | "expires_at">, now: number): boolean {
  return status === "expired" || (status !== "active" && expires_at !== null && Date.parse(expires_at) <= now);
}

/** A time to come, rounded to the unit in which it is shown: 59 minutes and 50 seconds are an hour. */
function rounded(difference: number): number {
  const size = UNITS.find(([, , from]) => difference >= from)?.[1];
  return size === undefined ? difference : Math.round(difference / size) * size;
}

function relative(difference: number): string {
  const found = UNITS.find(([, , from]) => Math.abs(difference) >= from);
  if (!found) return difference > 0 ? "in less than a minute" : "just now";
  const [unit, size] = found;
  if (unit === "day") return inWords.format(Math.round(difference / size), unit);
  return inNumbers.format(Math.trunc(difference / size), unit);
}

export const exactTime = (iso: string): string => exact.format(new Date(iso));
export const formatDate = (iso: string | Date): string => date.format(new Date(iso));
export const formatDateTime = (iso: string | Date): string => dateAndTime.format(new Date(iso));
/** With the day of the week. */
export const formatLongDate = (iso: string): string => longDate.format(new Date(iso));
export const formatTime = (iso: string): string => timeOfDay.format(new Date(iso));
/** A UTC day, not converted to the user's time zone. */
export const formatUtcDay = (day: string): string => utcDay.format(new Date(`${day}T00:00:00Z`));

/** The end of a day in the user's time zone, in the API's format; null if `day` is not a date. */
export function endOfDay(day: string): string | null {
  const end = new Date(`${day}T23:59:59`);
  return Number.isNaN(end.getTime()) ? null : toSecond(end);
}

export function toSecond(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The day of a time in the user's time zone, in the format of date fields. */
export function localDay(time: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
}
