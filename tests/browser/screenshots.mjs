// Takes the screenshots of docs/console.md.
import { mkdir } from "node:fs/promises";
import { copySecret, launch, makeOlder, newContext, openToken, providerButton, signIn } from "./browser.mjs";
import { Stack } from "./stack.mjs";

const PLACE = new URL("../../docs/console/", import.meta.url);
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

async function fill(stack) {
  const deploy = await stack.createToken({
    name: "GitHub Actions, billing, production",
    description: "deploy.yml of the billing service; ask the billing team",
    grants: [
      { permissions: ["apps:read", "apps:write", "builds:read", "builds:write", "releases:read"], resources: ["apps/billing", "builds/billing"] },
      { permissions: ["apps:read"], resources: ["apps/*"] },
    ],
    expires_in: "90d",
  });
  await stack.demoStatus("/apps/billing", deploy.token);
  await stack.demoStatus("/builds/billing", deploy.token, "POST");
  await stack.createToken({ name: "monitoring, staging", permissions: ["*:read"], resources: ["*"], expires_in: "5d" });
  const rotated = await stack.createToken({ name: "nightly report", owner: "bob", permissions: ["builds:read"], resources: ["builds/*"] });
  await stack.call("POST", `/tokens/${rotated.id}/rotate`, {});
  await stack.demoStatus("/builds/x", rotated.token);
  const paused = await stack.createToken({ name: "release notes", owner: "carol", role: "viewer", resources: ["apps/shop"], expires_in: "60d" });
  await stack.call("POST", `/tokens/${paused.id}/disable`);
  const revoked = await stack.createToken({ name: "old import script", owner: "bob" });
  await stack.call("POST", `/tokens/${revoked.id}/revoke`, { reason: "leaked", comment: "It was in a build log." });
  await requestApprovals(stack);
  return deploy;
}

/** Three requests for approval, of which the second was rejected. */
async function requestApprovals(stack) {
  const token = await stack.createToken({ name: "release pipeline", owner: "carol", permissions: ["releases:write"], resources: ["releases"], expires_in: "60d" });
  const request = (resource, reason, link) => stack.call("POST", "/approvals", { permission: "releases:write", resource, reason, link }, { token: token.token });
  await request("releases/shop-2.0.3", "Deploy 2.0.3 to production", "https://ci.example.com/runs/4711");
  const { body: early } = await request("releases/billing-1.5.0", "Deploy 1.5.0 before the invoice run");
  const sessionOf = await fetch(`${stack.url}/dev/sign-in`, { method: "POST", body: new URLSearchParams({ name: "bob", groups: "portcullis-admin" }) });
  const { session } = await sessionOf.json();
  await stack.call("POST", `/approvals/${early.id}/reject`, { comment: "After the invoice run, please." }, { token: session });
  await request("releases/billing-1.4.2", "Deploy 1.4.2\nCorrects the tax on invoices", "https://ci.example.com/runs/4712");
}

/** Opens each page with example data. */
async function* pages(page, stack, deploy) {
  await page.goto(`${stack.url}/console/`);
  await providerButton(page).waitFor();
  yield "sign-in";
  // Tokens do not need attention from the start.
  await makeOlder(page, { "GitHub Actions, billing, production": 40, "monitoring, staging": 25, "old import script": 60 });
  await signIn(page, stack);
  await page.getByText("Old secret still in use").first().waitFor();
  await page.getByText("3 of 5 permissions unused").first().waitFor();
  yield "list";
  await page.getByRole("checkbox", { name: /^Select all/ }).check();
  await page.getByRole("button", { name: "Revoke…" }).click();
  await page.getByLabel("No longer needed").check();
  yield "bulk";
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Clear selection" }).click();
  await page.evaluate(() => (location.hash = "#/new"));
  await page.getByLabel("Name", { exact: true }).fill("GitLab, shop, staging");
  for (const name of ["apps:read", "apps:restart"]) await page.getByLabel(new RegExp(`^${name}`)).check();
  await page.getByLabel("Resources (one per line)").fill("apps/shop");
  await page.getByText("/apps/shop, /apps/shop/**").first().waitFor();
  await page.getByLabel("Resources (one per line)").blur();
  // High enough for the permissions.
  const { width, height } = page.viewportSize();
  await page.setViewportSize({ width, height: 1100 });
  yield "new";
  await page.setViewportSize({ width, height });
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: /Copy the secret/ }).waitFor();
  yield "secret";
  await copySecret(page);
  await openToken(page, deploy);
  await page.getByText(/permissions used in the last/).first().waitFor();
  yield "token";
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  await page.getByRole("dialog").waitFor();
  yield "revoke";
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Remove unused permissions" }).click();
  await page.getByRole("dialog").waitFor();
  yield "tighten";
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Approvals" }).click();
  await page.getByText("After the invoice run, please.").waitFor();
  await page.keyboard.press("j");
  yield "approvals";
  await page.keyboard.press("a");
  await page.getByRole("dialog").waitFor();
  yield "approve";
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Activity" }).click();
  await page.getByText("revoked old import script").waitFor();
  yield "activity";
  await page.evaluate(() => (location.hash = "#/catalog"));
  await page.getByRole("button", { name: "Edit" }).click();
  const text = page.getByLabel("Catalog (JSON)");
  const route = '"routes": [{ "match": "POST /apps/{app}/restart", "permission": "apps:restart", "resource": "apps/{app}" }]';
  await text.fill((await text.inputValue()).replace('"routes": []', route));
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByRole("dialog").locator("summary").first().click();
  await page.getByRole("dialog").getByText("GitHub Actions").waitFor();
  yield "catalog";
}

const browser = await launch();
await mkdir(PLACE, { recursive: true });
const views = { "": {}, "-dark": { colorScheme: "dark" }, "-phone": PHONE };
for (const [suffix, options] of Object.entries(views)) {
  const stack = await Stack.start();
  const deploy = await fill(stack);
  const page = await (await newContext(browser, { viewport: { width: 1200, height: 800 }, reducedMotion: "reduce", ...options })).newPage();
  for await (const name of pages(page, stack, deploy)) {
    if (suffix === "-phone" && !["list", "token"].includes(name)) continue;
    if (suffix === "-dark" && !["list", "token"].includes(name)) continue;
    await page.mouse.move(0, 0);
    // Dialogs show what the page behind them is about.
    if (name !== "tighten") await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: new URL(`${name}${suffix}.png`, PLACE).pathname });
  }
  await stack.stop();
}
await browser.close();
