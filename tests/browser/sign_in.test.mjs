// Signing in and out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, signIn, signInWithToken } from "./browser.mjs";

const it = setUp();

test("one click on the console and one on a person sign in, and the page that was wanted comes", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  assert.equal(new URL(page.url()).search, "", "neither code nor state stays in the address");
});

test("an API token signs in, and its field is emptied at once", async (t) => {
  const page = await it.open(t);
  await signInWithToken(page, it.stack, it.stack.admin);
  await page.getByRole("heading", { name: "Tokens", exact: true }).waitFor();
});

test("a token that is none is refused in a sentence", async (t) => {
  const page = await it.open(t);
  await signInWithToken(page, it.stack, "pcl_nonsense");
  const said = await page.getByRole("alert").innerText();
  assert.match(said, /The service does not take it\. Check that it is whole/);
  assert.equal(await page.getByLabel("API token", { exact: true }).inputValue(), "");
});

test("a token that is revoked meanwhile leads back to the sign-in, which says why", async (t) => {
  const made = await it.stack.token({ permissions: ["*"], resources: ["*"], owner: "admin" });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, made.token, "#/catalog");
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  await it.stack.call("POST", `/tokens/${made.id}/revoke`);
  await page.getByRole("link", { name: "Tokens" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByText(/does not take this token any more/).waitFor();
});

test("signing out forgets the session, and so does a reload", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out").waitFor();
  await signIn(page, it.stack);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a return that nobody set out for signs nobody in", async (t) => {
  const page = await it.open(t);
  await page.goto(`${it.stack.url}/console/?code=x&state=y&iss=z`);
  await page.getByRole("alert").waitFor();
  assert.equal(new URL(page.url()).search, "");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("what one person searched for is not there for the next", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByRole("searchbox").fill("secret project");
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out").waitFor();
  await signIn(page, it.stack, { who: "bob" });
  assert.equal(await page.getByRole("searchbox").inputValue(), "");
});
