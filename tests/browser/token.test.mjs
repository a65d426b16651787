// The page of one token.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copySecret, openToken, setUp, shownSecret, signIn, signInWithToken } from "./browser.mjs";

const it = setUp();

async function show(t, token, options) {
  const page = await it.open(t, options);
  await signIn(page, it.stack);
  await openToken(page, token);
  return page;
}

const seen = async (token) => (await it.stack.call("GET", `/tokens/${token.id}`)).body;

test("what is known of a token is shown, and is changed in place", async (t) => {
  const token = await it.stack.token({ name: "before", description: "old words", allowed_ips: ["127.0.0.1"] });
  await it.stack.opens("/apps/billing", token.token);
  const page = await show(t, token);
  const main = page.getByRole("main");
  for (const text of ["old words", "127.0.0.1", token.id]) await main.getByText(text).first().waitFor();
  await page.getByRole("button", { name: "Change name" }).click();
  await page.getByLabel("Name", { exact: true }).fill("after");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "after" }).waitFor();
  assert.equal((await seen(token)).name, "after");
});

test("who changes what somebody has changed meanwhile is told, and loses nothing", async (t) => {
  const token = await it.stack.token({ name: "contended" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Change description" }).click();
  await page.getByLabel("Description", { exact: true }).fill("my draft");
  const { etag } = await it.stack.call("GET", `/tokens/${token.id}`);
  await it.stack.call("PATCH", `/tokens/${token.id}`, { name: "by somebody else" }, { headers: { "if-match": etag } });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody changed it meanwhile.").first().waitFor();
  assert.equal(await page.getByLabel("Description", { exact: true }).inputValue(), "my draft");
  assert.equal((await seen(token)).description, null);
  await page.getByRole("button", { name: "Save mine over it" }).click();
  await page.getByText("Description changed.").waitFor();
  const after = await seen(token);
  assert.deepEqual([after.name, after.description], ["by somebody else", "my draft"]);
});

test("a rotation gives a new secret once, and the one before works on for as long as was said", async (t) => {
  const token = await it.stack.token({ name: "rotated" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByLabel(/present secret works on/).selectOption({ label: "1 hour" });
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("heading", { name: /new secret/ }).waitFor();
  const secret = await shownSecret(page);
  assert.notEqual(secret, token.token);
  for (const either of [secret, token.token]) assert.equal(await it.stack.opens("/apps/billing", either), 200);
  await copySecret(page);
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "History" }).waitFor();
  await page.getByText("Rotated").first().waitFor();
});

test("a token is disabled and enabled again", async (t) => {
  const token = await it.stack.token({ name: "switched" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  assert.equal(await it.stack.opens("/apps/billing", token.token), 401);
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("button", { name: "Disable" }).waitFor();
  assert.equal(await it.stack.opens("/apps/billing", token.token), 200);
});

test("before a token is ended for good it is said when and from where it was used, and no is an answer", async (t) => {
  const token = await it.stack.token({ name: "to be ended" });
  await it.stack.opens("/apps/billing", token.token);
  const page = await show(t, token);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByText(/used.* from 127\.0\.0\.1/).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await it.stack.opens("/apps/billing", token.token), 200);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByLabel("Somebody else may know it").check();
  await page.getByRole("button", { name: "Revoke for good" }).click();
  await page.getByText("is revoked.").waitFor();
  assert.equal(await it.stack.opens("/apps/billing", token.token), 401);
  assert.equal((await seen(token)).revoked_reason, "leaked");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete it and its record" }).click();
  await page.getByRole("heading", { name: "Tokens", exact: true }).waitFor();
  assert.equal((await it.stack.call("GET", `/tokens/${token.id}`)).status, 404);
});

test("what it uses is a picture, and taking away the rest is shown before it is done", async (t) => {
  const token = await it.stack.token({ name: "too much", permissions: ["apps:read", "apps:write", "builds:read"] });
  await it.stack.opens("/apps/billing", token.token);
  const page = await show(t, token);
  await page.getByText("1 of 3 permissions used in 90 days").first().waitFor();
  await page.getByRole("button", { name: "Take away what it does not use" }).click();
  const dialog = page.getByRole("dialog");
  for (const name of ["apps:write", "builds:read"]) await dialog.getByText(name).first().waitFor();
  assert.equal((await seen(token)).grants[0].permissions.length, 3);
  await page.getByRole("button", { name: "Take it away" }).click();
  await page.getByText("It has no more than it uses.").waitFor();
  assert.deepEqual((await seen(token)).grants, [{ permissions: ["apps:read"], resources: ["apps/billing"] }]);
});

test("what is known late of a token does not move the buttons", async (t) => {
  const token = await it.stack.token({ name: "shifting", permissions: ["apps:read", "apps:write"] });
  await it.stack.opens("/apps/billing", token.token);
  const page = await it.open(t);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/usage*", async (route) => {
    await held;
    await route.continue();
  });
  await signIn(page, it.stack);
  await openToken(page, token);
  const place = () => page.getByRole("button", { name: "Delete", exact: true }).boundingBox();
  const before = await place();
  release();
  await page.locator("article.token .marks").waitFor();
  assert.deepEqual(await place(), before);
});

test("why a request would be refused is said", async (t) => {
  const token = await it.stack.token({ name: "explained" });
  const page = await show(t, token);
  await page.getByLabel("Path").fill("/apps/payroll");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText(/Refused with 403/).waitFor();
  await page.getByLabel("Path").fill("/apps/billing");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText(/Let in/).waitFor();
});

test("its history tells who did what", async (t) => {
  const token = await it.stack.token({ name: "storied" });
  await it.stack.call("POST", `/tokens/${token.id}/disable`);
  const page = await show(t, token);
  const history = page.getByRole("list").filter({ hasText: "Created" });
  for (const text of ["Created", "Disabled", "127.0.0.1"]) await history.getByText(text).first().waitFor();
});

test("times are the viewer's, and the exact one is there to be read", async (t) => {
  const token = await it.stack.token({ name: "timed", expires_in: undefined, expires_at: "2027-07-01T22:30:00Z" });
  const page = await show(t, token, { timezoneId: "Asia/Tokyo" });
  const time = page.locator("time[datetime='2027-07-01T22:30:00Z']").first();
  await time.waitFor();
  assert.match(await time.getAttribute("title"), /July 2, 2027.*7:30/);
});

test("a rotation of which the answer was lost is done again by the next click", async (t) => {
  const token = await it.stack.token({ name: "lost answer" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Rotate" }).click();
  const rotate = page.getByRole("dialog").getByRole("button", { name: "Rotate" });
  await page.route(/\/rotate$/, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await rotate.click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await page.unrouteAll();
  await rotate.click();
  await page.getByRole("alert").getByText(/rotated/).first().waitFor();
  await rotate.click();
  await page.getByRole("heading", { name: /new secret/ }).waitFor();
  assert.equal(await it.stack.opens("/apps/billing", await shownSecret(page)), 200);
});

test("a token that somebody changed meanwhile is disabled by the second click", async (t) => {
  const token = await it.stack.token({ name: "changed before" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Disable" }).click();
  const { etag } = await it.stack.call("GET", `/tokens/${token.id}`);
  await it.stack.call("PATCH", `/tokens/${token.id}`, { description: "new" }, { headers: { "if-match": etag } });
  const disable = page.getByRole("dialog").getByRole("button", { name: "Disable" });
  await disable.click();
  await page.getByText("Do it once more if it is still right.").waitFor();
  await disable.click();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  assert.equal((await seen(token)).status, "disabled");
});

test("an address that is no token's says so", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/tokens/." });
  await page.getByRole("alert").getByText("No token has such an id.").waitFor();
});

test("who is about to end the token that they are signed in with is told so", async (t) => {
  const token = await it.stack.token({ name: "my own", permissions: ["*"], resources: ["*"], owner: "admin" });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, token.token);
  await page.getByRole("navigation").waitFor();
  const other = await it.stack.token({ name: "another" });
  for (const [one, told] of [[token, 1], [other, 0]]) {
    await openToken(page, one);
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("dialog").getByText(/Never used|[Uu]sed/).first().waitFor();
    assert.equal(await page.getByText("This is the token that you are signed in with.").count(), told);
    await page.keyboard.press("Escape");
  }
});

test("an explanation speaks of an address where one was given, and asks for one where it decides", async (t) => {
  const token = await it.stack.token({ name: "bound", allowed_ips: ["192.0.2.0/24"] });
  const page = await show(t, token);
  await page.getByLabel("Path").fill("/apps/billing");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("Fill in from which address the request comes.").waitFor();
  await page.getByLabel(/From the address/).fill("198.51.100.7");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("The token may not be used from 198.51.100.7.").waitFor();
});

test("a secret that still works is not said to have worked", async (t) => {
  const token = await it.stack.token({ name: "overlapping" });
  await it.stack.call("POST", `/tokens/${token.id}/rotate`, { overlap: "1h" });
  const page = await show(t, token);
  await page.getByText(/The secret before works until/).waitFor();
});
