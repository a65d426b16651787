// Why a token needs attention, and how urgently.
import type { Token } from "../api/types";
import { DAY, fromNow } from "./time";

/** Same as the service's expiration warning. */
export const EXPIRING_DAYS = 14;
export const IDLE_DAYS = 90;

export type Concern = "reuse" | "expiring" | "idle" | "unused";

/** Data about a token from its events and its usage. */
export interface Insights {
  /** When an old secret was last used; null if never. */
  reusedAt: string | null;
  /** Numbers of granted and used permissions; null if the usage is incomplete. */
  usage: { granted: number; used: number } | null;
}

export const CONCERNS: Record<Concern, string> = {
  reuse: "Old secret used",
  expiring: "Expiring soon",
  idle: `Unused for ${IDLE_DAYS} days`,
  unused: "Unused permissions",
};

/** The token's concerns, most urgent first. */
export function concerns(token: Token, insights: Insights | undefined, now: number): Concern[] {
  if (token.status === "revoked" || token.status === "expired") return [];
  const found: Concern[] = [];
  if (token.disabled_reason === "secret_reuse" || insights?.reusedAt) found.push("reuse");
  if (expiresSoon(token, now)) found.push("expiring");
  if (isIdle(token, now)) found.push("idle");
  if (insights?.usage && insights.usage.used < insights.usage.granted) found.push("unused");
  return found;
}

/** Exchanged tokens of CI jobs do not count: they always expire within minutes. */
function expiresSoon(token: Token, now: number): boolean {
  if (token.expires_at === null || token.status !== "active" || token.via !== null) return false;
  return Date.parse(token.expires_at) - now <= EXPIRING_DAYS * DAY;
}

function isIdle(token: Token, now: number): boolean {
  if (token.disabled_reason === "idle") return true;
  return Date.parse(token.last_used_at ?? token.created_at) < now - IDLE_DAYS * DAY;
}

const URGENCY: Record<Concern, number> = { reuse: 8, expiring: 4, idle: 2, unused: 1 };
const STATUS = { active: 0, disabled: -1, expired: -2, revoked: -3 } as const;

/** Sort key: tokens with higher urgency come first. */
export function urgency(token: Token, found: readonly Concern[]): number {
  return found.reduce((sum, concern) => sum + URGENCY[concern], 0) * 10 + STATUS[token.status];
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
      return `${granted - used} of ${granted} permissions unused`;
    }
  }
}

/** Whether the events can contain uses of an old secret: only if the token was rotated. */
export function mayHaveReuse(token: Token): boolean {
  return token.rotated_at !== null && (token.status === "active" || token.status === "disabled");
}

/** Whether the usage can show unused permissions. */
export function mayHaveUnused(token: Token): boolean {
  if (token.status !== "active" || token.last_used_at === null) return false;
  return token.grants.reduce((sum, grant) => sum + grant.permissions.length, 0) > 1;
}
