// Signing in and out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describedBy, expireSession, providerButton, setUp, signIn, signInWithToken, signOut } from "./browser.mjs";

const it = setUp();

/** Records the `prompt` of each request for a sign-in. */
function recordSignIns(page) {
  const prompts = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === "/dev/authorize" && request.method() === "GET") prompts.push(searchParams.get("prompt"));
  });
  return prompts;
}

test("signing in takes two clicks and returns to the requested page", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  assert.equal(new URL(page.url()).search, "", "neither code nor state stays in the URL");
});

test("an API token signs in", async (t) => {
  const page = await it.open(t);
  await signInWithToken(page, it.stack, it.stack.admin);
  await page.getByRole("heading", { name: "Tokens", exact: true }).waitFor();
});

test("an invalid token is rejected at its field, which is cleared", async (t) => {
  const page = await it.open(t);
  await signInWithToken(page, it.stack, "pcl_nonsense");
  const field = page.getByLabel("API token", { exact: true });
  await page.locator('[aria-invalid="true"]').and(field).and(page.locator(":focus")).waitFor();
  assert.match(await describedBy(field), /That token wasn’t accepted\. It may be incomplete/);
  assert.equal(await field.inputValue(), "");
  await field.fill("ключ");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("That doesn’t look like a token.").waitFor();
  assert.match(await describedBy(field), /That doesn’t look like a token/);
});

test("a token that is revoked signs out with the reason", async (t) => {
  const created = await it.stack.createToken({ permissions: ["*"], resources: ["*"], owner: "admin" });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, created.token, "#/catalog");
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  await it.stack.call("POST", `/tokens/${created.id}/revoke`);
  await page.getByRole("link", { name: "Tokens" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByText(/This token has expired, or was disabled or revoked/).waitFor();
});

test("a reload, a new tab and a deep link stay signed in", async (t) => {
  const token = await it.stack.createToken({ name: "linked" });
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  const entries = await page.evaluate(() => history.length);
  await page.reload();
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  assert.equal(page.url(), `${it.stack.url}/console/#/catalog`);
  assert.equal(await page.evaluate(() => history.length), entries, "going back does not lead to the provider");
  const tab = await page.context().newPage();
  await tab.goto(`${it.stack.url}/console/#/tokens/${token.id}`);
  await tab.getByRole("heading", { name: "linked" }).waitFor();
  assert.equal(tab.url(), `${it.stack.url}/console/#/tokens/${token.id}`);
});

test("signing out survives a reload, and the next sign-in asks who it is", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await signOut(page, "alice");
  const asked = recordSignIns(page);
  await page.reload();
  await providerButton(page).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  assert.deepEqual(asked, []);
  await providerButton(page).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Sign-in was cancelled or denied.").waitFor();
  await signIn(page, it.stack, { who: "bob" });
  assert.deepEqual(asked, ["login", "login"]);
  await page.reload();
  await page.locator("summary", { hasText: "bob" }).waitFor();
});

test("an ended session of the provider leads to the sign-in page quietly", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  const asked = recordSignIns(page);
  for (const attempts of [["none"], ["none"]]) {
    await page.context().clearCookies();
    await page.reload();
    await providerButton(page).waitFor();
    assert.equal(page.url(), `${it.stack.url}/console/#/catalog`);
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.deepEqual(asked, attempts, "the provider is asked once");
  }
  await providerButton(page).click();
  await page.getByRole("button", { name: /alice/ }).click();
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
});

test("another error of a silent sign-in is shown once", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  const refuse = async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const back = new URL(asked.get("redirect_uri"));
    back.search = new URLSearchParams({ error: "temporarily_unavailable", state: asked.get("state"), iss: `${it.stack.url}/dev` });
    await route.fulfill({ status: 303, headers: { location: back.href } });
  };
  await page.route("**/dev/authorize?*", refuse);
  await page.reload();
  await page.getByRole("alert").getByText("The sign-in provider returned an error: temporarily_unavailable").waitFor();
  await page.reload();
  await providerButton(page).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
});

test("a provider that keeps the browser is asked once", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.route("**/dev/authorize?*", (route) => route.fulfill({ contentType: "text/html", body: "<title>Out of order</title>" }));
  await page.reload();
  await page.waitForFunction(() => document.title === "Out of order");
  await page.goto(`${it.stack.url}/console/#/catalog`);
  await providerButton(page).waitFor();
});

test("a reload forgets an API token, also after a sign-in at the provider", async (t) => {
  const page = await it.open(t);
  await signInWithToken(page, it.stack, it.stack.admin);
  await page.locator("summary", { hasText: "admin" }).waitFor();
  await page.reload();
  await providerButton(page).waitFor();
  await signIn(page, it.stack);
  await expireSession(page);
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByText("Your session has expired.").waitFor();
  await page.unrouteAll();
  await page.getByText("Sign in with an API token").click();
  await page.getByLabel("API token", { exact: true }).fill(it.stack.admin);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator("summary", { hasText: "admin" }).waitFor();
  await page.reload();
  await providerButton(page).waitFor();
});

test("an unsolicited redirect does not sign in", async (t) => {
  const page = await it.open(t);
  await page.goto(`${it.stack.url}/console/?code=x&state=y&iss=z`);
  await page.getByRole("alert").waitFor();
  assert.equal(new URL(page.url()).search, "");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("the search is cleared on sign-out", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByRole("searchbox").fill("secret project");
  await signOut(page, "alice");
  await signIn(page, it.stack, { who: "bob" });
  assert.equal(await page.getByRole("searchbox").inputValue(), "");
});

test("the button names the sign-in provider", async (t) => {
  const page = await it.open(t);
  await page.route("**/.well-known/oauth-protected-resource", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), authorization_servers: ["https://id.example.com/realms/staff"] } });
  });
  await page.goto(`${it.stack.url}/console/`);
  await page.getByRole("button", { name: "Sign in with id.example.com", exact: true }).waitFor();
});

test("an API token signs in while the sign-in settings are unavailable", async (t) => {
  const page = await it.open(t);
  await page.route("**/.well-known/oauth-protected-resource", (route) => route.fulfill({ status: 503, json: {} }));
  await signInWithToken(page, it.stack, it.stack.admin);
  await page.getByRole("heading", { name: "Tokens", exact: true }).waitFor();
});
