// The activity page.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setUp, signIn, signInWithGroups, tabTo } from "./browser.mjs";

const it = setUp();
const items = (page) => page.locator(".activity > li");
const about = (page, token) => items(page).filter({ hasText: token.name });

const open = async (t, hash = "#/activity", who = "alice") => {
  const page = await it.open(t);
  await signIn(page, it.stack, { who, hash });
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  return page;
};

test("who revoked what, when and why is found by keyboard", async (t) => {
  const operator = await it.stack.createToken({ name: "cleanup job", permissions: ["*"], resources: ["*"], owner: "admin" });
  const token = await it.stack.createToken({ name: "leaked token", owner: "bob" });
  await it.stack.call("POST", `/tokens/${token.id}/revoke`, { reason: "leaked", comment: "in a build log" }, { token: operator.token });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.keyboard.press("a");
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  await tabTo(page, (name) => name.startsWith("Event"));
  await page.keyboard.type("Revoked");
  await page.waitForURL(/#\/activity\?kind=revoked$/);
  const item = about(page, token);
  await item.getByText("cleanup job revoked leaked token").waitFor();
  for (const text of ["Leaked or compromised.", "“in a build log”", "Owner: bob · from 127.0.0.1"]) await item.getByText(text).waitFor();
  assert.equal(await items(page).filter({ hasText: "created" }).count(), 0);
  await tabTo(page, "cleanup job");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "cleanup job" }).waitFor();
});

test("a user links to what they did, and a token to its page", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  await page.getByLabel("Name", { exact: true }).fill("made by alice");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("All resources").check();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("button", { name: "Copy the secret" }).click();
  await it.stack.createToken({ name: "made by the admin token" });
  await page.getByRole("link", { name: "Activity" }).click();
  const item = items(page).filter({ hasText: "alice created made by alice" });
  await item.getByRole("link", { name: "alice", exact: true }).click();
  await page.waitForURL(/#\/activity\?actor=session%3Aalice$/);
  await item.waitFor();
  assert.equal(await page.getByText("made by the admin token").count(), 0);
  assert.equal(await page.getByLabel(/^By/).inputValue(), "alice");
  await item.getByRole("link", { name: "made by alice" }).click();
  await page.getByRole("heading", { name: "made by alice" }).waitFor();
});

test("the activity is filtered by actor, owner and period, in the address", async (t) => {
  const token = await it.stack.createToken({ name: "of carol", owner: "carol" });
  await it.stack.createToken({ name: "of dave", owner: "dave" });
  const page = await open(t);
  await page.getByLabel(/^Owner/).fill("carol");
  await page.getByLabel(/^Owner/).press("Enter");
  await about(page, token).waitFor();
  await page.getByText("of dave").waitFor({ state: "detached" });
  await page.getByLabel(/^By/).fill("not-a-user");
  await page.getByLabel(/^By/).press("Enter");
  await page.getByText("No matching events").waitFor();
  await page.waitForURL(/\?actor=session%3Anot-a-user&owner=carol$|\?owner=carol&actor=session%3Anot-a-user$/);
  await page.getByLabel(/^By/).fill("");
  await page.getByLabel(/^By/).press("Enter");
  await about(page, token).waitFor();
  await page.getByLabel(/^Period/).selectOption("Custom dates");
  await page.getByLabel(/^To/).fill("2020-01-31");
  await page.getByLabel(/^From/).fill("2020-01-01");
  await page.getByText("No matching events").waitFor();
  const other = await open(t, new URL(page.url()).hash);
  await other.getByText("No matching events").waitFor();
  assert.deepEqual([await other.getByLabel(/^From/).inputValue(), await other.getByLabel(/^To/).inputValue()], ["2020-01-01", "2020-01-31"]);
});

test("a deleted token is named by its ID, and who deleted it", async (t) => {
  const token = await it.stack.createToken({ name: "deleted" });
  await it.stack.call("DELETE", `/tokens/${token.id}`);
  const page = await open(t, "#/activity?kind=deleted");
  await items(page).filter({ hasText: `first admin deleted ${token.id}` }).waitFor();
  assert.equal(await page.getByRole("link", { name: token.id }).count(), 0);
});

test("the activity is exported as CSV and JSON, all pages of it", async (t) => {
  await Promise.all(Array.from({ length: 60 }, (_, at) => it.stack.createToken({ name: `exported ${at}`, owner: "=erin" })));
  const page = await open(t, "#/activity?owner=%3Derin");
  await page.getByText("The newest 50 events").waitFor();
  const exported = async (format) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: `Export ${format}` }).click()]);
    assert.match(download.suggestedFilename(), new RegExp(`^activity-\\d{4}-\\d\\d-\\d\\d\\.${format.toLowerCase()}$`));
    return await readFile(await download.path(), "utf8");
  };
  const csv = await exported("CSV");
  assert.equal(csv.trim().split("\r\n").length, 61);
  assert.ok(csv.includes(`"'=erin"`), csv.slice(0, 300));
  const events = JSON.parse(await exported("JSON"));
  const { body } = await it.stack.call("GET", "/activity?owner=%3Derin&limit=100");
  assert.deepEqual(events, body.events);
});

test("further events are loaded with a button", async (t) => {
  await Promise.all(Array.from({ length: 55 }, (_, at) => it.stack.createToken({ name: `paged ${at}`, owner: "paged" })));
  const page = await open(t, "#/activity?owner=paged");
  await page.getByText("The newest 50 events").waitFor();
  await page.getByRole("button", { name: "Load more" }).click();
  await page.getByText("55 events", { exact: true }).waitFor();
  assert.equal(await items(page).count(), 55);
});

test("a failure to load the activity can be retried", async (t) => {
  const page = await it.open(t);
  await page.route((url) => url.pathname === "/activity", (route) => route.abort());
  await signIn(page, it.stack, { hash: "#/activity" });
  await page.getByRole("alert").waitFor();
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await items(page).first().waitFor();
});

test("users who are no administrators see the activity of their own tokens", async (t) => {
  const own = await it.stack.createToken({ name: "own of zoe", owner: "zoe" });
  const page = await it.open(t);
  await signInWithGroups(page, it.stack, "zoe", "portcullis-viewer");
  await page.getByRole("link", { name: "Activity" }).click();
  await about(page, own).waitFor();
  assert.equal(await items(page).filter({ hasNotText: "Owner: zoe" }).count(), 0);
  assert.equal(await page.getByLabel(/^Owner/).count(), 0);
});

test("a token's page links to what the token did", async (t) => {
  const operator = await it.stack.createToken({ name: "the robot", permissions: ["*"], resources: ["*"], owner: "admin" });
  const token = await it.stack.createToken({ name: "paused by a robot" });
  await it.stack.call("POST", `/tokens/${token.id}/disable`, undefined, { token: operator.token });
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: `#/tokens/${operator.id}` });
  await page.getByRole("link", { name: "What this token did to other tokens" }).click();
  await items(page).getByText("the robot disabled paused by a robot").waitFor();
});
