// Unsaved changes outlive a session that expires.
import assert from "node:assert/strict";
import { test } from "node:test";
import { expireSession, openToken, providerButton, setUp, signIn, signInWithToken, storage } from "./browser.mjs";

const it = setUp();
const EXPIRED = "Your session has expired. Sign in again to continue where you left off.";
const KEPT = `${EXPIRED} Your unsaved changes are kept in this tab.`;

/** Presses the button in an expired session, and signs in again. */
async function signInAgain(page, button, { who = "alice", expected = KEPT } = {}) {
  const renew = await expireSession(page);
  await button.click();
  await page.getByRole("alert").getByText(expected, { exact: true }).waitFor();
  await renew();
  await providerButton(page).click();
  await page.getByRole("button", { name: new RegExp(who) }).click();
  await page.getByRole("navigation").waitFor();
}

const restored = (page) => page.getByText("Your unsaved changes were restored.").waitFor();
const stored = async (page) => JSON.stringify(await storage(page));

async function fillForm(page) {
  await page.getByLabel("Name", { exact: true }).fill("kept");
  await page.getByLabel("Description").fill("first line\nsecond line");
  await page.getByLabel(/^Owner/).fill("bob");
  await page.getByLabel("90 days").check();
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources (one per line)").fill("apps/billing");
  await page.getByLabel(/Allowed IP/).fill("127.0.0.1");
}

test("the form for a new token keeps its entries through signing in again", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  await fillForm(page);
  await signInAgain(page, page.getByRole("button", { name: "Create token" }));
  await restored(page);
  assert.equal(await stored(page), "{}", "nothing is stored during a session");
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("dialog", { name: "Leave this page?" }).getByRole("button", { name: "Keep editing" }).click();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: /Copy the secret for “kept”/ }).waitFor();
  const { body } = await it.stack.call("GET", "/tokens");
  const [created, ...others] = body.tokens.filter(({ name }) => name === "kept");
  assert.deepEqual(others, []);
  assert.deepEqual([created.owner, created.description, created.allowed_ips], ["bob", "first line\nsecond line", ["127.0.0.1"]]);
  assert.deepEqual(created.grants, [{ permissions: ["apps:read"], resources: ["apps/billing"] }]);
  assert.equal(Math.round((Date.parse(created.expires_at) - Date.now()) / 86_400_000), 90);
});

test("an attempt to create keeps its Idempotency-Key in the next session", async (t) => {
  const page = await it.open(t);
  const keys = [];
  page.on("request", (request) => request.method() === "POST" && keys.push(request.headers()["idempotency-key"]));
  await signIn(page, it.stack, { hash: "#/new" });
  await fillForm(page);
  const submit = page.getByRole("button", { name: "Create token" });
  keys.length = 0;
  await signInAgain(page, submit);
  await submit.click();
  await page.getByRole("heading", { name: /Copy the secret/ }).waitFor();
  const sent = keys.filter(Boolean);
  assert.equal(sent.length, 2);
  assert.equal(sent[0], sent[1]);
});

test("an edit is restored, with a change that someone else made", async (t) => {
  const token = await it.stack.createToken({ name: "edited" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByRole("button", { name: "Edit description" }).click();
  const description = page.getByLabel("Description", { exact: true });
  await description.fill("my draft");
  const { etag } = await it.stack.call("GET", `/tokens/${token.id}`);
  await it.stack.call("PATCH", `/tokens/${token.id}`, { description: "by someone else" }, { headers: { "if-match": etag } });
  await signInAgain(page, page.getByRole("button", { name: "Save" }));
  await restored(page);
  assert.equal(await description.inputValue(), "my draft");
  await page.getByRole("list", { name: "Their changes" }).getByText("Description: by someone else").waitFor();
  await page.getByRole("button", { name: "Save my edit" }).click();
  await page.getByText("Description updated.").waitFor();
});

test("the comment of a revocation is restored, and nothing is revoked", async (t) => {
  const token = await it.stack.createToken({ name: "commented" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  await page.getByLabel("Leaked or compromised").check();
  await page.getByRole("textbox", { name: /^Comment/ }).fill("found in a public log");
  await signInAgain(page, page.getByRole("button", { name: "Revoke token" }));
  const dialog = page.getByRole("dialog", { name: "Revoke “commented”?" });
  assert.equal(await dialog.getByRole("textbox", { name: /^Comment/ }).inputValue(), "found in a public log");
  assert.ok(await dialog.getByLabel("Leaked or compromised").isChecked());
  assert.equal((await it.stack.call("GET", `/tokens/${token.id}`)).body.status, "active");
});

test("the draft of the catalog is restored", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByRole("button", { name: "Edit" }).click();
  const text = page.getByLabel("Catalog (JSON)");
  const draft = (await text.inputValue()).replace("Restart an app", "Restart it");
  await text.fill(draft);
  await page.getByRole("button", { name: "Review changes" }).click();
  // A check of the impact that is under way would end the session before the button does.
  await page.getByText("No active token loses or gains a route.").waitFor();
  await signInAgain(page, page.getByRole("button", { name: "Save", exact: true }));
  await restored(page);
  assert.equal(await text.inputValue(), draft);
  assert.equal(await page.getByText(/Someone else saved/).count(), 0);
});

test("a draft of an expired session is restored after a reload", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  await fillForm(page);
  const renew = await expireSession(page);
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("alert").getByText(KEPT, { exact: true }).waitFor();
  await renew();
  await page.reload();
  await restored(page);
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "kept");
});

test("another user gets no draft, and it is gone", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  await fillForm(page);
  await signInAgain(page, page.getByRole("button", { name: "Create token" }), { who: "carol" });
  await page.getByLabel("Name", { exact: true }).waitFor();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "");
  assert.equal(await stored(page), "{}");
});

test("no credential is stored with a draft", async (t) => {
  const page = await it.open(t);
  await signInWithToken(page, it.stack, it.stack.admin, "#/new");
  const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
  await page.getByLabel("Name", { exact: true }).fill("pasted");
  await page.getByLabel("Description").fill(`mine:\n${it.stack.admin}\n${jwt}`);
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("All resources").check();
  const renew = await expireSession(page);
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Your unsaved changes are kept in this tab.").waitFor();
  const kept = await stored(page);
  assert.match(kept, /portcullis\.drafts/);
  assert.ok(!kept.includes(it.stack.admin.slice(20)) && !kept.includes(jwt), kept);
  await renew();
  await page.getByText("Sign in with an API token").click();
  await page.getByLabel("API token", { exact: true }).fill(it.stack.admin);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await restored(page);
  assert.equal(await page.getByLabel("Description").inputValue(), `mine:\n${it.stack.admin.slice(4, 20)}\n…`);
});

test("signing out keeps nothing", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  await fillForm(page);
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Discard and leave" }).click();
  await page.getByText("You’ve signed out.").waitFor();
  assert.equal(await stored(page), "{}");
});

test("a session that expires without unsaved changes says nothing about them", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  await signInAgain(page, page.getByRole("link", { name: "Tokens", exact: true }), { expected: EXPIRED });
});

test("a session that expires soon warns, and a form survives signing in again", async (t) => {
  const page = await it.open(t);
  // A provider that does not renew sessions.
  await page.route("**/dev/token", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), refresh_token: undefined } });
  });
  await page.clock.install();
  await signIn(page, it.stack, { hash: "#/new" });
  await fillForm(page);
  const warning = page.locator(".session-warning");
  assert.equal(await warning.count(), 0);
  await page.clock.fastForward("07:57:00");
  await warning.getByText(/^Your session expires in \d minutes\./).waitFor();
  await page.getByRole("button", { name: "Sign in again" }).click();
  await page.getByRole("button", { name: /alice/ }).click();
  await restored(page);
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "kept");
  assert.equal(await stored(page), "{}", "nothing is stored during a session");
});
