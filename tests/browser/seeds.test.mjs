// The token workflows of five products, with their catalogs from examples/catalogs. The quotations
// are from the products' documentation.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { copySecret, launch, newContext, shownSecret, signInWithGroups } from "./browser.mjs";
import { Stack } from "./stack.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Starts a stack with the product's catalog, and signs in as a member of the group. */
async function product(t, name, group, flags = []) {
  const stack = await Stack.start({ catalog: `examples/catalogs/${name}.toml`, flags });
  t.after(() => stack.stop());
  const context = await newContext(browser);
  t.after(() => context.close());
  const page = await context.newPage();
  await signInWithGroups(page, stack, "sam", group);
  return { stack, page };
}

/** Creates a token with the values that `fill` enters, and copies the secret. */
async function createToken(page, name, fill) {
  await page.getByRole("link", { name: "New token" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await fill(page);
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: /Copy the secret for/ }).waitFor();
  await page.getByText("Copy it now. You won’t be able to see it again.").waitFor();
  const secret = await shownSecret(page);
  await copySecret(page);
  await page.getByRole("link", { name: "Tokens" }).click();
  await row(page, name).waitFor();
  return secret;
}

const row = (page, name) => page.getByRole("row").filter({ hasText: name });

async function remove(page, name, how) {
  await row(page, name).getByRole("link", { name }).click();
  await page.getByRole("heading", { name }).waitFor();
  await page.getByRole("button", { name: how === "delete" ? "Delete" : "Revoke", exact: true }).click();
  const confirm = how === "delete" ? "Delete token" : "Revoke token";
  await page.getByRole("dialog").getByRole("button", { name: confirm }).click();
  await page.getByText(how === "delete" ? /” deleted\./ : /” revoked\./).waitFor();
}

test("Applivery: deleting a token leaves the other tokens working", async (t) => {
  const { stack, page } = await product(t, "applivery", "applivery-admins");
  const forApp = async () => {
    await page.getByLabel("Use a role").check();
    await page.getByRole("radio", { name: /app-token/ }).check();
    await page.getByLabel("Resources (one per line)").fill("app/shop");
    await page.getByLabel("Never").check();
  };
  const bitrise = await createToken(page, "Bitrise CI", forApp);
  const fastlane = await createToken(page, "Fastlane release", forApp);
  const builds = (secret, app = "shop") => stack.demoStatus(`/v1/apps/${app}/builds`, secret);
  assert.deepEqual([await builds(bitrise), await builds(bitrise, "other"), await builds(fastlane)], [200, 403, 200]);
  // "Deleting a token immediately and permanently invalidates it."
  await remove(page, "Bitrise CI", "delete");
  assert.deepEqual([await builds(bitrise), await builds(fastlane)], [401, 200]);
  await row(page, "Fastlane release").getByText("Never").first().waitFor();
  assert.equal(await row(page, "Bitrise CI").count(), 0);
});

test("Cresc: permissions, expiration, the list's columns and revocation", async (t) => {
  const { stack, page } = await product(t, "cresc", "cresc-developers");
  const secret = await createToken(page, "CI/CD Pipeline", async () => {
    for (const name of ["app:read", "bundle:upload"]) await page.getByLabel(new RegExp(`^${name}`)).check();
    await page.getByLabel("All resources").check();
    await page.getByLabel("30 days").check();
  });
  assert.equal(await stack.demoStatus("/apps", secret), 200);
  // "Token Name", "Permissions", "Expiration Time", "Last Used Time", "Status (Active/Expired/Revoked)"
  const line = row(page, "CI/CD Pipeline");
  for (const text of ["app:read", "in 30 days", "Active"]) await line.getByText(text).first().waitFor();
  await remove(page, "CI/CD Pipeline", "revoke");
  assert.equal(await stack.demoStatus("/apps", secret), 401);
  await page.getByRole("link", { name: "← Tokens" }).click();
  await line.getByText("Revoked", { exact: true }).waitFor();
});

test("Cresc: at least one permission is required", async (t) => {
  const { page } = await product(t, "cresc", "cresc-developers");
  await page.getByRole("link", { name: "New token" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("nothing");
  await page.getByLabel("All resources").check();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("heading", { name: "New token" }).waitFor();
});

test("Cryptlex: expiration date, scopes with descriptions and revocation", async (t) => {
  const { stack, page } = await product(t, "cryptlex", "cryptlex-admins");
  const secret = await createToken(page, "licence mailer", async () => {
    await page.getByText("Read-only access to all the licenses.").waitFor();
    await page.getByLabel(/^license:read/).check();
    await page.getByLabel("All resources").check();
    await page.getByLabel("Custom date").check();
    await page.getByLabel("Expires at the end of").fill(new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10));
  });
  assert.equal(await stack.demoStatus("/v3/licenses", secret), 200);
  assert.equal(await stack.demoStatus("/v3/licenses", secret, "POST"), 403);
  await remove(page, "licence mailer", "revoke");
  assert.equal(await stack.demoStatus("/v3/licenses", secret), 401);
});

test("Devtron: super admins can create, regenerate and delete tokens", async (t) => {
  const { stack, page } = await product(t, "devtron", "devtron-super-admins", ["--token-management", "admins"]);
  const secret = await createToken(page, "jmeter", async () => {
    await page.getByLabel("Description").fill("load tests");
    await page.getByLabel("7 days").check();
    await page.getByLabel("Use a role").check();
    await page.getByRole("radio", { name: /devtron-app-viewer/ }).check();
    await page.getByLabel("Resources (one per line)").fill("devtron-app/shop");
  });
  assert.equal(await stack.demoStatus("/devtron-apps/shop", secret), 200);
  await row(page, "jmeter").getByRole("link", { name: "jmeter" }).click();
  // "To set a new expiration date, you can regenerate the API token."
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("dialog").getByLabel("60 days").check();
  await page.getByLabel("Keep the old secret working for").selectOption({ label: "Don’t keep it" });
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("heading", { name: /new secret/ }).waitFor();
  const rotated = await shownSecret(page);
  assert.deepEqual([await stack.demoStatus("/devtron-apps/shop", secret), await stack.demoStatus("/devtron-apps/shop", rotated)], [401, 200]);
  await copySecret(page);
  await page.getByRole("link", { name: "Tokens" }).click();
  await row(page, "jmeter").getByText("in 60 days").waitFor();
  await remove(page, "jmeter", "delete");
  assert.equal(await stack.demoStatus("/devtron-apps/shop", rotated), 401);
});

test("Devtron: other users see no tokens", async (t) => {
  const { page } = await product(t, "devtron", "devtron-viewers", ["--token-management", "admins"]);
  await page.getByText("Only administrators can manage tokens. Ask one for help.").waitFor();
  assert.equal(await page.getByRole("row").filter({ has: page.getByRole("link") }).count(), 0);
  await page.evaluate(() => (location.hash = "#/tokens/0000000000000000"));
  await page.getByRole("heading", { name: "Token", exact: true }).waitFor();
  await page.getByText("Only administrators can manage tokens. Ask one for help.").waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
});

test("Rack Gateway: a CI role, the prefix rgw and deletion", async (t) => {
  const { stack, page } = await product(t, "rack-gateway", "rack-admins", ["--token-management", "admins", "--prefix", "rgw"]);
  const secret = await createToken(page, "GitHub Actions", async () => {
    await page.getByLabel("Use a role").check();
    await page.getByRole("radio", { name: /cicd/ }).check();
    await page.getByLabel("All resources").check();
    await page.getByLabel("90 days").check();
  });
  assert.match(secret, /^rgw_/);
  assert.equal(await stack.demoStatus("/apps", secret), 200);
  const { body } = await stack.call("GET", "/tokens?limit=1");
  assert.deepEqual([body.tokens[0].role, body.tokens[0].created_by], ["cicd", "session:sam"]);
  await remove(page, "GitHub Actions", "delete");
  assert.equal(await stack.demoStatus("/apps", secret), 401);
});
