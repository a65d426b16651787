// The rules that the console applies by itself, by the examples of docs/authorization.md.
import assert from "node:assert/strict";
import { test } from "node:test";
import { abbreviated, commands, idOfToken } from "../src/domain/shell-snippets";
import { diffLines, folded } from "../src/domain/diff";
import { covers, coversPermission, coversResource, grantLines } from "../src/domain/grants";
import { format, lineOf, offsetOf, parse } from "../src/domain/json-positions";
import { reachedByConvention, reachedRoutes } from "../src/domain/callable-routes";

test("a permission covers what docs/authorization.md says", () => {
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

test("a resource covers what docs/authorization.md says", () => {
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

test("a permission of one grant says nothing about the resources of another", () => {
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
const reach = (permissions: string[], resources: string[]) =>
  reachedRoutes(ROUTES, [{ permissions, resources }]).map(({ method, path }) => `${method} ${path}`);

test("routes are told with the names that a resource allows", () => {
  assert.deepEqual(reach(["app:read"], ["app/billing"]), ["GET /apps/billing"]);
  assert.deepEqual(reach(["app:read"], ["app/*"]), ["GET /apps/{app}"]);
  assert.deepEqual(reach(["app:read"], ["app"]), ["GET /apps", "GET /apps/{app}"]);
  assert.deepEqual(reach(["*"], ["app/billing"]), ["GET /apps/billing", "POST /apps/billing/builds"]);
  assert.deepEqual(reach(["*"], ["*"]), ROUTES.routes.map(({ match }) => match));
  assert.deepEqual(reach(["app:read"], ["app/billing/deeper"]), []);
  assert.deepEqual(reach(["file:read"], ["files/a/b"]), ["GET /files/a/b"]);
  assert.deepEqual(reach(["app:read"], ["app/*", "app/billing"]), ["GET /apps/{app}"]);
});

test("the convention is told where it opens something", () => {
  assert.deepEqual(reachedByConvention([{ permissions: ["apps:read", "apps:restart"], resources: ["apps/billing"] }]), ["GET /apps/billing and below"]);
  assert.deepEqual(reachedByConvention([{ permissions: ["builds:read"], resources: ["apps/billing"] }]), []);
});

test("a difference is what turns one text into the other", () => {
  const before = ["a", "b", "c", "d", "e"];
  const after = ["a", "c", "x", "d", "e", "f"];
  const lines = diffLines(before, after);
  assert.deepEqual(lines.filter(({ kind }) => kind !== "added").map(({ text }) => text), before);
  assert.deepEqual(lines.filter(({ kind }) => kind !== "removed").map(({ text }) => text), after);
  assert.equal(lines.filter(({ kind }) => kind !== "same").length, 3);
  assert.equal(folded(diffLines(["1", "2", "3", "4", "5"], ["1", "2", "3", "4", "6"]), 1)[0], null);
});

test("long differences end in time", () => {
  const before = Array.from({ length: 5000 }, (_, line) => `before ${line}`);
  const after = Array.from({ length: 5000 }, (_, line) => `after ${line}`);
  assert.equal(diffLines(before, after).length, 10_000);
});

test("JSON is read as JSON.parse reads it, with places", () => {
  const text = '{"a": [1, {"b": "x\\n"}], "c": null, "a": true}';
  const { value, flaws, offsets } = parse(text);
  assert.deepEqual(value, JSON.parse(text));
  assert.deepEqual(flaws.map(({ place, message }) => `${place} ${message}`), ["a is given twice"]);
  assert.equal(text.slice(offsets.get("a[1].b")).startsWith('"b"'), true);
  for (const broken of ["", "{", "[1,]", '{"a" 1}', '"x', "[1] 2", "{'a': 1}"]) assert.equal(parse(broken).flaws.length, 1, broken);
  assert.deepEqual(parse(format(JSON.parse(text))).value, JSON.parse(text));
  assert.deepEqual(lineOf("a\nbc", 3), { line: 2, column: 2 });
});

test("a place that a text does not have is found where its parent is", () => {
  const text = '{"routes": [{"match": "GET /"}]}';
  const { offsets } = parse(text);
  const found = (place: string) => text.slice(offsetOf(offsets, place) ?? undefined);
  assert.match(found("routes[0].match"), /^"match"/);
  for (const place of ["routes[0].permission", "routes[0].resource[2]"]) assert.match(found(place), /^\{"match"/);
  for (const place of ["", "*", "roles.x[y]"]) assert.equal(found(place), text);
});

test("lines for a shell have the whole secret, and are shown without it", () => {
  const secret = `pcl_${"0".repeat(65)}`;
  for (const { line } of commands("https://example.com/v1", secret)) {
    assert.equal(line.includes(secret), true);
    assert.equal(abbreviated(line, secret).includes(secret.slice(0, 20)), false);
  }
  assert.equal(idOfToken(` ${secret} `), "0".repeat(16));
  assert.equal(idOfToken("billing"), null);
});
