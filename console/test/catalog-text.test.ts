import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hasTomlForm, isToml, parse, toJson, toToml } from "../src/domain/catalog-text";

const FILE = readFileSync(new URL("../../../../infra/catalog.toml", import.meta.url), "utf8");
const TOML = `# A comment
strict = false

[permissions]
"apps:read" = "View apps"

[roles.viewer]
permissions = [
  "apps:read",
  "apps:list",
]

[[routes]]
match = "GET /apps"
permission = "apps:read"

[[routes]]
match = "GET /apps/{app}"
permission = "apps read"
`;

test("a text that begins with a brace is JSON, and another one TOML", () => {
  for (const json of ["", " \n", "{}", '\n {"strict": true}', "{"]) assert.equal(isToml(json), false, json);
  for (const toml of ["[permissions]", "# comment\n", "strict = true", "x"]) assert.equal(isToml(toml), true, toml);
});

test("the same catalog is read from TOML and from JSON", () => {
  const { value } = parse(FILE);
  const json = JSON.stringify(value);
  assert.ok(json.includes('"approval":{"valid_for":"15m"'));
  assert.equal(JSON.stringify(parse(toToml(JSON.parse(json))).value), json);
  assert.equal(JSON.stringify(parse(toJson(value, value)).value), json);
  assert.ok(isToml(toToml(value)));
});

test("an error of TOML's syntax has a line and one line of text", () => {
  const { errors, value } = parse('strict = false\nx = "open\n');
  assert.equal(value, undefined);
  const [error] = errors;
  assert.equal(errors.length, 1);
  assert.ok(error && error.offset !== null && error.offset >= 15 && error.offset <= 25, JSON.stringify(error));
  assert.doesNotMatch(error.message, /\n|Invalid TOML/);
  assert.equal(parse("strict = true\nstrict = true").errors.length, 1, "a duplicate key");
});

test("an error of the service is found in TOML", () => {
  const { offsetOf } = parse(TOML);
  const lineOf = (place: string) => TOML.slice(offsetOf(place) ?? TOML.length).split("\n")[0];
  assert.equal(lineOf("strict"), "strict = false");
  assert.equal(lineOf("permissions.apps:read"), '"apps:read" = "View apps"');
  assert.equal(lineOf("routes[1].permission"), 'permission = "apps read"');
  assert.equal(lineOf("routes[1].resource"), "[[routes]]", "the closest parent");
  assert.equal(lineOf("roles.viewer.permissions[1]"), "permissions = [", "a value of several lines");
  assert.equal(offsetOf("trust"), null);
});

test("only what differs differs in the comparison", () => {
  const original = JSON.parse(toJson(parse(FILE).value, {})) as Record<string, unknown>;
  const { permissions, ...others } = original;
  assert.equal(toJson({ ...others, permissions }, original), toJson(original, original));
  assert.match(toJson({ ...original, more: 1 }, original), /"more": 1/);
});

test("a value without a form in TOML is not converted", () => {
  assert.ok(hasTomlForm(parse(FILE).value));
  for (const value of [null, [], 1, { a: null }, { a: [{ b: null }] }]) assert.equal(hasTomlForm(value), false, JSON.stringify(value));
});

test("an error of an approval rule is found in JSON and TOML", () => {
  const place = "permissions.apps:exec.approval.valid_for";
  const toml = '[permissions."apps:exec"]\ndescription = ""\n\n[permissions."apps:exec".approval]\nuses = "once"\nvalid_for = "0m"\n';
  const json = JSON.stringify(parse(toml).value, null, 2);
  const lineOf = (text: string) => text.slice(parse(text).offsetOf(place) ?? 0).split("\n")[0];
  assert.deepEqual([lineOf(toml), lineOf(json)], ['valid_for = "0m"', '"valid_for": "0m"']);
});

test("an error in a list of several lines is where the list begins", () => {
  const routes = Array.from({ length: 500 }, (_, at) => `  { match = "GET /${at}", permission = "apps:read" },`);
  const text = `strict = true\nroutes = [\n${routes.join("\n")}\n]\n[permissions]\n"apps:read" = ""\n`;
  const { offsetOf } = parse(text);
  assert.equal(offsetOf("routes[400].match"), text.indexOf("routes"));
  assert.equal(offsetOf("permissions.apps:read"), text.indexOf('"apps:read" = ""'));
});
