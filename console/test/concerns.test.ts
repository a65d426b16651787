// Unit tests of src/domain/concerns.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Token } from "../src/api/types";
import { concerns, concernText, dismissalKey, due, type Dismissals, type Insights } from "../src/domain/concerns";
import { tokenOf } from "./tokens";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const NONE: Dismissals = new Map();
const days = (number: number) => new Date(NOW + number * 86_400_000).toISOString();
const UNUSED: Insights = { reusedAt: null, usage: { granted: 2, used: 1 } };
const reused = (at: string): Insights => ({ reusedAt: at, usage: null });
/** A token in use that was created and expires this many days from now. */
const aged = (created: number, expires: number | null, fields: Partial<Token> = {}) =>
  tokenOf({ created_at: days(created), expires_at: expires === null ? null : days(expires), last_used_at: days(0), ...fields });

test("an expiration needs attention in the last third of the lifetime", () => {
  const rows: [Token, boolean][] = [
    [aged(0, 1), false],
    [aged(0, 7), false],
    [aged(-5, 2), true],
    [aged(-10, 20), false],
    [aged(-21, 9), true],
    [aged(-300, 15), false],
    [aged(-300, 13), true],
    [aged(-300, 7, { rotated_at: days(0) }), false],
    [aged(-300, null), false],
  ];
  for (const [token, expiring] of rows) {
    assert.equal(concerns(token, undefined, NOW, NONE).includes("expiring"), expiring, `${token.created_at} to ${token.expires_at}`);
  }
});

test("unused permissions need attention after 30 days", () => {
  assert.deepEqual(concerns(aged(-29, 90), UNUSED, NOW, NONE), []);
  assert.deepEqual(concerns(aged(-31, 90), UNUSED, NOW, NONE), ["unused"]);
});

test("an unused token is not reported for its permissions too", () => {
  assert.deepEqual(concerns(aged(-200, null, { last_used_at: days(-100) }), UNUSED, NOW, NONE), ["idle"]);
});

test("a dismissed concern returns after 30 days", () => {
  const token = aged(-200, null);
  const dismissed = (when: number) => new Map([[dismissalKey("unused", token, UNUSED), Date.parse(days(when))]]);
  assert.deepEqual(concerns(token, UNUSED, NOW, dismissed(-29)), []);
  assert.deepEqual(concerns(token, UNUSED, NOW, dismissed(-31)), ["unused"]);
});

test("a dismissed use of an old secret returns at the next use", () => {
  const token = aged(-200, null);
  const dismissed = new Map([[dismissalKey("reuse", token, reused(days(-2))), NOW]]);
  assert.deepEqual(concerns(token, reused(days(-2)), NOW, dismissed), []);
  assert.deepEqual(concerns(token, reused(days(-1)), NOW, dismissed), ["reuse"]);
});

test("a dismissed expiration returns with another expiration", () => {
  const token = aged(-300, 3);
  const dismissed = new Map([[dismissalKey("expiring", token, undefined), NOW]]);
  assert.deepEqual(concerns(token, undefined, NOW, dismissed), []);
  assert.deepEqual(concerns({ ...token, expires_at: days(5) }, undefined, NOW, dismissed), ["expiring"]);
});

test("what is due first comes first", () => {
  const rows: [string, Token, Insights | undefined][] = [
    ["old secret used", aged(-50, null), reused(days(-1))],
    ["old secret used earlier", aged(-50, null), reused(days(-9))],
    ["expires tomorrow", aged(-60, 1), undefined],
    ["expires later, and not used", aged(-300, 12, { last_used_at: null }), undefined],
    ["not used for longest", aged(-400, null, { last_used_at: null }), undefined],
    ["not used for long", aged(-400, null, { last_used_at: days(-100) }), undefined],
    ["unused permissions", aged(-40, null), UNUSED],
    ["new", aged(0, 90), undefined],
    ["older", aged(-5, 90), undefined],
    ["revoked", aged(0, 90, { status: "revoked", revoked_at: days(0) }), undefined],
  ];
  const keys = rows.map(([name, token, insights]) => ({ name, due: due(token, concerns(token, insights, NOW, NONE), insights) }));
  const sorted = keys.toReversed().toSorted((a, b) => a.due[0] - b.due[0] || a.due[1] - b.due[1]);
  assert.deepEqual(
    sorted.map(({ name }) => name),
    rows.map(([name]) => name),
  );
});

test("a single granted permission is counted in the singular", () => {
  const unused = (granted: number, used: number) => concernText("unused", aged(-40, null), { reusedAt: null, usage: { granted, used } }, NOW);
  assert.deepEqual([unused(1, 0), unused(2, 1)], ["1 of 1 permission unused", "1 of 2 permissions unused"]);
});
