// Why a token needs attention, and what is due first.
import type { Token } from "../api/types";
import { plural } from "./labels";
import { DAY, fromNow } from "./time";

/** Same as the service's expiration warning. Tokens with a short lifetime have less: see `expiresSoon`. */
const EXPIRING_DAYS = 14;
const IDLE_DAYS = 90;
/** Age in days before unused permissions count: some jobs run once a month. */
const UNUSED_DAYS = 30;
/** Days after which a dismissed concern returns. */
export const DISMISSAL_DAYS = 30;

/** In the order of urgency. */
export const CONCERNS = {
  reuse: "Old secret still in use",
  expiring: "Expiring soon",
  idle: `Unused for ${IDLE_DAYS} days`,
  unused: "Unused permissions",
};

export type Concern = keyof typeof CONCERNS;

/** Data about a token from its events and its usage. */
export interface Insights {
  /** When an old secret was last used; null if never. */
  reusedAt: string | null;
  /** Numbers of granted and used permissions; null if the usage is incomplete. */
  usage: { granted: number; used: number } | null;
}

/** When concerns were dismissed, in milliseconds, by `dismissalKey`. */
export type Dismissals = ReadonlyMap<string, number>;

/** The token's concerns that are not dismissed, most urgent first. */
export function concerns(token: Token, insights: Insights | undefined, now: number, dismissals: Dismissals): Concern[] {
  return allConcerns(token, insights, now).filter((concern) => {
    const dismissedAt = dismissals.get(dismissalKey(concern, token, insights));
    return dismissedAt === undefined || now - dismissedAt >= DISMISSAL_DAYS * DAY;
  });
}

function allConcerns(token: Token, insights: Insights | undefined, now: number): Concern[] {
  if (token.status === "revoked" || token.status === "expired") return [];
  const found: Concern[] = [];
  if (token.disabled_reason === "secret_reuse" || insights?.reusedAt) found.push("reuse");
  if (expiresSoon(token, now)) found.push("expiring");
  if (isIdle(token, now)) found.push("idle");
  else if (isOldEnough(token, now) && insights?.usage && insights.usage.used < insights.usage.granted) found.push("unused");
  return found;
}

/** A new use of an old secret and a new expiration have a new key, so they are not dismissed. */
export function dismissalKey(concern: Concern, token: Token, insights: Insights | undefined): string {
  const occurrence = { reuse: insights?.reusedAt ?? token.disabled_at, expiring: token.expires_at, idle: token.last_used_at, unused: null };
  return [token.id, concern, occurrence[concern] ?? ""].join(" ");
}

/**
 * In the last third of the lifetime, so that a short one is no alarm from the start, and at most
 * EXPIRING_DAYS. Exchanged tokens of CI jobs do not count: they always expire within minutes.
 */
function expiresSoon(token: Token, now: number): boolean {
  if (token.expires_at === null || token.status !== "active" || token.via !== null) return false;
  const end = Date.parse(token.expires_at);
  const lifetime = end - Date.parse(token.rotated_at ?? token.created_at);
  return end - now <= Math.min(EXPIRING_DAYS * DAY, lifetime / 3);
}

function isIdle(token: Token, now: number): boolean {
  if (token.disabled_reason === "idle") return true;
  return Date.parse(token.last_used_at ?? token.created_at) < now - IDLE_DAYS * DAY;
}

const isOldEnough = (token: Token, now: number): boolean => Date.parse(token.created_at) < now - UNUSED_DAYS * DAY;

const RANKS = Object.keys(CONCERNS) as Concern[];
const STATUS_RANKS = { active: 0, disabled: 1, expired: 2, revoked: 3 } as const;

/** Sort key, ascending: the rank of the most urgent concern, and a time within that rank. */
export function due(token: Token, found: readonly Concern[], insights: Insights | undefined): [rank: number, time: number] {
  const [first] = found;
  const time = (iso: string | null | undefined) => Date.parse(iso ?? token.created_at);
  if (first === undefined) return [RANKS.length + STATUS_RANKS[token.status], -time(token.created_at)];
  const times: Record<Concern, number> = {
    reuse: -time(insights?.reusedAt ?? token.disabled_at),
    expiring: time(token.expires_at),
    idle: time(token.last_used_at),
    unused: time(token.created_at),
  };
  return [RANKS.indexOf(first), times[first]];
}

/** The label of a concern, with its numbers. */
export function concernText(concern: Concern, token: Token, insights: Insights | undefined, now: number): string {
  switch (concern) {
    case "reuse":
      return CONCERNS.reuse;
    case "expiring":
      return token.expires_at === null ? CONCERNS.expiring : `Expires ${fromNow(token.expires_at, now)}`;
    case "idle":
      return token.last_used_at === null ? "Never used" : CONCERNS.idle;
    case "unused": {
      const { granted, used } = insights?.usage ?? { granted: 0, used: 0 };
      return `${granted - used} of ${plural(granted, "permission")} unused`;
    }
  }
}

/** Whether the events can contain uses of an old secret: only if the token was rotated. */
export function mayHaveReuse(token: Token): boolean {
  return token.rotated_at !== null && (token.status === "active" || token.status === "disabled");
}

/** Whether the usage can show unused permissions that count. */
export function mayHaveUnused(token: Token, now: number): boolean {
  if (token.status !== "active" || token.last_used_at === null || !isOldEnough(token, now)) return false;
  return token.grants.reduce((sum, grant) => sum + grant.permissions.length, 0) > 1;
}
