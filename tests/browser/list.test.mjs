// The list of tokens.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { copySecret, makeOlder, openToken, setUp, shownSecret, signIn, signInWithGroups, signInWithToken, storage } from "./browser.mjs";

const it = setUp();
const rows = (page) => page.getByRole("row").filter({ has: page.getByRole("link") });
const counted = (page, text) => page.getByText(text).first().waitFor();

/** Creates a token in the form, and returns to the list. Returns the secret. */
async function createAndCopy(page, name) {
  await signIn(page, it.stack, { hash: "#/new" });
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("All resources").check();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: /Copy the secret for/ }).waitFor();
  const secret = await shownSecret(page);
  await copySecret(page);
  await page.getByRole("link", { name: "Tokens" }).click();
  return secret;
}

test("a row shows the permissions of one grant beside its own resources", async (t) => {
  const grants = [
    { permissions: ["apps:read"], resources: ["apps/billing"] },
    { permissions: ["builds:*"], resources: ["*"] },
  ];
  await it.stack.createToken({ name: "two grants", grants });
  const page = await it.open(t);
  await signIn(page, it.stack);
  const row = rows(page).filter({ hasText: "two grants" });
  const cells = await Promise.all([".may", ".on"].map((name) => row.locator(name).innerText()));
  assert.deepEqual(cells, ["apps:read", "apps/billing · 1 more grant"]);
});

test("the list shows each token, what is due first on top", async (t) => {
  const { stack } = it;
  await stack.createToken({ name: "quiet one", expires_in: "90d" });
  await stack.createToken({ name: "short from the start", expires_in: "3d" });
  await stack.createToken({ name: "expires soon", expires_in: "3d" });
  const used = await stack.createToken({ name: "mostly unused", permissions: ["apps:read", "apps:write"], expires_in: "60d" });
  assert.equal(await stack.demoStatus("/apps/billing", used.token), 200);
  const reused = await stack.createToken({ name: "reused" });
  await stack.call("POST", `/tokens/${reused.id}/rotate`, {});
  assert.equal(await stack.demoStatus("/apps/billing", reused.token), 401);
  const page = await it.open(t);
  await makeOlder(page, { "expires soon": 27, "mostly unused": 31 });
  await signIn(page, stack);
  const row = page.getByRole("row").filter({ hasText: "mostly unused" });
  await row.getByText("1 of 2 permissions unused").waitFor();
  for (const text of ["alice", "apps:read, apps:write", "apps/billing", "in 60 days", "31 days ago", "Active"]) await row.getByText(text).first().waitFor();
  await page.getByRole("row").filter({ hasText: "reused" }).getByText("Old secret still in use").waitFor();
  const names = await rows(page).getByRole("link").allInnerTexts();
  const order = ["reused", "expires soon", "mostly unused", "short from the start", "quiet one"].map((name) => names.indexOf(name));
  assert.deepEqual(order, order.toSorted((one, other) => one - other), names.join(", "));
});

test("a dismissed concern stays dismissed, and can be restored", async (t) => {
  const { stack } = it;
  const token = await stack.createToken({ name: "dismissed", expires_in: "3d" });
  const page = await it.open(t);
  await makeOlder(page, { dismissed: 27 });
  // Only this row: others move it when their concerns load.
  const hash = "#/tokens?q=dismissed";
  await signIn(page, stack, { hash });
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "dismissed" }) });
  await row.getByRole("button", { name: "Dismiss “Expires in 3 days” for 30 days" }).click();
  await row.getByText(token.id).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "dismissed");
  // Nothing but the token's ID, the kind of concern and times is stored.
  const stored = await storage(page);
  assert.deepEqual(Object.keys(stored), ["portcullis-dismissals"]);
  assert.match(stored["portcullis-dismissals"], new RegExp(`^\\{"${token.id} expiring [-0-9T:Z]+":\\d+\\}$`));
  await page.reload();
  await row.getByText(token.id).waitFor();
  await page.getByRole("button", { name: "Restore dismissed" }).click();
  await row.getByRole("button", { name: /^Dismiss/ }).waitFor();
});

test("the list can be searched, filtered and sorted", async (t) => {
  const { stack } = it;
  await stack.createToken({ name: "zebra nightly", owner: "bob" });
  const revoked = await stack.createToken({ name: "aardvark nightly", owner: "bob" });
  await stack.call("POST", `/tokens/${revoked.id}/revoke`, {});
  const page = await it.open(t);
  await signIn(page, stack);
  await page.getByRole("searchbox").fill("nightly");
  await counted(page, /^Showing \d+ of \d+/);
  assert.equal(await rows(page).count(), 2);
  await page.getByLabel("Sort").selectOption({ label: "Name" });
  assert.match(await rows(page).first().innerText(), /aardvark/);
  await page.getByLabel("Status").selectOption({ label: "Active" });
  assert.equal(await rows(page).count(), 1);
  assert.match(await rows(page).first().innerText(), /zebra/);
  await page.getByRole("searchbox").fill("nothing like this");
  await page.getByText("No matching tokens").first().waitFor();
});

test("search, filters and sort order are in the address", async (t) => {
  const { stack } = it;
  for (const [name, owner] of [["linked b", "bob"], ["linked a", "bob"], ["linked c", "carol"]]) await stack.createToken({ name, owner });
  const page = await it.open(t);
  await signIn(page, stack);
  await page.getByRole("searchbox").fill("linked");
  await page.getByLabel("Status").selectOption({ label: "Active" });
  await page.getByRole("combobox", { name: "Owner" }).selectOption({ label: "bob" });
  await page.getByRole("button", { name: /^Never used/ }).click();
  await page.getByLabel("Group by owner").check();
  await page.getByRole("columnheader", { name: "Name" }).getByRole("button").click();
  await page.getByRole("columnheader", { name: "Name" }).getByRole("button").click();
  await page.waitForURL(/q=linked&status=active&owner=bob&used=never&group=owner&sort=name&order=reversed$/);
  const other = await it.open(t);
  await signIn(other, stack, { hash: new URL(page.url()).hash });
  await counted(other, /^Showing 2 of/);
  assert.deepEqual(await rows(other).getByRole("link").allInnerTexts(), ["linked b", "linked a"]);
  assert.equal(await other.getByRole("searchbox").inputValue(), "linked");
  await other.getByRole("cell", { name: "bob 2 tokens" }).waitFor();
});

test("newest first is a descending order", async (t) => {
  await it.stack.createToken({ name: "in order" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  for (const [name, first, second] of [
    ["Created", "descending", "ascending"],
    ["Expires", "ascending", "descending"],
  ]) {
    const header = page.getByRole("columnheader", { name });
    for (const order of [first, second]) {
      await header.getByRole("button").click();
      await page.locator(`[aria-sort="${order}"]`).and(header).waitFor();
      assert.match(await header.innerText(), order === "ascending" ? /↑/ : /↓/);
    }
  }
});

test("Back returns to the same place of the list", async (t) => {
  const { stack } = it;
  for (let at = 0; at < 60; at++) await stack.createToken({ name: `place ${at}${" and a long name".repeat(at % 4)}` });
  const page = await it.open(t);
  await signIn(page, stack, { hash: "#/tokens?q=place&sort=name" });
  await counted(page, /^Showing 60 of/);
  await page.evaluate(() => scrollTo(0, 2500));
  const link = page.getByRole("link", { name: "place 40" });
  await link.waitFor();
  const top = async () => Math.round((await link.boundingBox()).y);
  for (const back of [() => page.goBack(), () => page.getByRole("link", { name: "← Tokens" }).click()]) {
    await link.evaluate((element) => element.scrollIntoView({ block: "center" }));
    const before = await top();
    await link.click();
    await page.getByRole("heading", { name: "place 40" }).waitFor();
    assert.equal(await page.evaluate(() => scrollY), 0);
    await back();
    await link.and(page.locator(":focus")).waitFor();
    assert.equal(await top(), before);
    assert.equal(await page.getByRole("searchbox").inputValue(), "place");
  }
});

test("a long name is shown whole", async (t) => {
  const { stack } = it;
  const name = "production ".repeat(6) + "x".repeat(34);
  await stack.createToken({ name, owner: "o".repeat(100) });
  for (const width of [1280, 390]) {
    const page = await it.open(t, { viewport: { width, height: 844 } });
    await signIn(page, stack, { hash: "#/tokens?q=production" });
    const row = rows(page).first();
    await row.getByText(name).waitFor();
    const cut = await row.evaluate((element) => [element, ...element.querySelectorAll("*")].filter((each) => each.checkVisibility() && each.clientWidth && each.scrollWidth > each.clientWidth + 1).map((each) => each.className));
    assert.deepEqual(cut, [], `at ${width} px`);
  }
});

test("rows are 44 px high, and compact ones stay so after a reload", async (t) => {
  await it.stack.createToken({ name: "high" });
  const page = await it.open(t, { viewport: { width: 1920, height: 1080 } });
  const height = async () => Math.round((await rows(page).first().boundingBox()).height);
  await signIn(page, it.stack, { hash: "#/tokens?q=high" });
  await rows(page).first().waitFor();
  assert.equal(await height(), 44);
  const toggle = page.getByRole("button", { name: "Compact rows" });
  await toggle.click();
  assert.equal(await height(), 32);
  await page.reload();
  await page.locator("[aria-pressed=true]").and(toggle).waitFor();
  assert.equal(await height(), 32);
});

test("the filters are folded on a phone", async (t) => {
  const page = await it.open(t, { viewport: { width: 390, height: 844 } });
  await signIn(page, it.stack);
  const status = page.getByLabel("Status");
  await page.getByRole("button", { name: "Filters" }).waitFor();
  assert.ok(!(await status.isVisible()));
  await page.getByRole("button", { name: "Filters" }).click();
  await status.selectOption({ label: "Active" });
  await page.waitForURL(/status=active$/);
});

test("the header and the column headers stay in sight", async (t) => {
  for (let at = 0; at < 40; at++) await it.stack.createToken({ name: `scrolled ${at}` });
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/tokens?q=scrolled" });
  await counted(page, /^Showing 40 of/);
  await page.evaluate(() => scrollTo(0, 900));
  const top = async (locator) => (await locator.boundingBox()).y;
  const [frame, header] = [await top(page.getByRole("navigation")), await top(page.getByRole("columnheader", { name: "Name" }))];
  assert.ok(frame >= 0 && frame < header && header < 120, `${frame}, ${header}`);
});

test("an empty list links to templates", async (t) => {
  const page = await it.open(t);
  await signInWithGroups(page, it.stack, "erin", "portcullis-deployer");
  await page.getByRole("link", { name: "Read-only monitoring" }).click();
  await page.getByRole("heading", { name: "New token" }).waitFor();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "monitoring");
});

test("a revoked token shows when it was revoked instead of its expiration", async (t) => {
  const { stack } = it;
  const revoked = await stack.createToken({ name: "revoked one" });
  await stack.call("POST", `/tokens/${revoked.id}/revoke`, {});
  const page = await it.open(t);
  // A browser whose clock is behind the service's.
  await page.clock.install({ time: Date.now() - 30_000 });
  await signIn(page, stack, { hash: "#/tokens?q=revoked+one&status=revoked" });
  await rows(page).first().getByText("Revoked just now").waitFor();
  await page.getByRole("columnheader", { name: "Revoked" }).waitFor();
  assert.equal(await rows(page).first().getByText(/in \d+|Expires/).count(), 0);
});

test("the filtered list is exported as CSV and JSON, without secrets", async (t) => {
  const page = await it.open(t);
  const secret = await createAndCopy(page, '=export "one", two');
  await page.getByRole("searchbox").fill("=export");
  await counted(page, /^Showing 1 of/);
  const exported = async (format) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: `Export ${format}` }).click()]);
    assert.match(download.suggestedFilename(), new RegExp(`^tokens-\\d{4}-\\d\\d-\\d\\d\\.${format.toLowerCase()}$`));
    const text = await readFile(await download.path(), "utf8");
    assert.ok(!text.includes(secret.slice(20)), `the ${format} has the secret`);
    return text;
  };
  const csv = await exported("CSV");
  assert.equal(csv.trim().split("\r\n").length, 2);
  assert.ok(csv.includes(`"'=export ""one"", two"`), csv);
  const [token, ...others] = JSON.parse(await exported("JSON"));
  assert.deepEqual(others, []);
  assert.deepEqual(token, (await it.stack.call("GET", `/tokens/${token.id}`)).body);
});

test("all keyboard shortcuts of the list work", async (t) => {
  const { stack } = it;
  await stack.createToken({ name: "keyed one" });
  await stack.createToken({ name: "keyed two" });
  const page = await it.open(t);
  await signIn(page, stack);
  await counted(page, /^\d+ tokens/);
  await page.keyboard.press("/");
  await page.keyboard.type("keyed");
  await counted(page, /^Showing 2 of/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  const name = await page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("/", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await page.getByRole("heading", { name: "New token" }).waitFor();
});

test("all pages of the API are loaded", async (t) => {
  const { stack } = it;
  for (let from = 0; from < 120; from += 8) {
    await Promise.all(Array.from({ length: 8 }, (_, at) => stack.createToken({ name: `many ${from + at}`, owner: "many" })));
  }
  const page = await it.open(t);
  await signIn(page, stack);
  await page.getByRole("searchbox").fill("many");
  await counted(page, /^Showing 120 of/);
});

test("10,000 tokens are listed, and only those in sight are rendered", async (t) => {
  // A mocked response, because creating 10,000 tokens takes minutes.
  const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19) + "Z";
  const { body } = await it.stack.call("GET", "/tokens?limit=1");
  const token = (i) => ({ ...body.tokens[0], id: String(i).padStart(16, "0"), name: `token ${i}`, expires_at: at(90 * 86400 + i) });
  const page = await it.open(t);
  await page.route((url) => url.pathname === "/tokens", (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
    const tokens = Array.from({ length: 100 }, (_, k) => token(from + k));
    return route.fulfill({ json: { tokens, next_cursor: from + 100 < 10_000 ? String(from + 100) : null } });
  });
  await signIn(page, it.stack);
  await counted(page, /^10,000 tokens/);
  assert.ok((await rows(page).count()) < 60, "only the rows in sight are rendered");
  await page.keyboard.press("/");
  await page.keyboard.type("token 9999");
  await counted(page, /^Showing 1 of 10,000/);
  assert.match(await rows(page).first().innerText(), /token 9999/);
});

test("an empty list says so", async (t) => {
  const page = await it.open(t);
  await signInWithGroups(page, it.stack, "dave", "");
  await page.getByText("No tokens yet").waitFor();
});

test("a failure to load the list is shown, and can be retried", async (t) => {
  const page = await it.open(t);
  await page.route((url) => url.pathname === "/tokens", (route) => route.abort());
  await signIn(page, it.stack);
  await page.getByRole("alert").waitFor();
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await counted(page, /^\d+ tokens/);
});

test("refreshing the list shows the first use of a new token", async (t) => {
  const page = await it.open(t);
  const secret = await createAndCopy(page, "just created");
  const row = page.getByRole("row").filter({ hasText: "just created" });
  await row.getByText("Never").waitFor();
  await it.stack.demoStatus("/apps/billing", secret);
  await page.getByText("Refresh").click();
  await row.getByText(/now|second/).first().waitFor();
});

test("a held key skips no row, and the number of permissions is visible", async (t) => {
  const { stack } = it;
  const many = { name: "held 0", permissions: ["apps:restart", "apps:view-env", "approvals:decide", "approvals:request"] };
  await stack.createToken(many);
  for (let at = 1; at < 60; at++) await stack.createToken({ name: `held ${at}` });
  const page = await it.open(t);
  await signIn(page, stack);
  await page.getByRole("searchbox").fill("held");
  await counted(page, /^Showing 60 of/);
  await page.getByLabel("Sort").selectOption({ label: "Name" });
  const more = rows(page).first().getByText("+2");
  const [inside, cell] = await Promise.all([more.boundingBox(), rows(page).first().locator(".may").boundingBox()]);
  assert.ok(inside.x + inside.width <= cell.x + cell.width, "the number is not cut off");
  await page.getByRole("searchbox").press("Escape");
  await page.evaluate(() => {
    const press = () => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }));
    for (let times = 0; times < 50; times++) press();
  });
  await page.waitForFunction(() => document.activeElement.textContent === "held 49");
});

test("an unexpected response is reported, and can be retried", async (t) => {
  const page = await it.open(t);
  await page.route((url) => url.pathname === "/tokens", (route) => route.fulfill({ json: null }));
  await signIn(page, it.stack);
  await page.getByRole("alert").getByText("Unexpected response from the service.").waitFor();
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await counted(page, /^\d+ tokens/);
});

test("an active token does not show as expired if the browser's clock is ahead", async (t) => {
  const { stack } = it;
  const token = await stack.createToken({ name: "ahead", expires_in: "1h" });
  const page = await it.open(t);
  await page.clock.setFixedTime(Date.now() + 90 * 60_000);
  await signInWithToken(page, stack, stack.admin, "#/tokens?q=ahead");
  const row = page.getByRole("row").filter({ hasText: "ahead" });
  await row.getByText("Active").waitFor();
  assert.match(await row.innerText(), /Expires in less than a minute/);
  assert.doesNotMatch(await row.innerText(), /Expire.* ago/);
  await openToken(page, token);
  await page.getByText(/\(in less than a minute\)/).waitFor();
});

test("without permission to create tokens, the list offers no creation and says why", async (t) => {
  const page = await it.open(t);
  await page.route((url) => url.pathname === "/tokens", (route) => route.fulfill({ json: { tokens: [], next_cursor: null } }));
  const reader = await it.stack.createToken({ name: "lists only", permissions: ["tokens:read"], resources: ["*"] });
  await signInWithToken(page, it.stack, reader.token);
  await page.getByText("You need tokens:write to create tokens. Ask an administrator.").waitFor();
  for (const [name, count] of [["New token", 2], ["Create your first token", 1]]) {
    const links = page.getByRole("link", { name });
    await links.first().waitFor();
    assert.deepEqual(await links.evaluateAll((all) => all.map((link) => [link.ariaDisabled, link.hasAttribute("href")])), Array(count).fill(["true", false]));
  }
});

test("a missing permission offers no second attempt", async (t) => {
  const page = await it.open(t);
  const token = await it.stack.createToken({ name: "no reader" });
  await signInWithToken(page, it.stack, token.token);
  await page.getByText("You need tokens:read for this.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
});

test("a caller who may not list tokens sees only the reason", async (t) => {
  const token = await it.stack.createToken({ name: "no list" });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, token.token);
  const main = page.getByRole("main");
  await main.getByText("You need tokens:read for this.").waitFor();
  assert.equal(await main.innerText(), "Tokens\n\nYou need tokens:read for this. Ask an administrator.");
});

for (const width of [1100, 1280, 1920]) {
  test(`no column header overlaps the next at ${width} px`, async (t) => {
    const page = await it.open(t, { viewport: { width, height: 900 } });
    await signIn(page, it.stack);
    await counted(page, /^\d+ tokens?/);
    const headers = await page.getByRole("columnheader").evaluateAll((all) =>
      all.map((header) => {
        const text = document.createRange();
        text.selectNodeContents(header);
        return { name: header.innerText, left: header.getBoundingClientRect().left, right: text.getBoundingClientRect().right };
      }),
    );
    const overlapping = headers.filter(({ right }, index) => right > (headers[index + 1]?.left ?? Infinity));
    assert.deepEqual(overlapping, []);
  });
}
