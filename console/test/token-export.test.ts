// Unit tests of src/domain/token-export.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toCsv, toJson } from "../src/domain/token-export";
import { tokenOf } from "./tokens";

/** Reads CSV in which each cell is quoted. */
const cells = (csv: string) =>
  csv.split("\r\n").filter(Boolean).map((line) => [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell = ""]) => cell.replaceAll('""', '"')));

test("CSV has a header and one line per token", () => {
  const grants = [
    { permissions: ["apps:read", "apps:write"], resources: ["apps/billing"] },
    { permissions: ["*:read"], resources: ["*"] },
  ];
  const [header = [], ...lines] = cells(toCsv([tokenOf({ name: 'say "hi", please', grants, allowed_ips: ["192.0.2.7", "192.0.2.8"] }), tokenOf({})]));
  assert.equal(lines.length, 2);
  assert.ok(lines.every((line) => line.length === header.length));
  const first = Object.fromEntries(header.map((name, at) => [name, lines[0]?.[at]]));
  assert.equal(first["name"], 'say "hi", please');
  assert.equal(first["grants"], "apps:read, apps:write on apps/billing; *:read on *");
  assert.equal(first["allowed_ips"], "192.0.2.7, 192.0.2.8");
  assert.equal(first["expires_at"], "");
});

test("no CSV cell starts a formula", () => {
  for (const start of ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]) {
    const [, line = ""] = toCsv([tokenOf({ name: `${start}cmd|' /C calc'!A0` })]).split(/\r\n(?=")/);
    assert.ok(line.includes(`"'${start}cmd`), JSON.stringify(start));
  }
});

test("no line of a CSV cell starts a formula, even after blanks", () => {
  const nameCell = (name: string) => cells(toCsv([tokenOf({ name })]).replace(/\r\n(?!")/g, "\n"))[1]?.[1];
  const csv = (description: string) => toCsv([tokenOf({ description })]);
  assert.equal(nameCell("  =1+1"), "'  =1+1");
  assert.equal(nameCell("\u00a0@x"), "'\u00a0@x");
  assert.equal(nameCell("a =b"), "a =b");
  for (const newline of ["\n", "\r", "\r\n"]) {
    for (const start of ["=", "+", "-", "@", " ="]) assert.ok(csv(`text${newline}${start}cmd`).includes(`"text${newline}'${start}cmd"`), JSON.stringify(newline + start));
    assert.ok(csv(`text${newline}${newline}more`).includes(`"text${newline}${newline}more"`));
  }
});

test("CSV starts with a byte order mark, so that Excel reads it as UTF-8", () => {
  assert.ok(toCsv([]).startsWith('\uFEFF"id"'));
});

test("an export has no secret", () => {
  const token = { ...tokenOf({}), token: "ptc_hidden" };
  assert.ok(!toCsv([token]).includes("hidden"));
  assert.ok(!toJson([token]).includes("hidden"));
});

test("JSON has the tokens as in the API", () => {
  const token = tokenOf({ role: "viewer" });
  assert.deepEqual(JSON.parse(toJson([token])), [token]);
});
