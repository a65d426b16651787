// The console follows the limits of the deployment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openToken, setUp, signIn } from "./browser.mjs";

const it = setUp({ flags: ["--default-token-lifetime", "14", "--max-token-lifetime", "60", "--max-tokens-per-owner", "2"] });

async function openForm(t, who = "bob") {
  const page = await it.open(t);
  await signIn(page, it.stack, { who, hash: "#/new" });
  await page.getByLabel("Name", { exact: true }).fill("limited");
  return page;
}

test("the choices of expiration follow the deployment's default and maximum", async (t) => {
  const page = await openForm(t);
  const days = page.getByRole("group", { name: "Expiration" }).getByRole("radio", { name: /days/ });
  assert.deepEqual(await days.evaluateAll((all) => all.map(({ labels }) => labels[0].innerText)), ["7 days", "14 days", "30 days", "60 days"]);
  assert.ok(await page.getByLabel("14 days").isChecked());
});

test("Never is disabled with the reason if there is a maximum", async (t) => {
  const page = await openForm(t);
  const never = page.getByLabel("Never", { exact: true });
  assert.ok(await never.isDisabled());
  const reason = await never.evaluate((radio) => document.getElementById(radio.getAttribute("aria-describedby")).innerText);
  assert.equal(reason, "Tokens can be valid for at most 60 days.");
});

test("a date beyond the maximum is rejected before it is sent", async (t) => {
  const page = await openForm(t);
  await page.getByLabel("Custom date").check();
  const date = page.getByLabel("Expires at the end of");
  await date.fill(new Date(Date.now() + 70 * 86_400_000).toISOString().slice(0, 10));
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("All resources").check();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("listitem").getByText("Pick a date up to").waitFor();
  await date.and(page.locator(":focus")).waitFor();
  assert.equal(await date.getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByText("Tokens can be valid for at most 60 days.").count(), 1);
});

test("the expiration of a token can be set to the maximum", async (t) => {
  const token = await it.stack.createToken({ name: "extended", expires_in: "5d" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByRole("button", { name: "Edit expiration" }).click();
  await page.getByLabel("60 days").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Expiration updated.").waitFor();
});

test("at the limit of tokens, the console says so and links to the list", async (t) => {
  for (const name of ["first", "second"]) await it.stack.createToken({ name, owner: "frank" });
  const page = await openForm(t, "alice");
  await page.getByLabel("Owner").fill("frank");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("All resources").check();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Token limit reached. The owner has reached the limit of 2 tokens, not counting revoked and expired ones. Revoke a token that is no longer needed.").waitFor();
  await page.getByRole("link", { name: "Show my tokens" }).waitFor();
});

test("the form tells the limit of tokens before it is filled in", async (t) => {
  for (const name of ["one", "two"]) await it.stack.createToken({ name, owner: "carol" });
  const page = await it.open(t);
  await signIn(page, it.stack, { who: "carol" });
  await page.getByRole("link", { name: "two" }).waitFor();
  await page.getByRole("link", { name: "New token" }).first().click();
  await page.getByText("You have 2 tokens, the most that one owner may have. Revoke one you no longer need.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Create token" }).isDisabled());
});
