// What wants attention about a token, and how urgently.
import type { Token } from "../api/types";
import { DAY, fromNow } from "./time";

/** As the service announces the end of a token itself. */
export const SOON_DAYS = 14;
export const IDLE_DAYS = 90;

export type Concern = "reuse" | "expiring" | "idle" | "unused";

/** What only its history and its usage tell about a token. */
export interface Facts {
  /** When an old secret was last used; null where it was not. */
  reusedAt: string | null;
  /** How many permissions it has and has used; null where that is not known in full. */
  usage: { granted: number; used: number } | null;
}

export const CONCERNS: Record<Concern, string> = {
  reuse: "Old secret used",
  expiring: "Expiring soon",
  idle: `Idle ${IDLE_DAYS} days`,
  unused: "Unused permissions",
};

/** Its concerns, the most urgent first. */
export function concerns(token: Token, facts: Facts | undefined, now: number): Concern[] {
  if (token.status === "revoked" || token.status === "expired") return [];
  const found: Concern[] = [];
  if (token.disabled_reason === "secret_reuse" || facts?.reusedAt) found.push("reuse");
  if (expiresSoon(token, now)) found.push("expiring");
  if (isIdle(token, now)) found.push("idle");
  if (facts?.usage && facts.usage.used < facts.usage.granted) found.push("unused");
  return found;
}

/** What a CI job was given for some minutes is made to end, and is nobody's to prolong. */
function expiresSoon(token: Token, now: number): boolean {
  if (token.expires_at === null || token.status !== "active" || token.via !== null) return false;
  return Date.parse(token.expires_at) - now <= SOON_DAYS * DAY;
}

function isIdle(token: Token, now: number): boolean {
  if (token.disabled_reason === "idle") return true;
  return Date.parse(token.last_used_at ?? token.created_at) < now - IDLE_DAYS * DAY;
}

const URGENCY: Record<Concern, number> = { reuse: 8, expiring: 4, idle: 2, unused: 1 };
const STATUS = { active: 0, disabled: -1, expired: -2, revoked: -3 } as const;

/** For sorting: what is greater wants attention first. */
export function urgency(token: Token, found: readonly Concern[]): number {
  return found.reduce((sum, concern) => sum + URGENCY[concern], 0) * 10 + STATUS[token.status];
}

/** A concern in a sentence, with its numbers. */
export function concernText(concern: Concern, token: Token, facts: Facts | undefined, now: number): string {
  switch (concern) {
    case "reuse":
      return CONCERNS.reuse;
    case "expiring":
      return token.expires_at === null ? CONCERNS.expiring : `Expires ${fromNow(token.expires_at, now)}`;
    case "idle":
      return token.last_used_at === null ? `Never used in ${IDLE_DAYS} days` : CONCERNS.idle;
    case "unused": {
      const { granted, used } = facts?.usage ?? { granted: 0, used: 0 };
      return `${granted - used} of ${granted} permissions unused`;
    }
  }
}

/** Whether its history can tell of an old secret: only a rotation makes a secret old. */
export function mayHaveReuse(token: Token): boolean {
  return token.rotated_at !== null && (token.status === "active" || token.status === "disabled");
}

/** Whether its usage can tell of permissions that it does not use. */
export function mayHaveUnused(token: Token): boolean {
  if (token.status !== "active" || token.last_used_at === null) return false;
  return token.grants.reduce((sum, grant) => sum + grant.permissions.length, 0) > 1;
}
