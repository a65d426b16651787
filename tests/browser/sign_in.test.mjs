// Signing in and out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describedBy, setUp, signIn, signInWithToken } from "./browser.mjs";

const it = setUp();

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

test("signing out and reloading end the session", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You’ve signed out.").waitFor();
  await signIn(page, it.stack);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
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
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You’ve signed out.").waitFor();
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
