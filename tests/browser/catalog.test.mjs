// The catalog.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, signIn } from "./browser.mjs";

const it = setUp();

async function edit(t, options) {
  const page = await it.open(t, options);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByRole("button", { name: "Edit" }).click();
  const text = page.getByLabel("The catalog, as JSON");
  return { page, text, before: await text.inputValue() };
}

test("permissions, roles and routes are there to be read", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  for (const text of ["apps:restart", "Restart an app", "deployer"]) await page.getByText(text).first().waitFor();
});

async function save(page) {
  await page.getByRole("button", { name: "See what changes" }).click();
  await page.getByRole("button", { name: "Save" }).click();
}

test("a syntax error is named with its line as you type, and cannot be saved", async (t) => {
  const { page, text, before } = await edit(t);
  await text.fill(before.replace('"apps:read"', '"apps:read'));
  await page.getByText("1 thing to correct:").waitFor();
  await page.getByRole("button", { name: /^Line \d+$/ }).waitFor();
  assert.ok(await page.getByRole("button", { name: "See what changes" }).isDisabled());
});

test("what the service refuses is named with its line until the next attempt, the text stays, and nothing is saved", async (t) => {
  const { page, text, before } = await edit(t);
  const saved = (await it.stack.call("GET", "/catalog")).body;
  const flawed = before.replace('"apps:read"', '"apps read"').replace('"strict": false', '"strict": 1');
  await text.fill(flawed);
  await save(page);
  await page.getByText("The service found 2 things to correct:").waitFor();
  const line = flawed.slice(0, flawed.indexOf('"apps read"')).split("\n").length;
  const named = page.getByRole("listitem").filter({ hasText: "permissions.apps read" });
  assert.match(await named.textContent(), new RegExp(`^Line ${line} `));
  assert.equal(await text.inputValue(), flawed);
  assert.deepEqual((await it.stack.call("GET", "/catalog")).body, saved);
  await text.fill(before.replace("See releases", "See every release"));
  await named.waitFor();
  await save(page);
  await page.getByText("The catalog is saved").waitFor();
});

test("what changes is shown before it is saved, and is in force afterwards", async (t) => {
  const { page, text, before } = await edit(t);
  await text.fill(before.replace("Restart an app", "Start an app anew"));
  await page.getByRole("button", { name: "See what changes" }).click();
  const dialog = page.getByRole("dialog");
  for (const words of ["Restart an app", "Start an app anew"]) await dialog.getByText(words).first().waitFor();
  assert.equal((await it.stack.call("GET", "/catalog")).body.permissions["apps:restart"], "Restart an app");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The catalog is saved").waitFor();
  assert.equal((await it.stack.call("GET", "/catalog")).body.permissions["apps:restart"], "Start an app anew");
});

test("a catalog that somebody changed meanwhile is not overwritten, and the text is kept", async (t) => {
  const { page, text, before } = await edit(t);
  const { body, etag } = await it.stack.call("GET", "/catalog");
  body.permissions["shops:read"] = "See shops";
  await it.stack.call("PUT", "/catalog", body, { headers: { "if-match": etag } });
  await text.fill(before.replace("See apps", "See all apps"));
  await save(page);
  await page.getByText(/Somebody changed the catalog/).waitFor();
  assert.match(await text.inputValue(), /See all apps/);
  const now = (await it.stack.call("GET", "/catalog")).body;
  assert.deepEqual([now.permissions["shops:read"], now.permissions["apps:read"]], ["See shops", body.permissions["apps:read"]]);
});

test("what is wrong is in sight beside a catalog of any length", async (t) => {
  const { page, text, before } = await edit(t, { viewport: { width: 1280, height: 700 } });
  const routes = Array.from({ length: 200 }, (_, at) => ({ match: `GET /long/${at}`, permission: "apps:read" }));
  await text.fill(`${JSON.stringify({ ...JSON.parse(before), routes }, null, 2)}]`);
  const said = page.getByText(/to correct/).first();
  await said.waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  const { y } = await said.boundingBox();
  assert.ok(y >= 0 && y < page.viewportSize().height, `at ${y} px`);
});

test("a draft is left at the moment that the answer is to leave", async (t) => {
  const { page, text, before } = await edit(t);
  await text.fill(before.replace("See apps", "See the apps"));
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Leave", exact: true }).evaluate((leave) => {
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
  await page.getByRole("dialog", { name: "Leave without saving?" }).waitFor();
});
