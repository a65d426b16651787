// Why the caller may not do something, in a sentence; null if they may. docs/authorization.md has the rules.
import type { Caller, Token } from "../api/types";
import { covers } from "./grants";
import { plural } from "./labels";

export function whyNotCreate(me: Caller): string | null {
  return whyNotManage(me) ?? (mayWrite(me, "tokens") ? null : "You need tokens:write to create tokens. Ask an administrator.");
}

/** Whether the caller's own tokens are as many as one owner may have. */
export function whyNoMore(me: Caller, tokens: readonly Token[]): string | null {
  const max = me.deployment.max_tokens_per_owner;
  const counts = ({ owner, status, via, created_by }: Token) =>
    owner === me.owner && (status === "active" || status === "disabled") && via === null && created_by !== "bootstrap";
  if (max === null || tokens.filter(counts).length < max) return null;
  return `You have ${plural(max, "token")}, the most that one owner may have. Revoke one you no longer need.`;
}

export function whyNotChange(me: Caller, token: Pick<Token, "id">): string | null {
  return whyNotManage(me) ?? (mayWrite(me, `tokens/${token.id}`) ? null : "You need tokens:write to change this token. Ask an administrator.");
}

export function whyNotEnable(me: Caller, token: Token): string | null {
  const byAdmin = token.disabled_reason === "admin" && !isAdmin(me);
  return byAdmin ? "Only an administrator can enable this token." : null;
}

/** For edits and rotations. */
export function whyNotEdit(token: Token): string | null {
  return token.via === null ? null : "This token was issued to a CI job and lasts only minutes. You can revoke it, but not edit or rotate it.";
}

/** For every page with tokens. */
export function whyNotManage(me: Caller): string | null {
  const managed = me.deployment.token_management === "admins" && !isAdmin(me);
  return managed ? "Only administrators can manage tokens. Ask one for help." : null;
}

export function isSignedInWith(me: Caller, token: Token): boolean {
  return me.principal_type === "token" && me.token_id === token.id;
}

function mayWrite(me: Caller, resource: string): boolean {
  return isAdmin(me) || covers(me.grants, "tokens:write", resource);
}

function isAdmin(me: Caller): boolean {
  return covers(me.grants, "tokens:admin", "tokens");
}
