// Unit tests of src/domain/token-view.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Token } from "../src/api/types";
import { DEFAULT_VIEW, filterAndSort, queryOf, rowOf, viewOf, type View } from "../src/domain/token-view";
import { tokenOf } from "./tokens";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const names = (tokens: Token[], view: Partial<View>) =>
  filterAndSort(
    tokens.map((token) => rowOf(token, undefined, NOW, new Map())),
    { ...DEFAULT_VIEW, sort: "name", ...view },
  ).map(({ token }) => token.name);

test("a view survives the way through the address", () => {
  const view: View = {
    search: "a&b=c %",
    status: "revoked",
    concern: "any",
    owner: "bob@example.com",
    neverUsed: true,
    byOwner: true,
    sort: "used",
    reversed: true,
  };
  assert.deepEqual(viewOf(queryOf(view)), view);
  assert.equal(queryOf(DEFAULT_VIEW), "");
  assert.deepEqual(viewOf(""), DEFAULT_VIEW);
});

test("an unknown value in the address counts as none", () => {
  assert.deepEqual(viewOf("status=gone&attention=toString&sort=constructor&used=often&x=y"), DEFAULT_VIEW);
});

test("a whole token in the address is cut to its ID", () => {
  assert.equal(viewOf(`q=ptc_${"a".repeat(65)}`).search, "a".repeat(16));
});

test("tokens that were never used can be selected, and come first by use", () => {
  const tokens = [
    tokenOf({ name: "a", last_used_at: "2026-02-01T00:00:00Z" }),
    tokenOf({ name: "b" }),
    tokenOf({ name: "c", last_used_at: "2026-01-01T00:00:00Z" }),
  ];
  assert.deepEqual(names(tokens, { neverUsed: true }), ["b"]);
  assert.deepEqual(names(tokens, { sort: "used" }), ["b", "c", "a"]);
});

test("tokens can be sorted by expiration and revocation", () => {
  const at = "2026-01-01T00:00:00Z";
  const tokens = [
    tokenOf({ name: "never" }),
    tokenOf({ name: "expired", status: "expired", expires_at: "2026-01-02T00:00:00Z" }),
    tokenOf({ name: "next week", expires_at: "2026-03-08T00:00:00Z" }),
    tokenOf({ name: "revoked first", status: "revoked", expires_at: "2026-03-02T00:00:00Z", revoked_at: at }),
    tokenOf({ name: "revoked last", status: "revoked", revoked_at: "2026-02-01T00:00:00Z" }),
    tokenOf({ name: "tomorrow", expires_at: "2026-03-02T00:00:00Z" }),
  ];
  assert.deepEqual(names(tokens, { sort: "expires" }).slice(0, 3), ["tomorrow", "next week", "never"]);
  assert.deepEqual(names(tokens, { sort: "revoked" }).slice(0, 2), ["revoked last", "revoked first"]);
});

test("tokens grouped by owner are sorted within each group", () => {
  const tokens = [["c", "bob"], ["b", "alice"], ["a", "bob"], ["d", "alice"]].map(([name = "", owner = ""]) => tokenOf({ name, owner }));
  assert.deepEqual(names(tokens, { byOwner: true }), ["b", "d", "a", "c"]);
});
