// Changes of several tokens at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hold, openToken, providerButton, setUp, signIn, signInWithToken, tabTo } from "./browser.mjs";

const it = setUp();

/** Creates tokens with this word in their names. */
const createTokens = (word, count, fields) => Promise.all(Array.from({ length: count }, (_, at) => it.stack.createToken({ name: `${word} ${at}`, ...fields })));

/** Signs in to the list of the tokens with this word in their names, and selects all of them. */
async function selectAll(t, word, count) {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: `#/tokens?q=${word}` });
  await page.getByRole("checkbox", { name: `Select all ${count} tokens` }).check();
  return page;
}

async function begin(page, action) {
  await page.getByRole("button", { name: `${action}…` }).click();
  return page.getByRole("dialog");
}

const statuses = async (tokens) => {
  const found = await Promise.all(tokens.map(({ id }) => it.stack.call("GET", `/tokens/${id}`)));
  return found.map(({ body }) => body.status);
};

test("all tokens that match are revoked with one reason, by keyboard", async (t) => {
  const tokens = await createTokens("leftover", 13);
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByText(/^\d+ tokens/).first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("leftover");
  await page.getByText(/^Showing 13 of/).waitFor();
  await tabTo(page, "select all 13 tokens");
  await page.keyboard.press("Space");
  await page.getByText("13 of 13 tokens selected").waitFor();
  await tabTo(page, "revoke…");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Revoke 13 tokens?" }).waitFor();
  await tabTo(page, "leaked or compromised");
  for (let presses = 0; presses < 2; presses++) await page.keyboard.press("ArrowDown");
  await tabTo(page, (name) => name.startsWith("Comment"));
  await page.keyboard.type("spring cleaning");
  await tabTo(page, "revoke 13 tokens");
  await page.keyboard.press("Enter");
  await page.getByText("13 tokens revoked.").waitFor();
  assert.deepEqual(await statuses(tokens), Array(13).fill("revoked"));
  const { body } = await it.stack.call("GET", `/tokens/${tokens[0].id}`);
  assert.deepEqual([body.revoked_reason, body.revoked_comment], ["unused", "spring cleaning"]);
});

test("a token is selected with x, and b goes to the actions", async (t) => {
  const [first, second] = await createTokens("keyboard", 2);
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/tokens?q=keyboard&sort=name" });
  await page.getByText(/^Showing 2 of/).waitFor();
  for (const key of ["j", "j", "x"]) await page.keyboard.press(key);
  await page.getByText("1 of 2 tokens selected").waitFor();
  await page.keyboard.press("b");
  await page.getByRole("button", { name: "Revoke…" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Revoke 1 token" }).click();
  await page.getByText("1 token revoked.").waitFor();
  assert.deepEqual(await statuses([first, second]), ["active", "revoked"]);
});

test("the dialog sums up the last uses, the most recent first", async (t) => {
  const tokens = await createTokens("uses", 3);
  await it.stack.demoStatus("/apps/billing", tokens[1].token);
  const page = await selectAll(t, "uses", 3);
  const dialog = await begin(page, "Revoke");
  await dialog.getByText("1 used in the last 7 days, 2 never used.").waitFor();
  const listed = await dialog.getByRole("list", { name: "Tokens to change" }).getByRole("listitem").allInnerTexts();
  assert.match(listed[0], /^uses 1\s+just now$/);
  assert.equal(listed.length, 3);
});

test("a failure is named, and the other tokens can be tried again", async (t) => {
  const tokens = await createTokens("partial", 4);
  const page = await selectAll(t, "partial", 4);
  const refuse = (route) => route.fulfill({ status: 403, json: { type: "urn:portcullis:problem:forbidden" } });
  await page.route(`**/tokens/${tokens[2].id}/revoke*`, refuse);
  const dialog = await begin(page, "Revoke");
  await dialog.getByLabel("Owner has left").check();
  await dialog.getByRole("button", { name: "Revoke 4 tokens" }).click();
  await dialog.getByText("3 of 4 tokens revoked.").waitFor();
  const failure = dialog.getByRole("alert").getByRole("listitem");
  assert.equal(await failure.innerText(), "partial 2: You don’t have permission for this");
  await page.unroute(`**/tokens/${tokens[2].id}/revoke*`);
  // Closed, the rest stays selected.
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByText("1 of 4 tokens selected").waitFor();
  await begin(page, "Revoke");
  await dialog.getByLabel("Owner has left").check();
  await dialog.getByRole("button", { name: "Revoke 1 token" }).click();
  await page.getByText("1 token revoked.").waitFor();
  assert.deepEqual(await statuses(tokens), Array(4).fill("revoked"));
});

test("a run can be stopped and continued", async (t) => {
  const tokens = await createTokens("stopped", 9);
  const page = await selectAll(t, "stopped", 9);
  const release = await hold(page, "POST", /\/disable$/);
  const dialog = await begin(page, "Disable");
  await dialog.getByRole("button", { name: "Disable 9 tokens" }).click();
  await dialog.getByText("0 of 9 tokens disabled").waitFor();
  await dialog.getByRole("button", { name: "Stop" }).click();
  release();
  await dialog.getByText("4 of 9 tokens disabled.").waitFor();
  assert.equal((await statuses(tokens)).filter((status) => status === "disabled").length, 4);
  await dialog.getByRole("button", { name: "Disable the other 5 tokens" }).click();
  await page.getByText("5 tokens disabled.").waitFor();
  assert.deepEqual(await statuses(tokens), Array(9).fill("disabled"));
});

test("a run cannot be closed while it is in flight", async (t) => {
  await createTokens("in flight", 2);
  const page = await selectAll(t, "flight", 2);
  const release = await hold(page, "POST", /\/disable$/);
  const dialog = await begin(page, "Disable");
  await dialog.getByRole("button", { name: "Disable 2 tokens" }).click();
  await dialog.getByText("0 of 2 tokens disabled").waitFor();
  for (let presses = 0; presses < 2; presses++) await page.keyboard.press("Escape");
  await page.evaluate(() => (location.hash = "#/catalog"));
  assert.equal(await dialog.count(), 1);
  release();
  await page.getByText("2 tokens disabled.").waitFor();
});

test("tokens to which an action does not apply are left out, and counted", async (t) => {
  const tokens = await createTokens("mixed", 3);
  await it.stack.call("POST", `/tokens/${tokens[0].id}/revoke`, {});
  await it.stack.call("POST", `/tokens/${tokens[1].id}/disable`);
  const page = await selectAll(t, "mixed", 3);
  const dialog = await begin(page, "Disable");
  await dialog.getByText("Left out: 1 token already").waitFor();
  assert.match(await dialog.innerText(), /1 token already revoked/);
  assert.match(await dialog.innerText(), /1 token already disabled/);
  await dialog.getByRole("button", { name: "Disable 1 token" }).click();
  await page.getByText("1 token disabled.").waitFor();
  assert.deepEqual(await statuses(tokens), ["revoked", "disabled", "disabled"]);
});

test("expirations are extended, and none is moved to an earlier time", async (t) => {
  const soon = await createTokens("extended", 2, { expires_in: "5d" });
  const late = await it.stack.createToken({ name: "extended late", expires_in: "200d" });
  const page = await selectAll(t, "extended", 3);
  const dialog = await begin(page, "Extend");
  await dialog.getByLabel("90 days").check();
  await dialog.getByText("Left out: 1 token with a later expiration.").waitFor();
  await dialog.getByRole("button", { name: "Extend 2 tokens" }).click();
  await page.getByText("2 tokens extended.").waitFor();
  const days = async ({ id }) => Math.round((Date.parse((await it.stack.call("GET", `/tokens/${id}`)).body.expires_at) - Date.now()) / 86_400_000);
  assert.deepEqual(await Promise.all([...soon, late].map(days)), [90, 90, 200]);
});

test("selected tokens that the filters hide are not changed", async (t) => {
  const tokens = [...(await createTokens("hidden", 2)), await it.stack.createToken({ name: "hidden shown" })];
  const page = await selectAll(t, "hidden", 3);
  await page.getByRole("searchbox").fill("hidden shown");
  await page.getByText("1 of 1 token selected").waitFor();
  const dialog = await begin(page, "Revoke");
  await dialog.getByRole("button", { name: "Revoke 1 token" }).click();
  await page.getByText("1 token revoked.").waitFor();
  assert.deepEqual(await statuses(tokens), ["active", "active", "revoked"]);
  await page.getByRole("searchbox").fill("hidden");
  await page.getByText("2 of 3 tokens selected").waitFor();
});

test("a selection outlives a visit to a token", async (t) => {
  const [token] = await createTokens("visited", 2);
  const page = await selectAll(t, "visited", 2);
  await openToken(page, token);
  await page.goBack();
  await page.getByText("2 of 2 tokens selected").waitFor();
  await page.getByRole("button", { name: "Clear selection" }).click();
  await page.getByText(/^Showing 2 of/).waitFor();
});

test("a run that an expired session interrupts is continued in the next one", async (t) => {
  const tokens = await createTokens("interrupted", 3);
  const page = await selectAll(t, "interrupted", 3);
  const dialog = await begin(page, "Revoke");
  await dialog.getByLabel("Owner has left").check();
  await page.route("**/revoke*", async (route) => (route.request().url().includes(tokens[0].id) ? route.continue() : route.fulfill({ status: 401, json: {} })));
  await dialog.getByRole("button", { name: "Revoke 3 tokens" }).click();
  await page.getByText("Your unsaved changes are kept in this tab.").waitFor();
  await page.unroute("**/revoke*");
  await providerButton(page).click();
  await page.getByRole("button", { name: /alice/ }).click();
  assert.ok(await dialog.getByLabel("Owner has left").isChecked());
  await dialog.getByRole("button", { name: /^Revoke \d tokens/ }).click();
  await page.getByText(/^\d tokens revoked\./).waitFor();
  assert.deepEqual(await statuses(tokens), Array(3).fill("revoked"));
  const reasons = await Promise.all(tokens.map(async ({ id }) => (await it.stack.call("GET", `/tokens/${id}`)).body.revoked_reason));
  assert.deepEqual(reasons, Array(3).fill("owner_left"));
});

test("the token of the current session is revoked last", async (t) => {
  const own = await it.stack.createToken({ name: "last own", permissions: ["*"], resources: ["*"], owner: "admin" });
  const others = await createTokens("last", 6);
  const page = await it.open(t);
  await signInWithToken(page, it.stack, own.token, "#/tokens?q=last");
  await page.getByRole("checkbox", { name: "Select all 7 tokens" }).check();
  const dialog = await begin(page, "Revoke");
  await dialog.getByText("You’re signed in with one of these tokens").waitFor();
  await dialog.getByRole("button", { name: "Revoke 7 tokens" }).click();
  await page.getByText(/^7 tokens revoked\./).waitFor();
  assert.deepEqual(await statuses([...others, own]), Array(7).fill("revoked"));
});
