// Signing in to the console at a certified OpenID Connect provider.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { launch, newContext } from "./browser.mjs";
import { Stack } from "./stack.mjs";

let provider, issuer, stack, browser;
before(async () => {
  provider = spawn("node", [new URL("../oidc/provider.mjs", import.meta.url).pathname], { stdio: ["pipe", "pipe", "inherit"] });
  [issuer] = await once(createInterface({ input: provider.stdout }), "line");
  const flags = ["--oidc-issuer", issuer, "--oidc-audience", "portcullis", "--oidc-scopes", "openid groups"];
  [stack, browser] = await Promise.all([Stack.start({ flags }), launch()]);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  provider?.stdin.end();
});

test("a reload stays signed in while the provider's session lasts", async (t) => {
  const context = await newContext(browser);
  t.after(() => context.close());
  // The provider's pages want fonts from elsewhere.
  await context.route(({ origin }) => ![stack.url, issuer].includes(origin), (route) => route.abort());
  const page = await context.newPage();
  const button = page.getByRole("button", { name: "Sign in with 127.0.0.1" });
  await page.goto(`${stack.url}/console/#/catalog`);
  await button.click();
  await page.getByPlaceholder("Enter any login").fill("alice");
  await page.getByPlaceholder("and password").fill("any will do");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  await page.locator("summary", { hasText: "alice" }).waitFor();
  await context.clearCookies();
  await page.reload();
  await button.waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  assert.equal(page.url(), `${stack.url}/console/#/catalog`);
});
