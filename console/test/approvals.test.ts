// Unit tests of src/domain/approvals.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval, ApprovalRule, Caller, Catalog, Explanation } from "../src/api/types";
import { durations, durationText, inOrder, isOpenTo, linkHost, mayEnd, maySeeOthers, permissionEntry, permissionsWithApproval, ruleText, secondsOf, statusOf, stepsOf, termsText, whyNotDecide, withKnown } from "../src/domain/approvals";
import { isBuiltIn } from "../src/domain/grants";
import { refusal } from "../src/domain/labels";

function approvalOf(fields: Partial<Approval>): Approval {
  return {
    id: "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5",
    token_id: "0000000000000001",
    token_name: "deploy",
    owner: "alice",
    permission: "releases:write",
    resource: "releases/42",
    reason: "Deploy 1.4.2",
    link: null,
    status: "pending",
    uses: "any",
    valid_for: 900,
    created_at: "2026-01-01T00:00:00Z",
    lapses_at: "2026-01-02T00:00:00Z",
    decided_at: null,
    decided_by: null,
    comment: null,
    expires_at: null,
    used_at: null,
    ended_at: null,
    ended_by: null,
    ...fields,
  };
}

const RULE: ApprovalRule = { valid_for: "15m" };
const session = (owner: string, permission: string, resource = "*", token_management: "owners" | "admins" = "owners") =>
  ({ principal_type: "session", owner, grants: [{ permissions: [permission], resources: [resource] }], deployment: { token_management } }) as unknown as Caller;
const token = (owner: string, permission: string, id = "0000000000000002") =>
  ({ ...session(owner, permission), principal_type: "token", token_id: id }) as unknown as Caller;

test("users decide with approvals:decide on the resource, their own tokens' requests too", () => {
  const may = (me: Caller, fields = {}) => whyNotDecide(me, approvalOf(fields), RULE) === null;
  assert.ok(may(session("bob", "approvals:decide", "releases/42")));
  assert.ok(may(session("alice", "approvals:decide", "releases/*")));
  assert.equal(may(session("bob", "approvals:decide", "releases/43")), false);
  assert.equal(may(session("bob", "approvals:decide", "releases/42"), { resource: "releases/*" }), false);
  assert.equal(may(session("bob", "tokens:admin")), false);
  assert.equal(whyNotDecide(session("bob", "approvals:read"), approvalOf({}), RULE), "You need approvals:decide on releases/42 to decide this request.");
});

test("tokens decide only if the catalog lets them, and not for their owner", () => {
  const decides = (me: Caller, rule: ApprovalRule | null) => whyNotDecide(me, approvalOf({}), rule) === null;
  const letting = { ...RULE, token_approvers: true };
  assert.deepEqual([decides(token("bob", "*"), RULE), decides(token("bob", "*"), letting), decides(token("bob", "*"), null)], [false, true, true]);
  assert.deepEqual([decides(token("alice", "*"), letting), decides(token("alice", "*", "0000000000000001"), letting)], [false, false]);
});

test("the token, its owner, deciders and administrators end an approval", () => {
  const may = (me: Caller) => mayEnd(me, approvalOf({ status: "approved" }));
  assert.ok(may(token("alice", "releases:write", "0000000000000001")));
  assert.ok(may(session("alice", "tokens:write")));
  assert.ok(may(session("bob", "tokens:admin")));
  assert.ok(may(session("bob", "approvals:decide", "releases")));
  assert.equal(may(session("bob", "tokens:write")), false);
  assert.equal(may(token("alice", "releases:write")), false);
  assert.equal(may(session("alice", "tokens:write", "*", "admins")), false);
});

test("an action is open in one status", () => {
  const open = (status: Approval["status"]) => (["approve", "reject", "withdraw", "end"] as const).filter((action) => isOpenTo(action, approvalOf({ status })));
  assert.deepEqual([open("pending"), open("approved"), open("used")], [["approve", "reject", "withdraw"], ["end"], []]);
});

test("the inbox is for callers who may see requests of others", () => {
  const sees = (permission: string) => maySeeOthers(session("bob", permission));
  assert.deepEqual(["approvals:read", "approvals:decide", "*:read", "tokens:admin", "tokens:read"].map(sees), [true, true, true, true, false]);
});

test("what an approval allows is said in words", () => {
  assert.equal(termsText("any", 900), "any number of requests for 15 minutes");
  assert.equal(termsText("once", 3600), "one request within 1 hour");
  assert.deepEqual([60, 90, 5400, 86_400].map(durationText), ["1 minute", "90 seconds", "90 minutes", "24 hours"]);
  assert.deepEqual(["90s", "15m", "24h"].map(secondsOf), [90, 900, 86_400]);
  assert.equal(ruleText(RULE), "Tokens need approval. One approval allows any number of requests for 15 minutes.");
  const rule: ApprovalRule = { valid_for: "1h", uses: "once", resources: ["db/prod", "db/stage/*"], unless: "db:unapproved", token_approvers: true };
  assert.equal(ruleText(rule), "Tokens need approval on db/prod, db/stage/*, unless they have db:unapproved. One approval allows one request within 1 hour. Tokens can approve, too.");
});

test("an approval lasts as long as is offered, or shorter", () => {
  assert.deepEqual(durations({ valid_for: 900 }), [900, 300, 60]);
  assert.deepEqual(durations({ valid_for: 60 }), [60]);
  assert.deepEqual(durations({ valid_for: 86_400 }).slice(0, 2), [86_400, 43_200]);
});

test("each status says what became of the request", () => {
  const decided = { decided_at: "2026-01-01T01:00:00Z", decided_by: "session:bob", expires_at: "2026-01-01T01:15:00Z" };
  const said = (fields: Partial<Approval>) => stepsOf(approvalOf(fields)).map(({ text, by, at, future }) => [text, by, at?.slice(11, 16), future ?? false]);
  assert.deepEqual(said({}), [["Lapses", null, "00:00", true]]);
  assert.deepEqual(said({ status: "lapsed" }), [["Lapsed without a decision", null, "00:00", false]]);
  assert.deepEqual(said({ status: "rejected", ...decided, expires_at: null }), [["Rejected", "session:bob", "01:00", false]]);
  const approved = ["Approved", "session:bob", "01:00", false];
  assert.deepEqual(said({ status: "approved", ...decided }), [approved, ["Expires", null, "01:15", true]]);
  assert.deepEqual(said({ status: "expired", ...decided }), [approved, ["Expired", null, "01:15", false]]);
  assert.deepEqual(said({ status: "used", ...decided, used_at: "2026-01-01T01:05:00Z" }), [approved, ["Used", null, "01:05", false]]);
  const ended = { status: "ended", ended_at: "2026-01-01T01:10:00Z", ended_by: "session:carol" } as const;
  assert.deepEqual(said({ ...decided, ...ended }), [approved, ["Ended", "session:carol", "01:10", false]]);
  assert.deepEqual(said(ended), [["Withdrawn", "session:carol", "01:10", false]]);
  assert.deepEqual(said({ status: "ended" }), [["Ended with its token", null, undefined, false]]);
});

test("a request that was decided is not pending again in a list that was loaded before", () => {
  const [id, other] = ["01KEZ4RNR0D4B8Q7V1W2X3Y4Z5", "01KEZ4RNR0D4B8Q7V1W2X3Y4Z6"];
  const known = [approvalOf({ id, status: "approved" }), approvalOf({ id: other, status: "approved" })];
  const loaded = [approvalOf({ id }), approvalOf({ id: other, status: "expired" })];
  assert.deepEqual(withKnown(loaded, known).map(({ status }) => status), ["approved", "expired"]);
});

test("requests that the caller may decide come first, and then the newest", () => {
  const of = (id: string, owner: string) => approvalOf({ id, owner });
  const all = [of("01", "alice"), of("03", "bob"), of("02", "alice"), of("04", "bob")];
  assert.deepEqual(inOrder(all, ({ owner }) => owner === "alice").map(({ id }) => id), ["02", "01", "04", "03"]);
});

test("only https links are shown, by their host", () => {
  const hosts = ["https://ci.example.com:8443/runs/1", "https://github.com@evil.example/", "http://ci.example.com/", "javascript:alert(1)", "https:"].map(linkHost);
  assert.deepEqual(hosts, ["ci.example.com:8443", "evil.example", null, null, null]);
});

test("the filter of earlier requests survives the way through the address", () => {
  assert.deepEqual(["status=rejected", "status=pending", "status=toString", ""].map(statusOf), ["rejected", null, null, null]);
});

test("a permission of the catalog is a description, or has an approval rule", () => {
  assert.deepEqual(permissionEntry("View apps"), { description: "View apps", approval: null });
  assert.deepEqual(permissionEntry({ description: "Deploy", approval: RULE }), { description: "Deploy", approval: RULE });
  assert.deepEqual(permissionEntry({ approval: RULE }), { description: "", approval: RULE });
  assert.deepEqual(permissionEntry(undefined), { description: "", approval: null });
});

test("a token's access names the permissions that need approval, unless it waives that", () => {
  const permissions = { "apps:read": "", "db:drop": { approval: RULE }, "releases:write": { approval: { ...RULE, unless: "releases:unapproved" } } };
  const of = (...names: string[]) => permissionsWithApproval({ permissions } as unknown as Catalog, [{ permissions: names, resources: ["*"] }]);
  assert.deepEqual(of("releases:write", "apps:read"), ["releases:write"]);
  assert.deepEqual(of("*:write", "releases:unapproved"), []);
  assert.deepEqual(of("*"), ["db:drop"]);
});

test("of the approvals' permissions, two are Portcullis's own", () => {
  const names = ["approvals:read", "approvals:decide", "approvals:request", "approvals:readers", "tokens:read", "catalog:write", "apps:read"];
  assert.deepEqual(names.filter(isBuiltIn), ["approvals:read", "approvals:decide", "tokens:read", "catalog:write"]);
});

test("a missing approval is explained with how to request it", () => {
  const explanation = { decision: "deny", reason: "approval_required", permission: "releases:write", resource: "releases/42", roles: [] } as unknown as Explanation;
  const { why, remedy, addition } = refusal(explanation, { path: "/releases/42", address: "" });
  assert.equal(why, "The token has releases:write on releases/42, but no approval for it.");
  assert.match(remedy, /^Request one with POST \/approvals.*approvals:decide on releases\/42/);
  assert.equal(addition, undefined);
});
