// Labels for the API's values.
import type { Event, Explanation, RevokeReason, Status, Token } from "../api/types";
import { additionLabel, type Addition } from "./grants";
import { ambiguityRemedy } from "./request-path";
import { formatDateTime, timeAgo } from "./time";

export const STATUSES: Record<Status, string> = { active: "Active", disabled: "Disabled", expired: "Expired", revoked: "Revoked" };

export const REVOKE_REASONS: Record<RevokeReason, string> = {
  leaked: "Leaked or compromised",
  superseded: "Replaced by another token",
  unused: "No longer needed",
  owner_left: "Owner has left",
  other: "Other",
};

export const DISABLED_REASONS: Record<NonNullable<Token["disabled_reason"]>, string> = {
  owner: "by its owner",
  admin: "by an administrator",
  secret_reuse: "because an old secret was used",
  idle: "for inactivity",
};

export const EVENTS: Record<Event["kind"], string> = {
  created: "Created",
  updated: "Edited",
  rotated: "Rotated",
  secret_reuse: "Old secret used",
  disabled: "Disabled",
  enabled: "Enabled",
  revoked: "Revoked",
  first_used: "First used",
  deleted: "Deleted",
  approval_requested: "Approval requested",
  approval_approved: "Approval given",
  approval_rejected: "Approval rejected",
  approval_ended: "Approval ended",
};

export const FIELDS: Record<string, string> = {
  name: "Name",
  description: "Description",
  role: "Role",
  grants: "Permissions",
  allowed_ips: "Allowed IP addresses",
  expires_at: "Expiration",
};

/** Label of an actor: `token:…`, `session:…`, `trust:…`, `bootstrap` or `restore`. */
export function actor(by: string): string {
  const [kind, ...rest] = by.split(":");
  const name = rest.join(":");
  if (kind === "session") return name;
  if (kind === "token") return `token ${name}`;
  if (kind === "trust") return `trust rule ${name}`;
  if (by === "restore") return "restore check";
  return by === "bootstrap" ? "initial setup" : by;
}

/** When, from where and by which client a token was last used. */
export function lastUse(token: Token, now: number): string {
  if (token.last_used_at === null) return "Never used.";
  const client = token.last_used_user_agent === null ? "" : ` (${token.last_used_user_agent})`;
  return `Last used ${timeAgo(token.last_used_at, now)}${clientText(token.last_used_ip, null)}${client}.`;
}

/** When a revocation takes effect everywhere, if not at once. `subject` is “It stops” or “They stop”. */
export function delayText(effectiveBy: string, subject: string): string {
  return Date.parse(effectiveBy) > Date.now() + 2000 ? ` ${subject} working everywhere by ${formatDateTime(effectiveBy)}.` : "";
}

/** IP address and user agent of a call, as far as known. */
export function clientText(ip: string | null, userAgent: string | null): string {
  return `${ip === null ? "" : ` from ${ip}`}${userAgent === null ? "" : ` · ${userAgent}`}`;
}

/** Why a request is denied, and how to allow it: as text, and as an addition to the token's grants if that is enough. */
interface Refusal {
  why: string;
  remedy: string;
  addition?: { label: string; adds: Addition; beside: string };
}

/** `tested` is the request: its path, and its source IP or an empty text. */
export function refusal(explanation: Explanation, tested: { path: string; address: string }): Refusal {
  const { address } = tested;
  const permission = explanation.permission ?? "";
  const resource = explanation.resource ?? "";
  const roles = explanation.roles?.length ? ` Also in the ${explanation.roles.length === 1 ? "role" : "roles"} ${explanation.roles.join(", ")}.` : "";
  switch (explanation.reason) {
    case "revoked":
      return { why: "The token was revoked.", remedy: "Revoked tokens can’t be restored. Create a new one." };
    case "disabled":
      return { why: "The token is disabled.", remedy: "Enable it." };
    case "expired":
      return { why: "The token has expired.", remedy: "Rotate it with a new expiration." };
    case "idle":
      return { why: "The token is disabled for inactivity.", remedy: "Enable it." };
    case "malformed_path":
      return { why: "The path is ambiguous.", remedy: ambiguityRemedy(tested.path) };
    case "ip_not_allowed":
      if (!address) return { why: "This token only works from certain IP addresses.", remedy: "Enter a source IP." };
      return { why: `${address} isn’t an allowed IP address.`, remedy: "Add it to the allowed IP addresses, or call from an allowed one." };
    case "route_not_listed":
      return { why: "No catalog route matches, and the catalog is strict.", remedy: "Add the route to the catalog." };
    case "route_lookalike":
      return { why: `The path is a different spelling of a route that requires ${permission} on ${resource}.`, remedy: `Use the catalog’s spelling, with that permission.${roles}` };
    case "permission_missing":
      return {
        why: `Missing ${permission} on ${resource}.`,
        remedy: `Add the permission.${roles}`,
        addition: { label: additionLabel({ permission, resource }), adds: { permission, resource }, beside: roles },
      };
    case "resource_not_granted":
      return {
        why: `The token has ${permission}, but not on ${resource}.`,
        remedy: `Add the resource ${resource}.`,
        addition: { label: additionLabel({ permission, resource }), adds: { permission, resource }, beside: "" },
      };
    case "approval_required":
      return {
        why: `The token has ${permission} on ${resource}, but no approval for it.`,
        remedy: `Request one with POST /approvals, or portcullis approval request. A user with approvals:decide on ${resource} approves it on the page Approvals.`,
      };
    case null:
      return { why: "", remedy: "" };
  }
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${new Intl.NumberFormat().format(count)} ${count === 1 ? one : many}`;
}

/** Up to two initials of an owner, such as “AE” for alice.example@example.com. */
export function initials(owner: string): string {
  const words = owner.replace(/@.*/s, "").split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return (words.length > 1 ? words.slice(0, 2) : [owner]).map((word) => [...word][0] ?? "").join("").toUpperCase();
}
