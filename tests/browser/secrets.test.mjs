// Nothing secret stays anywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copySecret, setUp, shownSecret, signIn, signInWithToken } from "./browser.mjs";

const it = setUp();

/** Everything that a page leaves behind, as text. */
async function left(page) {
  const inside = await page.evaluate(async () => {
    const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
    const databases = await indexedDB.databases();
    const caches_ = await caches.keys();
    const kept = [{ ...localStorage }, { ...sessionStorage }, databases, caches_, document.cookie, history.state];
    return JSON.stringify([document.documentElement.outerHTML, fields, kept, location.href, window.name]);
  });
  return inside + JSON.stringify(await page.context().cookies());
}

/** Records what is asked for, so that no address holds a secret. */
function addresses(page) {
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  return asked;
}

async function make(page) {
  await page.keyboard.press("n");
  await page.getByLabel("Name", { exact: true }).fill("made here");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Everything").check();
  await page.getByRole("button", { name: "Create the token" }).click();
  await page.getByRole("heading", { name: /Copy the secret of/ }).waitFor();
  return await shownSecret(page);
}

test("a new secret is nowhere after its page was left, nor when one goes back", async (t) => {
  const page = await it.open(t);
  const asked = addresses(page);
  await signIn(page, it.stack);
  const secret = await make(page);
  assert.ok((await left(page)).includes(secret), "while it is shown it can be found, or this test finds nothing");
  await copySecret(page);
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "made here" }).waitFor();
  assert.ok(!(await left(page)).includes(secret.slice(20)));
  await page.goBack();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.ok(!(await left(page)).includes(secret.slice(20)));
  assert.ok(!asked.some((url) => url.includes(secret.slice(20))));
});

test("a pasted token is nowhere, neither while it is used nor after a sign-out", async (t) => {
  const page = await it.open(t);
  const asked = addresses(page);
  await signInWithToken(page, it.stack, it.stack.admin);
  await page.getByRole("navigation").waitFor();
  assert.ok(!(await left(page)).includes(it.stack.admin.slice(20)));
  await page.locator("summary", { hasText: "admin" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out").waitFor();
  assert.ok(!(await left(page)).includes(it.stack.admin.slice(20)));
  assert.ok(!asked.some((url) => url.includes(it.stack.admin.slice(20))));
});

test("neither session, code nor verifier stays behind a sign-in", async (t) => {
  const page = await it.open(t);
  const answers = [];
  page.on("response", async (response) => {
    if (response.request().method() === "POST" && response.url().endsWith("/token")) {
      answers.push({ sent: response.request().postData(), got: await response.json() });
    }
  });
  await signIn(page, it.stack);
  await page.getByText(/^\d+ tokens?\./).first().waitFor();
  const [{ sent, got }] = answers;
  const form = new URLSearchParams(sent);
  const secrets = [form.get("code"), form.get("code_verifier"), got.id_token, got.access_token, got.refresh_token].filter(Boolean);
  assert.ok(secrets.length >= 3);
  const remains = await left(page);
  for (const secret of secrets) assert.ok(!remains.includes(secret), "something of the sign-in is left");
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
  assert.equal(new URL(page.url()).search, "");
});

test("a whole token that is pasted into the search is cut to its id", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByRole("searchbox").fill(it.stack.admin);
  await page.getByText(/^\d+ of \d+/).first().waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), it.stack.admin.slice(4, 20));
  assert.ok(!(await left(page)).includes(it.stack.admin.slice(20)));
});
