// The catalog page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hold, setUp, signIn, signInWithGroups, tabTo } from "./browser.mjs";

const it = setUp();

async function edit(t, options) {
  const page = await it.open(t, options);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByRole("button", { name: "Edit" }).click();
  const text = page.getByLabel("Catalog (JSON)");
  return { page, text, before: await text.inputValue() };
}

test("the catalog page shows permissions, roles and routes", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  for (const text of ["apps:restart", "Restart an app", "deployer"]) await page.getByText(text).first().waitFor();
});

async function save(page) {
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByRole("button", { name: "Save" }).click();
}

test("a syntax error shows its line while typing and prevents saving", async (t) => {
  const { page, text, before } = await edit(t);
  await text.fill(before.replace('"apps:read"', '"apps:read'));
  await page.getByText("1 error").waitFor();
  await page.getByRole("button", { name: /^Line \d+$/ }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Review changes" }).isDisabled());
});

test("errors of the service show their lines, and the draft is kept", async (t) => {
  const { page, text, before } = await edit(t);
  const saved = (await it.stack.call("GET", "/catalog")).body;
  const invalid = before.replace('"apps:read"', '"apps read"').replace('"strict": false', '"strict": 1');
  await text.fill(invalid);
  await save(page);
  await page.getByText("Not saved: 2 errors").waitFor();
  const line = invalid.slice(0, invalid.indexOf('"apps read"')).split("\n").length;
  const error = page.getByRole("listitem").filter({ hasText: "permissions.apps read" });
  assert.match(await error.textContent(), new RegExp(`^Line ${line} `));
  assert.equal(await text.inputValue(), invalid);
  assert.deepEqual((await it.stack.call("GET", "/catalog")).body, saved);
  await text.fill(before.replace("Restart an app", "Restart one app"));
  await error.waitFor();
  await save(page);
  await page.getByText(/Catalog saved/).waitFor();
});

test("lines are numbered, and errors are marked in the margin", async (t) => {
  const { page, text, before } = await edit(t, { viewport: { width: 390, height: 844 } });
  const margin = page.locator(".line-numbers");
  const routes = Array.from({ length: 40 }, (_, at) => ({ match: `GET /long/${at}`, permission: at === 30 ? "not valid" : "apps:read" }));
  const long = JSON.stringify({ ...JSON.parse(before), routes }, null, 2);
  await text.fill(`${long}]`);
  const lines = long.split("\n");
  const marks = margin.locator("b");
  await marks.waitFor();
  assert.deepEqual(await marks.evaluateAll((all) => all.map(({ innerText, title }) => [innerText.trim(), title])), [
    [`✕ ${lines.length}`, "unexpected content after the end"],
  ]);
  const numbers = lines.map((_, at) => `${at === lines.length - 1 ? "✕ " : ""}${at + 1}`);
  assert.deepEqual((await margin.innerText()).trim().split("\n"), numbers);
  await text.fill(long);
  await save(page);
  await page.getByText("Not saved: 1 error").waitFor();
  const number = lines.findIndex((line) => line.includes("not valid")) + 1;
  assert.equal((await marks.innerText()).trim(), `✕ ${number}`);
  assert.match(await marks.getAttribute("title"), /^routes\[30\]\.permission "not valid" must be/);
  await page.getByRole("button", { name: `Line ${number}` }).focus();
  await page.keyboard.press("Enter");
  await page.locator(":focus").and(text).waitFor();
  const expected = await text.evaluate((area, line) => {
    const { lineHeight, paddingTop, borderTopWidth } = getComputedStyle(area);
    const inside = parseFloat(borderTopWidth) + parseFloat(paddingTop) + (line - 1) * parseFloat(lineHeight) - area.scrollTop;
    return area.getBoundingClientRect().y + inside;
  }, number);
  const { y, height } = await marks.boundingBox();
  const middle = y + height / 2 - expected;
  assert.ok(middle > 0 && middle < 21, `the mark is ${middle} px below the top of its line`);
});

test("a change is shown before it is saved, and applies afterwards", async (t) => {
  const { page, text, before } = await edit(t);
  await text.fill(before.replace(/"apps:restart": "[^"]*"/, '"apps:restart": "Stop and start an app"'));
  await page.getByRole("button", { name: "Review changes" }).click();
  const dialog = page.getByRole("dialog");
  for (const words of ["Restart one app", "Stop and start an app", "No active token loses or gains a route."]) await dialog.getByText(words).first().waitFor();
  assert.equal((await it.stack.call("GET", "/catalog")).body.permissions["apps:restart"], "Restart one app");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/Catalog saved/).waitFor();
  assert.equal((await it.stack.call("GET", "/catalog")).body.permissions["apps:restart"], "Stop and start an app");
});

test("the tokens that lose a route are named before the catalog is saved", async (t) => {
  await it.stack.createToken({ name: "reads billing" });
  const { page, text, before } = await edit(t);
  const saved = (await it.stack.call("GET", "/catalog")).body;
  await text.fill(JSON.stringify({ ...JSON.parse(before), routes: [{ match: "GET /apps/{app}", permission: "apps:restart" }] }));
  await page.getByRole("button", { name: "Review changes" }).click();
  const summary = page.getByRole("dialog").locator("summary");
  await summary.waitFor();
  assert.equal(await summary.innerText(), "1 token loses GET /apps/{app}");
  await summary.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("listitem").filter({ hasText: "reads billing" }).waitFor();
  assert.deepEqual((await it.stack.call("GET", "/catalog")).body, saved);
});

test("a concurrent change is not overwritten, and the draft is kept", async (t) => {
  const { page, text, before } = await edit(t);
  const { body, etag } = await it.stack.call("GET", "/catalog");
  body.permissions["shops:read"] = "See shops";
  await it.stack.call("PUT", "/catalog", body, { headers: { "if-match": etag } });
  await text.fill(before.replace(/"apps:read": "[^"]*"/, '"apps:read": "See all apps"'));
  await save(page);
  await page.getByText(/Someone else saved the catalog/).waitFor();
  assert.match(await text.inputValue(), /See all apps/);
  const now = (await it.stack.call("GET", "/catalog")).body;
  assert.deepEqual([now.permissions["shops:read"], now.permissions["apps:read"]], ["See shops", body.permissions["apps:read"]]);
});

test("an earlier version is restored by keyboard after a review", async (t) => {
  await it.stack.createToken({ name: "reads billing" });
  const { body: catalog } = await it.stack.call("GET", "/catalog");
  const strict = { ...catalog, strict: true };
  await it.stack.setCatalog(strict);
  await it.stack.setCatalog({ ...catalog, permissions: { ...catalog.permissions, "apps:restart": "Another text" } });
  const { etag } = await it.stack.call("GET", "/catalog");
  const number = Number(etag.replaceAll('"', ""));
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByText("Version history").waitFor();
  await tabTo(page, "version history");
  await page.keyboard.press("Enter");
  const versions = page.getByRole("listitem").filter({ hasText: /^Version \d/ });
  await versions.nth(0).filter({ hasText: new RegExp(`^Version ${number} by first admin .*Current version$`) }).waitFor();
  await versions.nth(1).filter({ hasText: new RegExp(`^Version ${number - 1} by first admin `) }).waitFor();
  await tabTo(page, (name) => name.replace(/\s+/g, " ").startsWith(`Compare version ${number - 1} `));
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: `Version ${number - 1}` });
  for (const words of ['"strict": true', "Another text"]) await dialog.getByText(words).waitFor();
  await tabTo(page, "restore this version");
  await page.keyboard.press("Enter");
  const review = page.getByRole("dialog", { name: "Save the catalog?" });
  await review.getByText(/tokens? loses? all paths that no route lists/).waitFor();
  assert.equal((await it.stack.call("GET", "/catalog")).body.strict, false);
  await page.keyboard.press("Escape");
  const text = page.getByLabel("Catalog (JSON)");
  await page.locator(":focus").and(text).waitFor();
  assert.match(await text.inputValue(), /"strict": true/);
  await tabTo(page, "review changes");
  await page.keyboard.press("Enter");
  await review.waitFor();
  await tabTo(page, "save");
  await page.keyboard.press("Enter");
  await page.getByText(/Catalog saved/).waitFor();
  const restored = await it.stack.call("GET", "/catalog");
  assert.deepEqual([restored.body, restored.etag], [strict, `"${number + 1}"`]);
  await page.getByText("Version history").click();
  await versions.filter({ hasText: `Version ${number + 1} by alice` }).getByText("Current version").waitFor();
  await it.stack.setCatalog(catalog);
});

test("the catalog is edited as TOML", async (t) => {
  const { page } = await edit(t);
  const { body: saved } = await it.stack.call("GET", "/catalog");
  await page.getByRole("button", { name: "Convert to TOML" }).click();
  const text = page.getByLabel("Catalog (TOML)");
  await page.getByText("No changes yet").waitFor();
  const toml = await text.inputValue();
  const changed = toml.replace(/("builds:read" = )"[^"]*"/, '$1"See every build"');
  assert.notEqual(changed, toml);
  const invalid = `${changed.replace(/^routes = .*\n/m, "")}\n[[routes]]\nmatch = "GET /toml"\npermission = "not valid"\n`;
  await text.fill(invalid);
  await save(page);
  await page.getByText("Not saved: 1 error").waitFor();
  const line = invalid.split("\n").findIndex((it) => it.includes("not valid")) + 1;
  await page.getByRole("button", { name: `Line ${line}`, exact: true }).waitFor();
  await page.locator(".line-numbers b").filter({ hasText: `✕ ${line}` }).waitFor();
  await text.fill(`strict = "${changed}`);
  await page.getByRole("button", { name: "Line 1", exact: true }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Convert to JSON" }).isDisabled());
  await text.fill(changed);
  await page.getByRole("button", { name: "Review changes" }).click();
  const review = page.getByRole("dialog", { name: "Save the catalog?" });
  await review.locator(".diff .added").getByText('"builds:read": "See every build"').waitFor();
  assert.equal(await review.locator(".diff .added").count(), 1);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/Catalog saved/).waitFor();
  const { body: now } = await it.stack.call("GET", "/catalog");
  assert.deepEqual(now, { ...saved, permissions: { ...saved.permissions, "builds:read": "See every build" } });
});

test("with catalog:read alone, a version is compared but not restored", async (t) => {
  const { body: catalog } = await it.stack.call("GET", "/catalog");
  for (const strict of [true, false]) await it.stack.setCatalog({ ...catalog, strict });
  const page = await it.open(t);
  await signInWithGroups(page, it.stack, "carol", "portcullis-viewer");
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByText("Version history").click();
  await page.getByRole("button", { name: /^Compare version/ }).first().click();
  await page.getByRole("dialog").getByText('"strict": true').waitFor();
  assert.equal(await page.getByRole("button", { name: "Restore this version" }).count(), 0);
});

test("the catalog's dialog stays open while the catalog is being saved", async (t) => {
  const { page, text, before } = await edit(t);
  const release = await hold(page, "PUT", /catalog$/);
  await text.fill(before.replace(/"builds:read": "[^"]*"/, '"builds:read": "See all builds"'));
  await save(page);
  await page.getByRole("button", { name: "Saving…" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Saving…" }).waitFor();
  release();
  await page.getByText(/Catalog saved/).waitFor();
});

test("errors are in sight beside a long catalog", async (t) => {
  const { page, text, before } = await edit(t, { viewport: { width: 1280, height: 700 } });
  const routes = Array.from({ length: 200 }, (_, at) => ({ match: `GET /long/${at}`, permission: "apps:read" }));
  await text.fill(`${JSON.stringify({ ...JSON.parse(before), routes }, null, 2)}]`);
  const errors = page.getByText("1 error").first();
  await errors.waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  const { y } = await errors.boundingBox();
  assert.ok(y >= 0 && y < page.viewportSize().height, `at ${y} px`);
});

test("discarding a draft removes the guard at once", async (t) => {
  const { page, text, before } = await edit(t);
  await text.fill(`${before} `);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Discard changes" }).evaluate((leave) => {
    leave.click();
    // The next navigation comes in the same task: no effect and no paint in between.
    location.hash = "#/tokens";
    dispatchEvent(new HashChangeEvent("hashchange"));
  });
  await page.getByRole("heading", { name: "Tokens", exact: true }).waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
});

test("a draft is guarded before the next paint", async (t) => {
  const { page, text } = await edit(t);
  await text.evaluate(async (area) => {
    area.value += " ";
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    // One task later: the page has rendered, and a frame need not have been painted.
    await new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
    location.hash = "#/tokens";
    dispatchEvent(new HashChangeEvent("hashchange"));
  });
  await page.getByRole("dialog", { name: "Discard your changes?" }).waitFor();
});
