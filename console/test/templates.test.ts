// Unit tests of src/domain/templates.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller, Catalog } from "../src/api/types";
import { accessOf, TEMPLATES, type Template } from "../src/domain/templates";

const catalog = {
  permissions: { "apps:read": "", "apps:write": "", "apps:restart": "", "tokens:read": "", "tokens:write": "", "approvals:read": "" },
  roles: { cicd: { description: "", permissions: ["apps:write"] }, deployer: { description: "", permissions: ["apps:read"] } },
} as unknown as Catalog;
const caller = (...permissions: string[]) => ({ grants: [{ permissions, resources: ["*"] }] }) as unknown as Caller;
const access = (name: string, ...permissions: string[]) => accessOf(TEMPLATES[name] as Template, catalog, caller(...permissions));

test("a template selects no permission of Portcullis itself", () => {
  assert.deepEqual(access("monitoring", "*"), { role: null, permissions: ["apps:read"] });
  assert.deepEqual(access("terraform", "*"), { role: null, permissions: ["apps:read", "apps:write"] });
});

test("a template selects only what the caller can grant", () => {
  assert.deepEqual(access("terraform", "apps:read"), { role: null, permissions: ["apps:read"] });
  assert.equal(access("github-actions", "*").role, "cicd");
  assert.equal(access("github-actions", "apps:read").role, "deployer");
  assert.equal(access("gitlab", "tokens:read").role, null);
});
