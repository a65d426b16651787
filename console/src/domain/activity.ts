// Filters of the activity, their form in the address and in the API, and its export.
import type { ActivityEvent, Event } from "../api/types";
import { csvOf } from "./csv";
import { EVENTS } from "./labels";
import { DAY, endOfDay, toSecond } from "./time";

/** Days until now, and their labels. */
export const PERIODS: Record<string, string> = { 1: "Last 24 hours", 7: "Last 7 days", 30: "Last 30 days", 90: "Last 90 days", 365: "Last 365 days" };

export interface ActivityFilter {
  /** A key of PERIODS; empty for the days from `from` to `to`. */
  days: string;
  from: string;
  to: string;
  kind: Event["kind"] | "";
  /** As in the API, such as `session:alice`. */
  actor: string;
  owner: string;
}

const DEFAULT: ActivityFilter = { days: "30", from: "", to: "", kind: "", actor: "", owner: "" };

/** The filter of a query. Unknown values count as absent. */
export function filterOf(query: string): ActivityFilter {
  const parameters = new URLSearchParams(query);
  const text = (name: string) => parameters.get(name) ?? "";
  const day = (name: string) => (endOfDay(text(name)) === null ? "" : text(name));
  const [from, to, kind, days] = [day("from"), day("to"), text("kind"), text("days")];
  return {
    days: from || to ? "" : Object.hasOwn(PERIODS, days) ? days : DEFAULT.days,
    from,
    to,
    kind: Object.hasOwn(EVENTS, kind) ? (kind as Event["kind"]) : "",
    actor: text("actor"),
    owner: text("owner"),
  };
}

/** The address of the activity with this filter, without defaults. */
export function activityHash(filter: Partial<ActivityFilter>): string {
  const parameters = new URLSearchParams(Object.entries({ ...filter }).filter(([name, value]) => value !== "" && value !== DEFAULT[name as keyof ActivityFilter]));
  return `#/activity${parameters.size > 0 ? `?${parameters}` : ""}`;
}

/** The filter as parameters of `GET /activity`. */
export function parametersOf(filter: ActivityFilter, now: number) {
  const { days, from, to, kind, actor, owner } = filter;
  const start = days === "" ? (from === "" ? null : new Date(`${from}T00:00:00`)) : new Date(now - Number(days) * DAY);
  const end = to === "" ? null : endOfDay(to);
  return {
    ...(start === null ? {} : { from: toSecond(start) }),
    ...(end === null ? {} : { to: end }),
    ...(kind === "" ? {} : { kind }),
    ...(actor === "" ? {} : { actor }),
    ...(owner === "" ? {} : { owner }),
  };
}

/** The actor that a user means: a name is a user, 16 letters and digits are a token's ID. */
export function actorFrom(text: string): string {
  const name = text.trim();
  if (name === "" || /^(bootstrap|restore)$|^(session|token|trust):/.test(name)) return name;
  return /^[0-9A-Za-z]{16}$/.test(name) ? `token:${name}` : `session:${name}`;
}

/** What the actor did, in a sentence before the token. */
export const VERBS: Partial<Record<Event["kind"], string>> = {
  created: "created",
  updated: "edited",
  rotated: "rotated",
  disabled: "disabled",
  enabled: "enabled",
  revoked: "revoked",
  deleted: "deleted",
  approval_approved: "approved a request of",
  approval_rejected: "rejected a request of",
  approval_ended: "ended an approval of",
};

/** What happened, in a sentence after the token: for events without an actor other than the token. */
export const PASSIVE: Record<Event["kind"], string> = {
  created: "was created",
  updated: "was edited",
  rotated: "was rotated",
  disabled: "was disabled",
  enabled: "was enabled",
  revoked: "was revoked",
  deleted: "was deleted",
  first_used: "was used for the first time",
  secret_reuse: "was used with an old secret",
  approval_requested: "requested an approval",
  approval_approved: "got an approval",
  approval_rejected: "got no approval",
  approval_ended: "ended an approval",
};

const FIELDS = ["at", "kind", "by", "token_id", "owner", "source_ip", "user_agent", "detail", "id"] as const satisfies readonly (keyof ActivityEvent)[];

export function activityCsv(events: readonly ActivityEvent[]): string {
  const cell = (event: ActivityEvent, field: (typeof FIELDS)[number]) => (field === "detail" ? (event.detail === null ? "" : JSON.stringify(event.detail)) : (event[field] ?? ""));
  return csvOf([[...FIELDS], ...events.map((event) => FIELDS.map((field) => cell(event, field)))]);
}

/** The events in the API's form. */
export function activityJson(events: readonly ActivityEvent[]): string {
  return `${JSON.stringify(events, null, 2)}\n`;
}

/** The events of each day in the user's time zone, in their order. */
export function byDay<T extends { at: string }>(events: readonly T[], dayOf: (at: string) => string): [day: string, events: T[]][] {
  const days = new Map<string, T[]>();
  for (const event of events) {
    const day = dayOf(event.at);
    days.set(day, [...(days.get(day) ?? []), event]);
  }
  return [...days];
}
