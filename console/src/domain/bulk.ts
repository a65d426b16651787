// Changes of several tokens at once: which of them an action applies to, and when they were last used.
import type { Caller, Token } from "../api/types";
import { isSignedInWith, whyNotChange } from "./abilities";
import { DAY } from "./time";

export const BULK_ACTIONS = {
  revoke: { label: "Revoke", pending: "Revoking…", done: "revoked" },
  disable: { label: "Disable", pending: "Disabling…", done: "disabled" },
  extend: { label: "Extend", pending: "Extending…", done: "extended" },
};

export type BulkAction = keyof typeof BULK_ACTIONS;

export interface BulkPlan {
  /** The tokens to change: the most recently used first, the caller's own last. */
  targets: Token[];
  /** The numbers of tokens that are left out, by reason. */
  leftOut: ReadonlyMap<string, number>;
}

/** `until` is the new expiration of "extend"; null is never. */
export function bulkPlan(action: BulkAction, me: Caller, tokens: readonly Token[], until: string | null): BulkPlan {
  const leftOut = new Map<string, number>();
  const targets = tokens.filter((token) => {
    const reason = whyLeftOut(action, me, token, until);
    if (reason !== null) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    return reason === null;
  });
  const rank = (token: Token) => (isSignedInWith(me, token) ? "" : (token.last_used_at ?? "0"));
  return { targets: targets.toSorted((a, b) => (rank(a) < rank(b) ? 1 : rank(a) > rank(b) ? -1 : 0)), leftOut };
}

function whyLeftOut(action: BulkAction, me: Caller, token: Token, until: string | null): string | null {
  if (token.status === "revoked") return "already revoked";
  if (whyNotChange(me, token) !== null) return "not yours to change";
  if (action === "revoke") return null;
  if (token.status === "expired") return "expired";
  if (action === "disable") return token.status === "disabled" ? "already disabled" : null;
  if (token.via !== null) return "issued to CI jobs";
  if (token.expires_at === null) return "without an expiration";
  return until !== null && token.expires_at >= until ? "with a later expiration" : null;
}

const RECENT_DAYS = 7;

/** How many of the tokens were used recently, earlier and never. */
export function lastUses(tokens: readonly Token[], now: number): string {
  const used = tokens.flatMap(({ last_used_at }) => (last_used_at === null ? [] : [Date.parse(last_used_at)]));
  const recent = used.filter((at) => at > now - RECENT_DAYS * DAY).length;
  const parts: [number, string][] = [
    [recent, `used in the last ${RECENT_DAYS} days`],
    [used.length - recent, "used earlier"],
    [tokens.length - used.length, "never used"],
  ];
  const number = new Intl.NumberFormat();
  return parts.flatMap(([count, text]) => (count > 0 ? [`${number.format(count)} ${text}`] : [])).join(", ");
}
