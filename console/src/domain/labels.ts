// The API's words in those of people.
import type { Event, Explanation, RevokeReason, Status, Token } from "../api/types";
import { fromNow } from "./time";

export const STATUSES: Record<Status, string> = { active: "Active", disabled: "Disabled", expired: "Expired", revoked: "Revoked" };

export const REVOKE_REASONS: Record<RevokeReason, string> = {
  leaked: "Somebody else may know it",
  superseded: "Another token does its work",
  unused: "Nobody needs it",
  owner_left: "Its owner is gone",
  other: "Another reason",
};

export const DISABLED_BECAUSE: Record<NonNullable<Token["disabled_reason"]>, string> = {
  owner: "its owner disabled it",
  admin: "an administrator disabled it",
  secret_reuse: "an old secret was used",
  idle: "nobody used it for too long",
};

export const EVENTS: Record<Event["kind"], string> = {
  created: "Created",
  updated: "Changed",
  rotated: "Rotated",
  secret_reuse: "An old secret was used",
  disabled: "Disabled",
  enabled: "Enabled",
  revoked: "Revoked",
  first_used: "First used",
  deleted: "Deleted",
};

export const FIELDS: Record<string, string> = {
  name: "Name",
  description: "Description",
  role: "Role",
  grants: "What it may do",
  allowed_ips: "Allowed addresses",
  expires_at: "Expiry",
};

/** Who did something: `token:…`, `session:…`, `trust:…` or `bootstrap`. */
export function actor(by: string): string {
  const [kind, ...rest] = by.split(":");
  const name = rest.join(":");
  if (kind === "session") return name;
  if (kind === "token") return `token ${name}`;
  if (kind === "trust") return `trust rule ${name}`;
  return by === "bootstrap" ? "whoever set this service up" : by;
}

/** When a token was last used, from where and with what; for before it is ended. */
export function lastUse(token: Token, now: number): string {
  if (token.last_used_at === null) return "It was never used, as far as this service knows.";
  return `It was last used ${fromNow(token.last_used_at, now)}${describeClient(token.last_used_ip, token.last_used_user_agent)}.`;
}

/** From where and with what a call came, as far as that is known. */
export function describeClient(ip: string | null, userAgent: string | null): string {
  return `${ip === null ? "" : ` from ${ip}`}${userAgent === null ? "" : ` with ${userAgent}`}`;
}

/** Why a request is refused, and what would let it in. */
export function refusal(explanation: Explanation, address: string): { why: string; remedy: string } {
  const needs = `“${explanation.permission ?? ""}” on “${explanation.resource ?? ""}”`;
  const roles = explanation.roles?.length ? ` Roles that give it: ${explanation.roles.join(", ")}.` : "";
  switch (explanation.reason) {
    case "revoked":
      return { why: "The token was revoked.", remedy: "Make a new token: there is no way back." };
    case "disabled":
      return { why: "The token is disabled.", remedy: "Enable it." };
    case "expired":
      return { why: "The token has expired.", remedy: "Rotate it with a new expiry." };
    case "idle":
      return { why: "Nobody used the token for too long.", remedy: "Enable it." };
    case "malformed_path":
      return { why: "The path can be read in more than one way.", remedy: "Write it without “..”, doubled slashes and encoded slashes." };
    case "ip_not_allowed":
      if (!address) return { why: "The token may be used from some addresses only, and none was given.", remedy: "Fill in from which address the request comes." };
      return { why: `The token may not be used from ${address}.`, remedy: "Add the address to those allowed, or call from one of them." };
    case "route_not_listed":
      return { why: "The catalog is strict and does not list this route.", remedy: "Add the route to the catalog." };
    case "route_lookalike":
      return { why: `The path is another spelling of a route that needs ${needs}.`, remedy: `Call the route as the catalog spells it, with that permission.${roles}` };
    case "permission_missing":
      return { why: `The token does not have the permission. The request needs ${needs}.`, remedy: `Change what it may do.${roles}` };
    case "resource_not_granted":
      return { why: `The token has the permission, but on other resources. The request needs ${needs}.`, remedy: "Add the resource to what it may do." };
    case null:
      return { why: "", remedy: "" };
  }
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${new Intl.NumberFormat().format(count)} ${count === 1 ? one : many}`;
}
