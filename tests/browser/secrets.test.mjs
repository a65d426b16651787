// Secrets are not left anywhere in the browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copySecret, setUp, shownSecret, signIn, signInWithToken } from "./browser.mjs";

const it = setUp();

/** The page's document, fields, storage, cookies and URL as text. */
async function contents(page) {
  const inside = await page.evaluate(async () => {
    const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
    const databases = await indexedDB.databases();
    const caches_ = await caches.keys();
    const kept = [{ ...localStorage }, { ...sessionStorage }, databases, caches_, document.cookie, history.state];
    return JSON.stringify([document.documentElement.outerHTML, fields, kept, location.href, window.name]);
  });
  return inside + JSON.stringify(await page.context().cookies());
}

/** Records the URLs of all requests. */
function recordUrls(page) {
  const urls = [];
  page.on("request", (request) => urls.push(request.url()));
  return urls;
}

async function createToken(page) {
  await page.keyboard.press("n");
  await page.getByLabel("Name", { exact: true }).fill("created here");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("All resources").check();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: /Copy the secret for/ }).waitFor();
  return await shownSecret(page);
}

test("a new secret is gone after leaving its page, even after going back", async (t) => {
  const page = await it.open(t);
  const urls = recordUrls(page);
  await signIn(page, it.stack);
  const secret = await createToken(page);
  assert.ok((await contents(page)).includes(secret), "the secret is found while it is shown");
  await copySecret(page);
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "created here" }).waitFor();
  assert.ok(!(await contents(page)).includes(secret.slice(20)));
  await page.goBack();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.ok(!(await contents(page)).includes(secret.slice(20)));
  assert.ok(!urls.some((url) => url.includes(secret.slice(20))));
});

test("a pasted token is stored nowhere, before and after sign-out", async (t) => {
  const page = await it.open(t);
  const urls = recordUrls(page);
  await signInWithToken(page, it.stack, it.stack.admin);
  await page.getByRole("navigation").waitFor();
  assert.ok(!(await contents(page)).includes(it.stack.admin.slice(20)));
  await page.locator("summary", { hasText: "admin" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You’ve signed out.").waitFor();
  assert.ok(!(await contents(page)).includes(it.stack.admin.slice(20)));
  assert.ok(!urls.some((url) => url.includes(it.stack.admin.slice(20))));
});

test("a sign-in leaves no token, code or verifier", async (t) => {
  const page = await it.open(t);
  const exchanges = [];
  page.on("response", async (response) => {
    if (response.request().method() === "POST" && response.url().endsWith("/token")) {
      exchanges.push({ sent: response.request().postData(), received: await response.json() });
    }
  });
  await signIn(page, it.stack);
  await page.getByText(/^\d+ tokens?/).first().waitFor();
  await page.reload();
  await page.getByText(/^\d+ tokens?/).first().waitFor();
  const secrets = exchanges.flatMap(({ sent, received }) => {
    const form = new URLSearchParams(sent);
    return [form.get("code"), form.get("code_verifier"), received.id_token, received.access_token, received.refresh_token].filter(Boolean);
  });
  assert.equal(secrets.length, 10, "of the sign-in and of the silent one");
  const remains = await contents(page);
  for (const secret of secrets) assert.ok(!remains.includes(secret), "a value of the sign-in is left");
  const stored = await page.evaluate(() => ({ ...sessionStorage, ...localStorage }));
  assert.deepEqual(stored, { "portcullis.signed-in": `${it.stack.url}/dev` });
  assert.equal(new URL(page.url()).search, "");
});

test("a token that is pasted into the search is cut to its ID", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByRole("searchbox").fill(it.stack.admin);
  await page.getByText(/^Showing \d+ of \d+/).first().waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), it.stack.admin.slice(4, 20));
  assert.ok(!(await contents(page)).includes(it.stack.admin.slice(20)));
});
