// Five products' own pages about their tokens, followed in the console with the catalog that
// examples/catalogs has for each. The quotations are theirs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { copySecret, launch, newContext, shownSecret, signInWithGroups } from "./browser.mjs";
import { Stack } from "./stack.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** A deployment of a product, and somebody of such a group who has opened the page for a new token. */
async function product(t, name, group, flags = []) {
  const stack = await Stack.start({ catalog: `examples/catalogs/${name}.toml`, flags });
  t.after(() => stack.stop());
  const context = await newContext(browser);
  t.after(() => context.close());
  const page = await context.newPage();
  await signInWithGroups(page, stack, "sam", group);
  return { stack, page };
}

/** Begins a token, fills in what `fill` does, and copies the secret. */
async function make(page, name, fill) {
  await page.getByRole("link", { name: "New token" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await fill(page);
  await page.getByRole("button", { name: "Create the token" }).click();
  await page.getByRole("heading", { name: /Copy the secret of/ }).waitFor();
  await page.getByText("This is the only time that it is shown.").waitFor();
  const secret = await shownSecret(page);
  await copySecret(page);
  await page.getByRole("link", { name: "Tokens" }).click();
  await row(page, name).waitFor();
  return secret;
}

const row = (page, name) => page.getByRole("row").filter({ hasText: name });

async function end(page, name, how) {
  await row(page, name).getByRole("link", { name }).click();
  await page.getByRole("heading", { name }).waitFor();
  await page.getByRole("button", { name: how === "delete" ? "Delete" : "Revoke", exact: true }).click();
  const confirm = how === "delete" ? "Delete it and its record" : "Revoke for good";
  await page.getByRole("dialog").getByRole("button", { name: confirm }).click();
  await page.getByText(how === "delete" ? "is deleted." : "is revoked.").waitFor();
}

test("Applivery: a token for one app that never expires, and its end while the others work on", async (t) => {
  const { stack, page } = await product(t, "applivery", "applivery-admins");
  const forApp = async () => {
    await page.getByLabel("Take those of a role").check();
    await page.getByRole("radio", { name: /app-token/ }).check();
    await page.getByLabel("Resources, one a line").fill("app/shop");
    await page.getByLabel("Never").check();
  };
  const bitrise = await make(page, "Bitrise CI", forApp);
  const fastlane = await make(page, "Fastlane release", forApp);
  const builds = (secret, app = "shop") => stack.opens(`/v1/apps/${app}/builds`, secret);
  assert.deepEqual([await builds(bitrise), await builds(bitrise, "other"), await builds(fastlane)], [200, 403, 200]);
  // "Deleting a token immediately and permanently invalidates it."
  await end(page, "Bitrise CI", "delete");
  assert.deepEqual([await builds(bitrise), await builds(fastlane)], [401, 200]);
  await row(page, "Fastlane release").getByText("Never").first().waitFor();
  assert.equal(await row(page, "Bitrise CI").count(), 0);
});

test("Cresc: chosen permissions, an expiry, a list with the five columns, and a revocation that is immediate", async (t) => {
  const { stack, page } = await product(t, "cresc", "cresc-developers");
  const secret = await make(page, "CI/CD Pipeline", async () => {
    for (const name of ["app:read", "bundle:upload"]) await page.getByLabel(new RegExp(`^${name}`)).check();
    await page.getByLabel("Everything").check();
    await page.getByLabel("30 days").check();
  });
  assert.equal(await stack.opens("/apps", secret), 200);
  // "Token Name", "Permissions", "Expiration Time", "Last Used Time", "Status (Active/Expired/Revoked)"
  const line = row(page, "CI/CD Pipeline");
  for (const text of ["app:read", "in 30 days", "Active"]) await line.getByText(text).first().waitFor();
  await end(page, "CI/CD Pipeline", "revoke");
  assert.equal(await stack.opens("/apps", secret), 401);
  await page.getByRole("link", { name: "All tokens" }).click();
  await line.getByText("Revoked").waitFor();
});

test("Cresc: at least one permission has to be selected", async (t) => {
  const { page } = await product(t, "cresc", "cresc-developers");
  await page.getByRole("link", { name: "New token" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("nothing");
  await page.getByLabel("Everything").check();
  await page.getByRole("button", { name: "Create the token" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("heading", { name: "New token" }).waitFor();
});

test("Cryptlex: a name, an expiration date, scopes with their descriptions, and Revoke", async (t) => {
  const { stack, page } = await product(t, "cryptlex", "cryptlex-admins");
  const secret = await make(page, "licence mailer", async () => {
    await page.getByText("Read-only access to all the licenses.").waitFor();
    await page.getByLabel(/^license:read/).check();
    await page.getByLabel("Everything").check();
    await page.getByLabel("On a date").check();
    await page.getByLabel("Last day").fill(new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10));
  });
  assert.equal(await stack.opens("/v3/licenses", secret), 200);
  assert.equal(await stack.opens("/v3/licenses", secret, "POST"), 403);
  await end(page, "licence mailer", "revoke");
  assert.equal(await stack.opens("/v3/licenses", secret), 401);
});

test("Devtron: super admins alone; description, expiry, permissions; regenerated and updated; deleted", async (t) => {
  const { stack, page } = await product(t, "devtron", "devtron-super-admins", ["--token-management", "admins"]);
  const secret = await make(page, "jmeter", async () => {
    await page.getByLabel("Description").fill("load tests");
    await page.getByLabel("7 days").check();
    await page.getByLabel("Take those of a role").check();
    await page.getByRole("radio", { name: /devtron-app-viewer/ }).check();
    await page.getByLabel("Resources, one a line").fill("devtron-app/shop");
  });
  assert.equal(await stack.opens("/devtron-apps/shop", secret), 200);
  await row(page, "jmeter").getByRole("link", { name: "jmeter" }).click();
  // "To set a new expiration date, you can regenerate the API token."
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("dialog").getByLabel("60 days").check();
  await page.getByLabel(/present secret works on/).selectOption({ label: "Not at all" });
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("heading", { name: /new secret/ }).waitFor();
  const anew = await shownSecret(page);
  assert.deepEqual([await stack.opens("/devtron-apps/shop", secret), await stack.opens("/devtron-apps/shop", anew)], [401, 200]);
  await copySecret(page);
  await page.getByRole("link", { name: "Tokens" }).click();
  await row(page, "jmeter").getByText("in 60 days").waitFor();
  await end(page, "jmeter", "delete");
  assert.equal(await stack.opens("/devtron-apps/shop", anew), 401);
});

test("Devtron: whoever is no super admin sees and makes none", async (t) => {
  const { page } = await product(t, "devtron", "devtron-viewers", ["--token-management", "admins"]);
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByRole("row").filter({ has: page.getByRole("link") }).count(), 0);
});

test("Rack Gateway: a role for CI under the prefix rgw, and Select Token, Delete", async (t) => {
  const { stack, page } = await product(t, "rack-gateway", "rack-admins", ["--token-management", "admins", "--prefix", "rgw"]);
  const secret = await make(page, "GitHub Actions", async () => {
    await page.getByLabel("Take those of a role").check();
    await page.getByRole("radio", { name: /cicd/ }).check();
    await page.getByLabel("Everything").check();
    await page.getByLabel("90 days").check();
  });
  assert.match(secret, /^rgw_/);
  assert.equal(await stack.opens("/apps", secret), 200);
  const { body } = await stack.call("GET", "/tokens?limit=1");
  assert.deepEqual([body.tokens[0].role, body.tokens[0].created_by], ["cicd", "session:sam"]);
  await end(page, "GitHub Actions", "delete");
  assert.equal(await stack.opens("/apps", secret), 401);
});
