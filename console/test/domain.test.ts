// Unit tests of src/domain/. The rules of docs/authorization.md are tested with its examples.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller } from "../src/api/types";
import { whyNotCreate } from "../src/domain/abilities";
import { initials } from "../src/domain/labels";
import { lifetimes } from "../src/domain/lifetimes";
import { withoutSecrets } from "../src/domain/redaction";
import { abbreviated, commands } from "../src/domain/shell-snippets";
import { diffLines, onlyChanges } from "../src/domain/diff";
import { covers, coversPermission, coversResource, grantLines, withAddition } from "../src/domain/grants";
import { format, lineOf, offsetOf, parse } from "../src/domain/json-positions";
import { ambiguityRemedy, parseRequestPath, withoutStage } from "../src/domain/request-path";
import { countedPermissions, heatLevel, requestsByDay, total } from "../src/domain/daily-counts";
import { callableByDefault, callableRoutes, suggestedResource } from "../src/domain/callable-routes";

test("permissions cover others as in docs/authorization.md", () => {
  const rows: [string, string, boolean][] = [
    ["app:read", "app:read", true],
    ["app:read", "app:write", false],
    ["app:read", "apps:read", false],
    ["app:read", "App:read", false],
    ["app:*", "app:deploy-now", true],
    ["app:*", "apps:read", false],
    ["*:read", "app:read", true],
    ["*:read", "app:read-env", false],
    ["*", "anything:at-all", true],
    ["*:*", "anything:at-all", true],
    ["app:read", "app:*", false],
    ["app:*", "*:read", false],
    ["*:read", "*", false],
    ["*", "app:*", true],
  ];
  for (const [held, wanted, covered] of rows) assert.equal(coversPermission(held, wanted), covered, `${held} ${wanted}`);
});

test("resources cover others as in docs/authorization.md", () => {
  const rows: [string, string, boolean][] = [
    ["app/billing", "app/billing", true],
    ["app/billing", "app/billing/builds/7", true],
    ["app/billing", "app/billing2", false],
    ["app/billing", "app", false],
    ["app/*", "app/billing/builds", true],
    ["app/*", "app", false],
    ["app/*", "apple/pie", false],
    ["app", "app/*", true],
    ["app/*", "app/billing", true],
    ["app/*", "*", false],
    ["app/billing", "app/*", false],
    ["*", "*", true],
  ];
  for (const [held, wanted, covered] of rows) assert.equal(coversResource(held, wanted), covered, `${held} ${wanted}`);
});

test("a permission applies only to the resources of its own grant", () => {
  const grants = [
    { permissions: ["app:deploy"], resources: ["app/billing"] },
    { permissions: ["app:read"], resources: ["app/*"] },
  ];
  assert.equal(covers(grants, "app:deploy", "app/billing"), true);
  assert.equal(covers(grants, "app:deploy", "app/shop"), false);
  assert.deepEqual(grantLines(grants), ["app:deploy on app/billing", "app:read on app/*"]);
});

const ROUTES = {
  routes: [
    { match: "GET /apps", permission: "app:read", resource: "app" },
    { match: "GET /apps/{app}", permission: "app:read", resource: "app/{app}" },
    { match: "POST /apps/{app}/builds", permission: "build:create", resource: "app/{app}" },
    { match: "GET /files/{path+}", permission: "file:read" },
  ],
};
const callable = (permissions: string[], resources: string[]) =>
  callableRoutes(ROUTES, [{ permissions, resources }]).map(({ method, path }) => `${method} ${path}`);

test("callable routes show the names that the resources allow", () => {
  assert.deepEqual(callable(["app:read"], ["app/billing"]), ["GET /apps/billing"]);
  assert.deepEqual(callable(["app:read"], ["app/*"]), ["GET /apps/{app}"]);
  assert.deepEqual(callable(["app:read"], ["app"]), ["GET /apps", "GET /apps/{app}"]);
  assert.deepEqual(callable(["*"], ["app/billing"]), ["GET /apps/billing", "POST /apps/billing/builds"]);
  assert.deepEqual(callable(["*"], ["*"]), ROUTES.routes.map(({ match }) => match));
  assert.deepEqual(callable(["app:read"], ["app/billing/deeper"]), []);
  assert.deepEqual(callable(["file:read"], ["files/a/b"]), ["GET /files/a/b"]);
  assert.deepEqual(callable(["app:read"], ["app/*", "app/billing"]), ["GET /apps/{app}"]);
});

test("the default rule is shown only for matching resources", () => {
  assert.deepEqual(callableByDefault([{ permissions: ["apps:read", "apps:restart"], resources: ["apps/billing"] }]), ["GET /apps/billing, /apps/billing/**"]);
  assert.deepEqual(callableByDefault([{ permissions: ["builds:read"], resources: ["apps/billing"] }]), []);
});

test("the remedy for an ambiguous path names what is in it", () => {
  const rows: [string, string][] = [
    ["/apps/../x", "Remove “.” and “..”."],
    ["/apps//x", "Remove double slashes."],
    ["/apps%2Fx;v=1", "Remove encoded slashes and “;”."],
    ["/a//b/%2e/c\\", "Remove “.” and “..”, double slashes and backslashes."],
    ["/apps/\u0001", "Remove control characters and invisible characters."],
  ];
  for (const [path, remedy] of rows) assert.equal(ambiguityRemedy(path), remedy, path);
});

test("a pasted URL loses its host, query string and fragment", () => {
  const parsed = (path: string, hadQuery: boolean) => ({ path, hadQuery, stage: null });
  assert.deepEqual(parseRequestPath(" https://api.example.com/apps/x?y=1#z "), parsed("/apps/x", true));
  assert.deepEqual(parseRequestPath("https://api.example.com?y=1"), parsed("/", true));
  assert.deepEqual(parseRequestPath("apps/x"), parsed("/apps/x", false));
});

test("the first segment after API Gateway's own host may be the stage", () => {
  const stage = (url: string) => parseRequestPath(url).stage;
  const host = "https://abc123.execute-api.eu-central-1.amazonaws.com";
  assert.deepEqual(parseRequestPath(`${host}/prod/apps/payroll?x=1`), { path: "/prod/apps/payroll", hadQuery: true, stage: "prod" });
  assert.equal(stage("https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod"), "prod");
  for (const none of [host, `${host}/`, `${host}?prod`, "https://api.example.com/prod/apps", "/prod/apps", `https://example.com/${host}/x`]) {
    assert.equal(stage(none), null, none);
  }
  assert.deepEqual(["/prod/apps/payroll", "/prod/", "/prod"].map(withoutStage), ["/apps/payroll", "/", "/"]);
});

test("an addition to grants adds no other access", () => {
  const addition = { permission: "app:write", resource: "app/b" };
  const rows: [permissions: string[], resources: string[], expected: string[]][] = [
    [["app:write"], ["app/a"], ["app:write on app/a", "app:write on app/b"]],
    [["app:read"], ["app/b"], ["app:read on app/b", "app:write on app/b"]],
    [["app:read"], ["app/a", "app/b"], ["app:read on app/a", "app:read on app/b", "app:write on app/b"]],
  ];
  for (const [permissions, resources, expected] of rows) assert.deepEqual(grantLines(withAddition([{ permissions, resources }], addition)), expected);
});

test("requests are shown for each of the last 91 days, of one permission or all", () => {
  const now = Date.parse("2027-01-16T08:00:00Z");
  const counts = [
    { day: "2026-10-18", counts: { "apps:read": 1 } },
    { day: "2027-01-16", counts: { "apps:write": 2, "apps:read": 3 } },
  ];
  const days = requestsByDay(counts, null, now);
  assert.deepEqual([days.length, days[0], days[1]?.requests, days.at(-1)], [91, { day: "2026-10-18", requests: 1 }, 0, { day: "2027-01-16", requests: 5 }]);
  assert.equal(total(requestsByDay(counts, "apps:read", now).map(({ requests }) => requests)), 4);
  assert.deepEqual(countedPermissions(counts), ["apps:read", "apps:write"]);
});

test("the color of a day distinguishes none, few and most requests", () => {
  assert.deepEqual([0, 1, 30, 1000].map((requests) => heatLevel(requests, 1000)), [0, 1, 2, 4]);
  assert.equal(heatLevel(1, 1), 4);
});

test("a resource without its type is suggested with it", () => {
  const suggested = (permissions: string[], resources: string[]) => suggestedResource([{ permissions, resources }]);
  assert.equal(suggested(["apps:read"], ["billing"]), "apps/billing");
  assert.equal(suggested(["apps:read"], ["apps"]), null);
  assert.equal(suggested(["*:read"], ["billing"]), null);
  assert.equal(suggested(["apps:read"], ["apps billing"]), null);
});

const caller = (changes: Partial<Caller>, deployment: Partial<Caller["deployment"]> = {}): Caller =>
  ({ principal_type: "session", roles: [], owner: "alice", grants: [], expires_at: "2026-01-01T08:00:00Z", deployment: { ...DEPLOYMENT, ...deployment }, ...changes }) as Caller;
const DEPLOYMENT: Caller["deployment"] = {
  token_management: "owners",
  default_token_lifetime_days: 30,
  max_token_lifetime_days: null,
  max_tokens_per_owner: null,
  max_idle_days: null,
  retention_days: 30,
};

test("lifetimes end with the deployment's maximum and with the caller's own token", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.deepEqual(lifetimes(caller({}), now), { presets: [7, 30, 60, 90], preselected: 30, latest: null, reason: "" });
  const limited = lifetimes(caller({}, { max_token_lifetime_days: 20 }), now);
  assert.deepEqual([limited.presets, limited.preselected, limited.reason], [[7, 20], 20, "Tokens can be valid for at most 20 days."]);
  const short = lifetimes(caller({ principal_type: "token", expires_at: "2026-01-03T00:00:00Z" } as Partial<Caller>), now);
  assert.deepEqual([short.presets, short.preselected, short.latest], [[], null, Date.parse("2026-01-03T00:00:00Z")]);
  assert.equal(short.reason, "A token can’t outlive the token that creates it.");
});

test("only administrators create tokens if the deployment says so", () => {
  const may = (permission: string, token_management: "owners" | "admins") =>
    whyNotCreate(caller({ grants: [{ permissions: [permission], resources: ["tokens"] }] }, { token_management })) === null;
  assert.deepEqual([may("tokens:read", "owners"), may("tokens:write", "owners"), may("tokens:admin", "owners")], [false, true, true]);
  assert.deepEqual([may("tokens:write", "admins"), may("tokens:admin", "admins")], [false, true]);
});

test("a diff turns the old text into the new one", () => {
  const before = ["a", "b", "c", "d", "e"];
  const after = ["a", "c", "x", "d", "e", "f"];
  const lines = diffLines(before, after);
  assert.deepEqual(lines.filter(({ kind }) => kind !== "added").map(({ text }) => text), before);
  assert.deepEqual(lines.filter(({ kind }) => kind !== "removed").map(({ text }) => text), after);
  assert.equal(lines.filter(({ kind }) => kind !== "same").length, 3);
  assert.equal(onlyChanges(diffLines(["1", "2", "3", "4", "5"], ["1", "2", "3", "4", "6"]), 1)[0], null);
});

test("a diff of long texts replaces the whole text", () => {
  const before = Array.from({ length: 5000 }, (_, line) => `before ${line}`);
  const after = Array.from({ length: 5000 }, (_, line) => `after ${line}`);
  assert.equal(diffLines(before, after).length, 10_000);
});

test("JSON is parsed like JSON.parse, with positions and duplicate keys", () => {
  const text = '{"a": [1, {"b": "x\\n"}], "c": null, "a": true}';
  const { value, errors, offsets } = parse(text);
  assert.deepEqual(value, JSON.parse(text));
  assert.deepEqual(errors.map(({ place, message }) => `${place} ${message}`), ["a duplicate key"]);
  assert.equal(text.slice(offsets.get("a[1].b")).startsWith('"b"'), true);
  for (const broken of ["", "{", "[1,]", '{"a" 1}', '"x', "[1] 2", "{'a': 1}"]) assert.equal(parse(broken).errors.length, 1, broken);
  assert.deepEqual(parse(format(JSON.parse(text))).value, JSON.parse(text));
  assert.deepEqual(lineOf("a\nbc", 3), { line: 2, column: 2 });
});

test("a missing place has the position of its closest parent", () => {
  const text = '{"routes": [{"match": "GET /"}]}';
  const { offsets } = parse(text);
  const found = (place: string) => text.slice(offsetOf(offsets, place) ?? undefined);
  assert.match(found("routes[0].match"), /^"match"/);
  for (const place of ["routes[0].permission", "routes[0].resource[2]"]) assert.match(found(place), /^\{"match"/);
  for (const place of ["", "*", "roles.x[y]"]) assert.equal(found(place), text);
});

test("shell commands contain the secret but do not show it", () => {
  const secret = `pcl_${"0".repeat(65)}`;
  for (const { line } of commands("https://example.com/v1", secret)) {
    assert.equal(line.includes(secret), true);
    assert.equal(abbreviated(line, secret).includes(secret.slice(0, 20)), false);
  }
});

test("tokens in a text are replaced by their IDs, and JWTs by an ellipsis", () => {
  const secret = `pcl_${"0".repeat(65)}`;
  const rows = [
    [`"${secret}" billing`, `"${"0".repeat(16)}" billing`],
    [`token_${secret}, not used`, `token_${"0".repeat(16)}, not used`],
    ["Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWl0 here", "Bearer … here"],
    ["keys-of-production.internal-services.example", "keys-of-production.internal-services.example"],
  ];
  for (const [text = "", expected] of rows) assert.equal(withoutSecrets(text), expected);
});

test("initials come from the first two words of an owner", () => {
  assert.deepEqual(["alice", "alice.example@example.com", "trust:deploy-billing", "élodie"].map(initials), ["A", "AE", "TD", "É"]);
});
