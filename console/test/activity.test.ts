// Unit tests of src/domain/activity.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActivityEvent } from "../src/api/types";
import { activityCsv, activityHash, actorFrom, byDay, filterOf, parametersOf, type ActivityFilter } from "../src/domain/activity";

const NONE: ActivityFilter = { days: "30", from: "", to: "", kind: "", actor: "", owner: "" };
const NOW = Date.parse("2026-03-31T12:00:00Z");

test("a filter survives the way through the address", () => {
  const filter: ActivityFilter = { days: "", from: "2026-01-01", to: "2026-01-31", kind: "revoked", actor: "session:a&b", owner: "bob" };
  assert.deepEqual(filterOf(activityHash(filter).split("?")[1] ?? ""), filter);
  assert.equal(activityHash(NONE), "#/activity");
  assert.deepEqual(filterOf(""), NONE);
});

test("an unknown value in the address counts as none", () => {
  assert.deepEqual(filterOf("days=toString&kind=valueOf&from=yesterday&x=y"), NONE);
});

test("the parameters of the API have the whole last day", () => {
  assert.deepEqual(parametersOf(NONE, NOW), { from: "2026-03-01T12:00:00Z" });
  const { from, to } = parametersOf({ ...NONE, days: "", from: "2026-01-01", to: "2026-01-31" }, NOW);
  assert.equal(Date.parse(to ?? "") - Date.parse(from ?? ""), 31 * 86_400_000 - 1000);
});

test("a name is a user, and an ID is a token", () => {
  assert.deepEqual(["alice", "0123456789abcdeF", "trust:deploy", "token:x", "bootstrap", " bob ", ""].map(actorFrom), [
    "session:alice",
    "token:0123456789abcdeF",
    "trust:deploy",
    "token:x",
    "bootstrap",
    "session:bob",
    "",
  ]);
});

test("events are grouped by day, in their order", () => {
  const events = ["2026-03-02T01:00:00Z", "2026-03-01T02:00:00Z", "2026-03-01T01:00:00Z"].map((at) => ({ at }));
  assert.deepEqual(byDay(events, (at) => at.slice(0, 10)).map(([day, of]) => [day, of.length]), [["2026-03-02", 1], ["2026-03-01", 2]]);
});

test("the CSV of the activity has the detail as JSON", () => {
  const event = { at: "2026-03-01T00:00:00Z", kind: "revoked", by: null, token_id: "t", owner: "bob", source_ip: null, user_agent: "=x", detail: { reason: "leaked", comment: null }, id: "e" } as unknown as ActivityEvent;
  const [, line] = activityCsv([event]).split("\r\n");
  assert.equal(line, `"2026-03-01T00:00:00Z","revoked","","t","bob","","'=x","{""reason"":""leaked"",""comment"":null}","e"`);
});
