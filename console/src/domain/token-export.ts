// Tokens as CSV and JSON.
import type { Token } from "../api/types";
import { csvOf } from "./csv";

/** Named one by one, so that nothing else, such as a secret, is ever exported. */
const FIELDS = [
  "id",
  "name",
  "description",
  "owner",
  "role",
  "grants",
  "allowed_ips",
  "status",
  "created_by",
  "via",
  "created_at",
  "expires_at",
  "rotated_at",
  "previous_secret_until",
  "last_used_at",
  "last_used_ip",
  "last_used_user_agent",
  "disabled_at",
  "disabled_by",
  "disabled_reason",
  "revoked_at",
  "revoked_by",
  "revoked_reason",
  "revoked_comment",
] as const satisfies readonly (keyof Token)[];

/** The tokens in the API's form. */
export function toJson(tokens: readonly Token[]): string {
  const exported = tokens.map((token) => Object.fromEntries(FIELDS.map((field) => [field, token[field]])));
  return `${JSON.stringify(exported, null, 2)}\n`;
}

/** CSV with a header. */
export function toCsv(tokens: readonly Token[]): string {
  return csvOf([[...FIELDS], ...tokens.map((token) => FIELDS.map((field) => cellText(token, field)))]);
}

function cellText(token: Token, field: (typeof FIELDS)[number]): string {
  if (field === "grants") return token.grants.map(({ permissions, resources }) => `${permissions.join(", ")} on ${resources.join(", ")}`).join("; ");
  if (field === "allowed_ips") return token.allowed_ips.join(", ");
  return token[field] ?? "";
}
