// WCAG 2.2 AA as far as axe can check, in several viewports and color schemes, and keyboard use.
import assert from "node:assert/strict";
import { test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { openToken, providerButton, setUp, shownSecret, signIn, tabTo } from "./browser.mjs";

const it = setUp();
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const VIEWS = {
  "in light": { colorScheme: "light" },
  "in dark": { colorScheme: "dark" },
  "on a phone": { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  // 1280 x 900 at 200 % zoom.
  "at 200 %": { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
};

/** Checks the current page with axe, and that it does not scroll sideways. */
async function check(page, where) {
  // Wait for animations: their intermediate colors fail the contrast check.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
  assert.deepEqual(found, [], where);
  // Not innerWidth: a mobile browser zooms out of a page that is too wide.
  const beyond = (await page.evaluate(() => document.documentElement.scrollWidth)) - page.viewportSize().width;
  assert.ok(beyond <= 0, `${where} is ${beyond} px wider than the window`);
}

for (const [view, options] of Object.entries(VIEWS)) {
  test(`all pages and dialogs pass axe and fit the window ${view}`, async (t) => {
    const { stack } = it;
    const token = await stack.createToken({ name: `checked ${view}`, permissions: ["apps:read", "apps:write"], expires_in: "3d" });
    await stack.demoStatus("/apps/billing", token.token);
    await stack.deny("/apps/payroll", token);
    await stack.usage(token, ({ daily_counts: days }) => days.length > 0);
    const { body: catalog } = await stack.call("GET", "/catalog");
    for (const strict of [true, false]) await stack.setCatalog({ ...catalog, strict });
    const page = await it.open(t, options);
    await page.goto(`${stack.url}/console/`);
    await providerButton(page).waitFor();
    await check(page, "sign-in");
    await signIn(page, stack);
    await page.getByText(/^\d+ tokens?/).first().waitFor();
    await check(page, "list");
    const filters = page.getByRole("button", { name: "Filters" });
    if (await filters.isVisible()) await filters.click();
    await page.getByLabel("Group by owner").check();
    await page.getByRole("cell", { name: /^alice \d+ token/ }).waitFor();
    await check(page, "list, grouped");
    await page.getByRole("checkbox", { name: /^Select all/ }).check();
    await check(page, "list, all selected");
    for (const name of ["Revoke…", "Disable…", "Extend…"]) {
      await page.getByRole("button", { name }).click();
      await page.getByRole("dialog").waitFor();
      await check(page, `${name} of several`);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "Clear selection" }).click();
    await page.getByRole("searchbox").fill("nothing like this");
    await check(page, "nothing found");
    await page.keyboard.press("Escape");
    await page.evaluate(() => (location.hash = "#/new"));
    await page.getByLabel("Name", { exact: true }).fill("checked");
    await page.getByLabel(/^apps:write/).check();
    await page.getByLabel("Resources (one per line)").fill("../x");
    await page.getByLabel("Never").check();
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByRole("alert").waitFor();
    await check(page, "new, with errors");
    await page.getByLabel("Use a role").check();
    await check(page, "new, by role");
    await page.getByLabel("Custom permissions").check();
    await page.getByLabel("Resources (one per line)").fill("apps/billing");
    await page.getByLabel("Custom date").check();
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByRole("heading", { name: /Copy the secret/ }).waitFor();
    await check(page, "secret");
    await page.evaluate(() => (location.hash = "#/catalog"));
    await page.getByRole("dialog").waitFor();
    await check(page, "leaving");
    await page.getByRole("button", { name: "Leave without copying" }).click();
    await page.getByRole("link", { name: "Activity" }).click();
    await page.locator(".activity > li").first().waitFor();
    await check(page, "activity");
    await page.getByLabel(/^Period/).selectOption("Custom dates");
    await page.getByLabel(/^From/).waitFor();
    await check(page, "activity of custom dates");
    await page.getByRole("link", { name: "Catalog" }).click();
    await page.getByRole("button", { name: "Edit" }).waitFor();
    await check(page, "catalog");
    await page.getByText("Version history").click();
    await page.getByRole("button", { name: /^Compare version/ }).first().click();
    await page.getByRole("button", { name: "Restore this version" }).waitFor();
    await check(page, "catalog, an earlier version");
    await page.keyboard.press("Escape");
    await check(page, "catalog, versions");
    await page.getByRole("button", { name: "Edit" }).click();
    const text = page.getByLabel("Catalog (JSON)");
    const before = await text.inputValue();
    await text.fill(before.replace('"apps:read"', '"apps read"'));
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/Not saved: \d+ error/).waitFor();
    await check(page, "catalog, with errors");
    await text.fill(before.replace('"routes": []', '"routes": [{ "match": "GET /apps/{app}", "permission": "apps:restart" }]'));
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByRole("dialog").locator("summary").first().click();
    await page.getByRole("dialog").getByRole("listitem").filter({ hasText: token.id }).waitFor();
    await check(page, "catalog, impact and diff");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Discard changes" }).click();
    await openToken(page, token);
    await page.getByText(/permissions used in the last/).first().waitFor();
    await page.getByRole("heading", { name: "Recent denials" }).waitFor();
    await page.getByText("Show as a table").click();
    await check(page, "token");
    await page.getByRole("button", { name: "Add apps:read on apps/payroll" }).click();
    await check(page, "adding what was denied");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Discard changes" }).click();
    for (const name of ["Rotate", "Disable", "Revoke", "Delete", "Remove unused permissions"]) {
      await page.getByRole("button", { name, exact: true }).click();
      await page.getByRole("dialog").waitFor();
      await check(page, name);
      await page.keyboard.press("Escape");
    }
    for (const part of ["name", "permissions", "expiration"]) {
      await page.getByRole("button", { name: `Edit ${part}` }).click();
      await check(page, `edit ${part}`);
      await page.getByRole("button", { name: "Cancel" }).click();
    }
    await page.getByLabel("Path").fill("https://abc123.execute-api.eu-central-1.amazonaws.com/prod/apps/shop");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText(/Denied/).first().waitFor();
    await check(page, "explained");
    await page.keyboard.press("?").catch(() => {});
    await page.evaluate(() => (location.hash = "#/tokens/0000000000000000"));
    await page.getByRole("alert").waitFor();
    await check(page, "no such token");
  });
}

test("a token can be created, opened and revoked by keyboard", async (t) => {
  const page = await it.open(t);
  await page.goto(`${it.stack.url}/console/`);
  await providerButton(page).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /alice/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByText(/^\d+ tokens?/).first().waitFor();
  await page.keyboard.press("n");
  await page.getByLabel("Name", { exact: true }).waitFor();
  await tabTo(page, "name");
  await page.keyboard.type("by keyboard");
  await tabTo(page, (it) => it.startsWith("apps:read"));
  await page.keyboard.press("Space");
  await tabTo(page, (it) => it.startsWith("Resources (one per line)"));
  await page.keyboard.type("apps/billing");
  await tabTo(page, (it) => it === "Create token");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /Copy the secret/ }).waitFor();
  const id = (await shownSecret(page)).slice(4, 20);
  await tabTo(page, (it) => it === "Copy the secret");
  await page.keyboard.press("Enter");
  await tabTo(page, (it) => it.startsWith("Done"));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "by keyboard" }).waitFor();
  await tabTo(page, (it) => it === "Revoke");
  await page.keyboard.press("Enter");
  await tabTo(page, (it) => it === "Revoke token");
  await page.keyboard.press("Enter");
  await page.getByText(/” revoked\./).waitFor();
  assert.equal((await it.stack.call("GET", `/tokens/${id}`)).body.status, "revoked");
});

test("nothing moves with reduced motion", async (t) => {
  const page = await it.open(t, { reducedMotion: "reduce" });
  await signIn(page, it.stack);
  await page.getByText(/^\d+ tokens?/).first().waitFor();
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll("*")].filter((one) => {
      const { transitionDuration, animationDuration } = getComputedStyle(one);
      return [transitionDuration, animationDuration].some((text) => text.split(",").some((each) => parseFloat(each) > 0));
    }).length,
  );
  assert.equal(moving, 0);
});

test("single-key shortcuts can be turned off and on", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByText(/^\d+ tokens?/).first().waitFor();
  await page.keyboard.press("?");
  await page.getByRole("checkbox", { name: /Single-key shortcuts/ }).uncheck();
  await check(page, "keys");
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await page.keyboard.press("?");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.getByRole("heading", { name: "Tokens", exact: true }).waitFor();
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await page.getByRole("checkbox", { name: /Single-key shortcuts/ }).check();
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await page.getByRole("heading", { name: "New token" }).waitFor();
});
