// From the denial of a request to the permission that allows it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openToken, setUp, signIn, signInWithToken, tabTo } from "./browser.mjs";

const it = setUp();
const ADD = "Add apps:write on apps/payroll";
const HOST = "https://abc123.execute-api.eu-central-1.amazonaws.com";

/** A token that may not write to apps/payroll, and was refused that. */
async function deniedToken(fields) {
  const token = await it.stack.createToken(fields);
  await it.stack.deny("/apps/payroll", token, "POST");
  return token;
}

const difference = (page) => page.getByRole("list", { name: "Permissions, before and after" });
const denial = (page) => page.locator(".denials > li");
const statusOf = (token) => it.stack.demoStatus("/apps/payroll", token.token, "POST");

test("a 403 is repaired in three clicks from the list", async (t) => {
  const token = await deniedToken({ name: "repaired" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByRole("link", { name: "repaired" }).click();
  await page.getByRole("button", { name: ADD }).click();
  await difference(page).getByText("apps:write on apps/payroll").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Permissions updated.").waitFor();
  await denial(page).getByText("Granted").waitFor();
  assert.equal(await page.getByRole("button", { name: ADD }).count(), 0);
  assert.notEqual(await statusOf(token), 403);
});

test("a 403 is repaired by keyboard, from the difference to Save", async (t) => {
  const token = await deniedToken({ name: "by keyboard" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByRole("button", { name: ADD }).waitFor();
  await tabTo(page, (name) => name === ADD);
  await page.keyboard.press("Enter");
  await difference(page).waitFor();
  assert.ok(await difference(page).evaluate((list) => list === document.activeElement), "the difference has the focus");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await denial(page).getByText("Granted").waitFor();
  assert.notEqual(await statusOf(token), 403);
});

test("adding what the caller does not hold shows the service's refusal", async (t) => {
  const token = await deniedToken({ name: "too much to add", permissions: ["apps:read", "tokens:read", "tokens:write"], resources: ["apps/billing", "tokens"] });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, token.token);
  await page.getByRole("navigation").waitFor();
  await openToken(page, token);
  await page.getByRole("button", { name: ADD }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("You can only grant permissions you have.").first().waitFor();
  assert.equal(await statusOf(token), 403);
});

test("a caller who may not edit the token sees its denials only", async (t) => {
  const token = await deniedToken({ name: "reader", permissions: ["tokens:read", "apps:read"], resources: ["*"] });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, token.token);
  await page.getByRole("navigation").waitFor();
  await openToken(page, token);
  await denial(page).getByText("apps/payroll").waitFor();
  assert.equal(await page.getByRole("button", { name: ADD }).count(), 0);
});

test("the stage of a pasted URL is left out, or not, as the user chooses", async (t) => {
  const token = await it.stack.createToken({ name: "staged", permissions: ["apps:read"], resources: ["apps/payroll"] });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByLabel("Path").fill(`${HOST}/prod/apps/payroll?x=1`);
  const stage = page.getByLabel("“prod” is the API’s stage");
  assert.ok(await stage.isChecked());
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText(/Allowed\./).waitFor();
  await page.getByText("Tested /apps/payroll, without the stage “prod” and the query string.").waitFor();
  await stage.uncheck();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Missing prod:read on prod/apps/payroll.").waitFor();
  await page.getByLabel("Path").fill("/prod/apps/payroll");
  assert.equal(await stage.count(), 0);
});
