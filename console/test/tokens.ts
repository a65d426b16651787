// Tokens for tests.
import type { Token } from "../src/api/types";

export function tokenOf(fields: Partial<Token>): Token {
  return {
    id: "0000000000000001",
    name: "example",
    description: "",
    owner: "alice",
    role: null,
    grants: [{ permissions: ["apps:read"], resources: ["apps/billing"] }],
    allowed_ips: [],
    status: "active",
    created_by: "session:alice",
    via: null,
    created_at: "2026-01-01T00:00:00Z",
    expires_at: null,
    rotated_at: null,
    previous_secret_until: null,
    last_used_at: null,
    last_used_ip: null,
    last_used_user_agent: null,
    disabled_at: null,
    disabled_by: null,
    disabled_reason: null,
    revoked_at: null,
    revoked_by: null,
    revoked_reason: null,
    revoked_comment: null,
    ...fields,
  };
}
