// Unit tests of src/domain/bulk.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller, Token } from "../src/api/types";
import { bulkPlan, lastUses, type BulkAction } from "../src/domain/bulk";
import { tokenOf } from "./tokens";

const me = {
  owner: "alice",
  principal_type: "token",
  token_id: "0000000000000009",
  grants: [{ permissions: ["tokens:write"], resources: ["tokens"] }],
  deployment: { token_management: "owners" },
} as unknown as Caller;

const plan = (action: BulkAction, tokens: Token[], until: string | null = null) => {
  const { targets, leftOut } = bulkPlan(action, me, tokens, until);
  return { targets: targets.map(({ name }) => name), leftOut: Object.fromEntries(leftOut) };
};

test("an action applies only to tokens that it would change", () => {
  const expires_at = "2026-06-01T00:00:00Z";
  const tokens = [
    tokenOf({ name: "active", expires_at }),
    tokenOf({ name: "disabled", status: "disabled", expires_at }),
    tokenOf({ name: "expired", status: "expired", expires_at }),
    tokenOf({ name: "revoked", status: "revoked", expires_at }),
    tokenOf({ name: "of a CI job", via: "github:octo-org/octo-repo", expires_at }),
    tokenOf({ name: "forever" }),
  ];
  assert.deepEqual(plan("revoke", tokens), { targets: ["active", "disabled", "expired", "of a CI job", "forever"], leftOut: { "already revoked": 1 } });
  assert.deepEqual(plan("disable", tokens), { targets: ["active", "of a CI job", "forever"], leftOut: { "already disabled": 1, expired: 1, "already revoked": 1 } });
  assert.deepEqual(plan("extend", tokens, "2026-07-01T00:00:00Z"), {
    targets: ["active", "disabled"],
    leftOut: { expired: 1, "already revoked": 1, "issued to CI jobs": 1, "without an expiration": 1 },
  });
});

test("no expiration is moved to an earlier time", () => {
  const tokens = ["2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"].map((expires_at) => tokenOf({ name: expires_at.slice(5, 7), expires_at }));
  assert.deepEqual(plan("extend", tokens, "2026-07-01T00:00:00Z"), { targets: ["06"], leftOut: { "with a later expiration": 2 } });
  assert.deepEqual(plan("extend", tokens, null).targets, ["06", "07", "08"]);
});

test("the most recently used token is first, and the caller's own last", () => {
  const tokens = [
    tokenOf({ name: "own", id: "0000000000000009", last_used_at: "2026-03-01T00:00:00Z" }),
    tokenOf({ name: "unused" }),
    tokenOf({ name: "old", last_used_at: "2026-01-01T00:00:00Z" }),
    tokenOf({ name: "recent", last_used_at: "2026-02-01T00:00:00Z" }),
  ];
  assert.deepEqual(plan("revoke", tokens).targets, ["recent", "old", "unused", "own"]);
});

test("tokens that the caller may not change are left out", () => {
  const reader = { ...me, grants: [{ permissions: ["tokens:read"], resources: ["*"] }] };
  assert.deepEqual([...bulkPlan("revoke", reader, [tokenOf({})], null).leftOut], [["not yours to change", 1]]);
});

test("the summary counts recent, earlier and no uses", () => {
  const now = Date.parse("2026-03-01T00:00:00Z");
  const used = (last_used_at: string | null) => tokenOf({ last_used_at });
  assert.equal(lastUses([used("2026-02-28T00:00:00Z"), used("2026-01-01T00:00:00Z"), used(null), used(null)], now), "1 used in the last 7 days, 1 used earlier, 2 never used");
  assert.equal(lastUses([used(null)], now), "1 never used");
});
