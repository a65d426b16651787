// Unit tests of src/domain/resources.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { knownResources, meantResource, suggestedResources } from "../src/domain/resources";
import { tokenOf } from "./tokens";

const of = (...resources: string[]) => tokenOf({ grants: [{ permissions: ["apps:read"], resources }] });

test("known resources are those of the most tokens first, then of routes", () => {
  const routes = [
    { match: "GET /apps/{app}/builds", permission: "apps:read" },
    { match: "GET /env", permission: "env:read", resource: "settings/env" },
    { match: "GET /{any}", permission: "x:read" },
  ];
  const tokens = [of("apps/b", "*"), of("apps/b"), of("apps/a")];
  assert.deepEqual(knownResources({ routes }, tokens), ["apps/b", "apps/a", "apps/*", "settings/env"]);
  assert.deepEqual(knownResources(null, []), []);
});

test("suggestions contain what is being typed, and nothing entered", () => {
  const known = ["apps/billing", "apps/shop", "builds/billing"];
  assert.deepEqual(suggestedResources(known, ["bill"], "bill"), ["apps/billing", "builds/billing"]);
  assert.deepEqual(suggestedResources(known, ["apps/shop"], "apps/shop"), ["apps/billing", "builds/billing"]);
  assert.deepEqual(suggestedResources(known, [], ""), known);
});

test("a resource that nothing names may be meant to be a known one", () => {
  const known = ["apps/billing", "builds/*"];
  assert.equal(meantResource(known, "apps/biling"), "apps/billing");
  assert.equal(meantResource(known, "Apps/billing"), "apps/billing");
  assert.equal(meantResource(known, "billing"), "apps/billing");
  for (const fine of ["apps/billing", "apps/billing/jobs", "builds/x", "apps/shop", "*", "x"]) assert.equal(meantResource(known, fine), null, fine);
});
