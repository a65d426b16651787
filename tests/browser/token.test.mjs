// The page of one token.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copySecret, hold, openToken, setUp, shownSecret, signIn, signInWithToken, submittedByEnter } from "./browser.mjs";

const it = setUp();

async function show(t, token, options) {
  const page = await it.open(t, options);
  await signIn(page, it.stack);
  await openToken(page, token);
  return page;
}

const fetched = async (token) => (await it.stack.call("GET", `/tokens/${token.id}`)).body;

test("the details of a token are shown and can be edited", async (t) => {
  const token = await it.stack.createToken({ name: "before", description: "old words", allowed_ips: ["127.0.0.1"] });
  await it.stack.demoStatus("/apps/billing", token.token);
  const page = await show(t, token);
  const main = page.getByRole("main");
  for (const text of ["old words", "127.0.0.1", token.id]) await main.getByText(text).first().waitFor();
  await page.getByRole("button", { name: "Edit name" }).click();
  const labels = await page.getByText("Name", { exact: true }).evaluateAll((all) => all.filter((label) => label.clientHeight > 1).length);
  assert.equal(labels, 1, "the field has one visible label");
  await page.getByLabel("Name", { exact: true }).fill("after");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "after" }).waitFor();
  assert.equal((await fetched(token)).name, "after");
});

test("the header sums up a token, and keeps destructive actions apart", async (t) => {
  const token = await it.stack.createToken({ name: "summed up", owner: "bob" });
  await it.stack.demoStatus("/apps/billing", token.token);
  const page = await show(t, token);
  const summary = page.locator(".summary");
  for (const text of ["bob", "in 30 days", "just now"]) await summary.getByText(text).waitFor();
  const box = (name) => page.getByRole("button", { name, exact: true }).boundingBox();
  const [rotate, disable, revoke] = [await box("Rotate"), await box("Disable"), await box("Revoke")];
  assert.ok(rotate.x < disable.x && revoke.x - disable.x > 300, "the destructive actions are apart");
});

test("saving an expiration that was not changed keeps it to the second", async (t) => {
  const token = await it.stack.createToken({ name: "kept", expires_in: "1h" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Edit expiration" }).click();
  assert.ok(await page.getByLabel(/^Keep /).isChecked());
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Expiration updated.").waitFor();
  assert.equal((await fetched(token)).expires_at, token.expires_at);
});

test("Enter while choosing permissions saves nothing", async (t) => {
  const token = await it.stack.createToken({ name: "searched" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Edit permissions" }).click();
  await page.getByLabel("Search permissions").fill("apps");
  const submitting = await submittedByEnter(page, {
    search: page.getByLabel("Search permissions"),
    checkbox: page.getByLabel(/^apps:write/),
    other: page.getByLabel("Another permission"),
  });
  assert.deepEqual(submitting, []);
  assert.deepEqual((await fetched(token)).grants, token.grants);
});

test("a concurrent edit is shown, and the draft is kept", async (t) => {
  const token = await it.stack.createToken({ name: "contended" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Edit description" }).click();
  await page.getByLabel("Description", { exact: true }).fill("my draft");
  const { etag } = await it.stack.call("GET", `/tokens/${token.id}`);
  await it.stack.call("PATCH", `/tokens/${token.id}`, { name: "by someone else" }, { headers: { "if-match": etag } });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/Someone else edited this token/).first().waitFor();
  assert.doesNotMatch(await page.getByRole("main").innerText(), /ETag|If-Match|[Pp]recondition/);
  assert.equal(await page.getByLabel("Description", { exact: true }).inputValue(), "my draft");
  assert.equal((await fetched(token)).description, null);
  await page.getByRole("button", { name: "Save my edit" }).click();
  await page.getByText("Description updated.").waitFor();
  const after = await fetched(token);
  assert.deepEqual([after.name, after.description], ["by someone else", "my draft"]);
});

for (const [way, leave] of [
  ["Escape", (page) => page.keyboard.press("Escape")],
  ["Cancel", (page) => page.getByRole("button", { name: "Cancel" }).click()],
]) {
  test(`${way} asks before it discards an edit`, async (t) => {
    const token = await it.stack.createToken({ name: `discarded by ${way}` });
    const page = await show(t, token);
    const description = page.getByLabel("Description", { exact: true });
    await page.getByRole("button", { name: "Edit description" }).click();
    await leave(page);
    await description.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Edit description" }).click();
    await description.fill("my draft");
    await leave(page);
    const question = page.getByRole("dialog", { name: "Discard your changes?" });
    await question.waitFor();
    await page.keyboard.press("Escape");
    await question.waitFor({ state: "detached" });
    assert.equal(await description.inputValue(), "my draft");
    if (way === "Escape") assert.ok(await description.evaluate((field) => field === document.activeElement), "the focus is back at once");
    await leave(page);
    await page.getByRole("button", { name: "Discard changes" }).click();
    await page.getByRole("button", { name: "Edit description" }).waitFor();
    assert.equal((await fetched(token)).description, null);
  });
}

test("Escape in the permission search clears the search only", async (t) => {
  const token = await it.stack.createToken({ name: "search cleared" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Edit permissions" }).click();
  await page.getByLabel("Search permissions").fill("restart");
  await page.keyboard.press("Escape");
  await page.getByLabel(/^apps:write/).waitFor();
  assert.equal(await page.getByLabel("Search permissions").inputValue(), "");
});

test("a message about a change pushes the page down and covers nothing", async (t) => {
  const token = await it.stack.createToken({ name: "messages" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  const message = await page.getByText("“messages” disabled.").boundingBox();
  const content = await page.getByRole("main").boundingBox();
  assert.ok(message.y + message.height <= content.y, `${message.y + message.height} > ${content.y}`);
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByText("“messages” disabled.").waitFor({ state: "detached" });
});

test("a rotation shows the new secret, and the old one works for the overlap", async (t) => {
  const token = await it.stack.createToken({ name: "rotated" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByLabel("Keep the old secret working for").selectOption({ label: "1 hour" });
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("heading", { name: /new secret/ }).waitFor();
  const secret = await shownSecret(page);
  assert.notEqual(secret, token.token);
  for (const either of [secret, token.token]) assert.equal(await it.stack.demoStatus("/apps/billing", either), 200);
  await copySecret(page);
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "History" }).waitFor();
  await page.getByText("Rotated").first().waitFor();
});

test("a token can be disabled and enabled", async (t) => {
  const token = await it.stack.createToken({ name: "disabled and enabled" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  assert.equal(await it.stack.demoStatus("/apps/billing", token.token), 401);
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("button", { name: "Disable" }).waitFor();
  assert.equal(await it.stack.demoStatus("/apps/billing", token.token), 200);
});

test("revoking shows the last use and can be cancelled", async (t) => {
  const token = await it.stack.createToken({ name: "to be revoked" });
  await it.stack.demoStatus("/apps/billing", token.token);
  const page = await show(t, token);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByText(/used.* from 127\.0\.0\.1/).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await it.stack.demoStatus("/apps/billing", token.token), 200);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByLabel("Leaked or compromised").check();
  await page.getByRole("button", { name: "Revoke token" }).click();
  await page.getByText(/” revoked\./).waitFor();
  assert.equal(await it.stack.demoStatus("/apps/billing", token.token), 401);
  assert.equal((await fetched(token)).revoked_reason, "leaked");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete token" }).click();
  await page.getByRole("heading", { name: "Tokens", exact: true }).waitFor();
  assert.equal((await it.stack.call("GET", `/tokens/${token.id}`)).status, 404);
});

/** Tries every way out of the open dialog, and returns those that closed it. */
async function waysOut(page) {
  const dialog = page.getByRole("dialog");
  const navigate = (how) =>
    page.evaluate((source) => {
      const navigated = new Promise((resolve) => addEventListener("hashchange", () => setTimeout(resolve), { once: true }));
      new Function(`(${source})()`)();
      return navigated;
    }, how.toString());
  const ways = {
    // Chromium closes a dialog at the second Escape without a click in between, whatever the page says.
    escape: () => page.keyboard.press("Escape").then(() => page.keyboard.press("Escape")),
    cancel: () => dialog.getByRole("button", { name: "Cancel" }).click({ force: true }),
    backdrop: () => page.mouse.click(5, 5),
    back: () => navigate(() => history.back()),
    link: () => navigate(() => (location.hash = "#/catalog")),
  };
  const closing = [];
  for (const [name, leave] of Object.entries(ways)) {
    await leave();
    if ((await dialog.count()) === 0) closing.push(name);
  }
  return closing;
}

for (const [name, confirm, pending, method, path, done] of [
  ["Rotate", "Rotate", "Rotating…", "POST", /rotate$/, { heading: /new secret/ }],
  ["Disable", "Disable", "Disabling…", "POST", /disable$/, { text: /” disabled\./ }],
  ["Revoke", "Revoke token", "Revoking…", "POST", /revoke$/, { text: /” revoked\./ }],
  ["Delete", "Delete token", "Deleting…", "DELETE", /tokens/, { text: /” deleted\./ }],
  ["Remove unused permissions", "Remove", "Removing…", "POST", /tighten$/, { text: "Unused permissions removed." }],
]) {
  test(`“${name}” cannot be closed while its change is in flight`, async (t) => {
    const token = await it.stack.createToken({ name: `in flight: ${name}`, permissions: ["apps:read", "apps:write"] });
    await it.stack.demoStatus("/apps/billing", token.token);
    const page = await show(t, token);
    const release = await hold(page, method, path);
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: confirm, exact: true }).click();
    await page.getByRole("button", { name: pending }).waitFor();
    assert.deepEqual(await waysOut(page), []);
    release();
    const { heading, text } = done;
    await (heading ? page.getByRole("heading", { name: heading }) : page.getByText(text)).waitFor();
  });
}

test("a dialog can be closed again after its change has failed", async (t) => {
  const token = await it.stack.createToken({ name: "failed" });
  const page = await show(t, token);
  await page.route(/\/disable$/, (route) => route.fulfill({ status: 503, json: {} }));
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
});

test("unused permissions are shown before they are removed", async (t) => {
  const token = await it.stack.createToken({ name: "too much", permissions: ["apps:read", "apps:write", "builds:read"] });
  await it.stack.demoStatus("/apps/billing", token.token);
  const page = await show(t, token);
  await page.getByText(/1 of 3 permissions used in the last/).first().waitFor();
  await page.getByRole("button", { name: "Remove unused permissions" }).click();
  const dialog = page.getByRole("dialog");
  for (const name of ["apps:write", "builds:read"]) await dialog.getByText(name).first().waitFor();
  assert.equal((await fetched(token)).grants[0].permissions.length, 3);
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("All permissions are in use.").waitFor();
  assert.deepEqual((await fetched(token)).grants, [{ permissions: ["apps:read"], resources: ["apps/billing"] }]);
});

test("insights that load late do not move the buttons", async (t) => {
  const token = await it.stack.createToken({ name: "shifting" });
  await it.stack.call("POST", `/tokens/${token.id}/rotate`, {});
  assert.equal(await it.stack.demoStatus("/apps/billing", token.token), 401);
  const page = await it.open(t);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/events*", async (route) => {
    await held;
    await route.continue();
  });
  await signIn(page, it.stack);
  await openToken(page, token);
  const place = () => page.getByRole("button", { name: "Delete", exact: true }).boundingBox();
  const before = await place();
  release();
  await page.locator("article.token .marks").waitFor();
  assert.deepEqual(await place(), before);
});

test("a request test shows whether and why a request is denied", async (t) => {
  const token = await it.stack.createToken({ name: "explained" });
  const page = await show(t, token);
  await page.getByLabel("Path").fill("/apps/payroll");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText(/Denied \(403\)/).waitFor();
  await page.getByLabel("Path").fill("/apps/billing");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText(/Allowed\./).waitFor();
});

test("the history shows the events of the token", async (t) => {
  const token = await it.stack.createToken({ name: "with history" });
  await it.stack.call("POST", `/tokens/${token.id}/disable`);
  const page = await show(t, token);
  const history = page.getByRole("list").filter({ hasText: "Created" });
  for (const text of ["Created", "Disabled", "127.0.0.1"]) await history.getByText(text).first().waitFor();
});

test("the history names the token that made a change, and links to it", async (t) => {
  const admin = await it.stack.createToken({ name: "the operator", permissions: ["*"], resources: ["*"], owner: "admin" });
  const token = await it.stack.createToken({ name: "operated" });
  await it.stack.call("POST", `/tokens/${token.id}/disable`, undefined, { token: admin.token });
  const page = await show(t, token);
  await page.getByRole("listitem").filter({ hasText: "Disabled" }).getByRole("link", { name: "the operator" }).click();
  await page.getByRole("heading", { name: "the operator" }).waitFor();
});

test("a request test takes the path from a pasted URL", async (t) => {
  const token = await it.stack.createToken({ name: "pasted" });
  const page = await show(t, token);
  await page.getByLabel("Path").fill("https://api.example.com/apps/billing");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText(/Allowed\./).waitFor();
});

test("a request test ignores a query string, and says so", async (t) => {
  const token = await it.stack.createToken({ name: "queried" });
  const page = await show(t, token);
  for (const url of ["https://api.example.com/apps/billing?x=1", "/apps/billing#top"]) {
    await page.getByLabel("Path").fill(url);
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText(/Allowed\./).waitFor();
    await page.getByText("Tested /apps/billing, without the query string.").waitFor();
  }
  await page.getByLabel("Path").fill("/apps//billing?x=..");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("The path is ambiguous.").waitFor();
  await page.getByText("Remove double slashes.", { exact: true }).waitFor();
});

test("a request test offers to add what is missing", async (t) => {
  const token = await it.stack.createToken({ name: "extended" });
  const page = await show(t, token);
  const added = page.getByRole("list", { name: "Permissions, before and after" });
  for (const [method, button, line] of [
    ["GET", "Add apps:read on apps/payroll", "apps:read on apps/payroll"],
    ["POST", "Add apps:write on apps/payroll", "apps:write on apps/payroll"],
  ]) {
    await page.getByLabel("Method").selectOption(method);
    await page.getByLabel("Path").fill("/apps/payroll");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByRole("button", { name: button }).click();
    await added.getByText(line).waitFor();
    assert.equal(await page.getByRole("button", { name: button }).count(), 0, "one edit at a time");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Permissions updated.").waitFor();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText(/Allowed\./).waitFor();
  }
  assert.deepEqual((await fetched(token)).grants, [
    { permissions: ["apps:read"], resources: ["apps/billing", "apps/payroll"] },
    { permissions: ["apps:write"], resources: ["apps/payroll"] },
  ]);
});

test("a request test of a caller who may not edit the token offers no edit", async (t) => {
  const reader = await it.stack.createToken({ name: "explains only", permissions: ["tokens:read", "apps:read"], resources: ["*"] });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, reader.token);
  await page.getByRole("navigation").waitFor();
  await openToken(page, reader);
  await page.getByLabel("Method").selectOption("POST");
  await page.getByLabel("Path").fill("/apps/payroll");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText(/Add the permission\./).waitFor();
  assert.equal(await page.getByRole("button", { name: /^Add / }).count(), 0);
});

test("times are in the user's time zone, with the exact time as tooltip", async (t) => {
  const token = await it.stack.createToken({ name: "timed", expires_in: undefined, expires_at: "2027-07-01T22:30:00Z" });
  const page = await show(t, token, { timezoneId: "Asia/Tokyo" });
  const time = page.locator("time[datetime='2027-07-01T22:30:00Z']").first();
  await time.waitFor();
  assert.match(await time.getAttribute("title"), /July 2, 2027.*7:30/);
});

test("a rotation whose response was lost can be repeated", async (t) => {
  const token = await it.stack.createToken({ name: "lost response" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Rotate" }).click();
  const rotate = page.getByRole("dialog").getByRole("button", { name: "Rotate" });
  await page.route(/\/rotate$/, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await rotate.click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await page.unrouteAll();
  await rotate.click();
  await page.getByRole("alert").getByText(/rotated/).first().waitFor();
  await rotate.click();
  await page.getByRole("heading", { name: /new secret/ }).waitFor();
  assert.equal(await it.stack.demoStatus("/apps/billing", await shownSecret(page)), 200);
});

test("after a concurrent change, a second click disables the token", async (t) => {
  const token = await it.stack.createToken({ name: "changed before" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Disable" }).click();
  const { etag } = await it.stack.call("GET", `/tokens/${token.id}`);
  await it.stack.call("PATCH", `/tokens/${token.id}`, { description: "new" }, { headers: { "if-match": etag } });
  const disable = page.getByRole("dialog").getByRole("button", { name: "Disable" });
  await disable.click();
  await page.getByText("This token just changed.").waitFor();
  await disable.click();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  assert.equal((await fetched(token)).status, "disabled");
});

test("an invalid token ID is reported", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/tokens/." });
  await page.getByRole("alert").getByText("That isn’t a valid token ID.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
});

test("revoking the token of the current session shows a warning", async (t) => {
  const token = await it.stack.createToken({ name: "my own", permissions: ["*"], resources: ["*"], owner: "admin" });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, token.token);
  await page.getByRole("navigation").waitFor();
  const other = await it.stack.createToken({ name: "another" });
  for (const [one, warnings] of [[token, 1], [other, 0]]) {
    await openToken(page, one);
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("dialog").getByText(/Never used|[Uu]sed/).first().waitFor();
    assert.equal(await page.getByText("You’re signed in with this token").count(), warnings);
    await page.keyboard.press("Escape");
  }
});

test("a request test asks for the source IP if that decides", async (t) => {
  const token = await it.stack.createToken({ name: "bound", allowed_ips: ["192.0.2.0/24"] });
  const page = await show(t, token);
  await page.getByLabel("Path").fill("/apps/billing");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Enter a source IP.").waitFor();
  await page.getByLabel(/Source IP/).fill("198.51.100.7");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("198.51.100.7 isn’t an allowed IP address.").waitFor();
});

test("the history says that the old secret still works", async (t) => {
  const token = await it.stack.createToken({ name: "overlapping" });
  await it.stack.call("POST", `/tokens/${token.id}/rotate`, { overlap: "1h" });
  const page = await show(t, token);
  await page.getByText(/The old secret works until/).waitFor();
});

test("what the caller may not do is disabled, with the reason", async (t) => {
  const reader = await it.stack.createToken({ name: "reader", permissions: ["tokens:read", "apps:read"], resources: ["*"] });
  const page = await it.open(t);
  await signInWithToken(page, it.stack, reader.token);
  await page.getByRole("navigation").waitFor();
  await openToken(page, reader);
  await page.getByText("You need tokens:write to change this token. Ask an administrator.").waitFor();
  for (const name of ["Rotate", "Disable", "Revoke", "Delete", "Edit name", "Edit permissions"]) {
    const button = page.getByRole("button", { name, exact: !name.startsWith("Edit") });
    assert.ok(await button.isDisabled(), name);
  }
  const link = page.getByRole("link", { name: "New token" });
  assert.equal(await link.getAttribute("aria-disabled"), "true");
  assert.match(await link.getAttribute("title"), /^You need tokens:write to create tokens\./);
  await page.keyboard.press("n");
  await page.getByText("You need tokens:write to create tokens.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Create token" }).count(), 0);
});

test("a token that an administrator disabled cannot be enabled by its owner", async (t) => {
  const token = await it.stack.createToken({ name: "disabled by admin", owner: "bob" });
  await it.stack.call("POST", `/tokens/${token.id}/disable`);
  const page = await it.open(t);
  await signIn(page, it.stack, { who: "bob" });
  await openToken(page, token);
  await page.getByText("Only an administrator can enable this token.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Enable" }).isDisabled());
  assert.doesNotMatch(await page.getByRole("main").innerText(), /An administrator disabled/, "the note above says so already");
});

test("Enter on a choice of a dialog confirms nothing", async (t) => {
  const token = await it.stack.createToken({ name: "chosen only" });
  const page = await show(t, token);
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  const submitting = await submittedByEnter(page, {
    radio: page.getByLabel("Leaked or compromised"),
    checkbox: page.getByLabel(/Also clear gateway caches/),
  });
  assert.deepEqual(submitting, []);
  assert.equal((await fetched(token)).status, "active");
});

for (const [way, leave] of [
  ["Escape", (page) => page.keyboard.press("Escape")],
  ["Cancel", (page) => page.getByRole("button", { name: "Cancel" }).click()],
]) {
  test(`${way} asks before it discards the comment of a revocation`, async (t) => {
    const token = await it.stack.createToken({ name: `commented: ${way}` });
    const page = await show(t, token);
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    const comment = page.getByRole("textbox", { name: /^Comment/ });
    await comment.fill("found in a public log");
    await leave(page);
    const question = page.getByRole("dialog", { name: "Discard your changes?" });
    await question.getByRole("button", { name: "Keep editing" }).click();
    await question.waitFor({ state: "detached" });
    assert.equal(await comment.inputValue(), "found in a public log");
    await leave(page);
    await question.getByRole("button", { name: "Discard changes" }).click();
    await comment.waitFor({ state: "detached" });
    assert.equal((await fetched(token)).status, "active");
  });
}

test("a revoked token shows when it was revoked instead of its expiration", async (t) => {
  const token = await it.stack.createToken({ name: "revoked early", expires_in: "30d" });
  await it.stack.call("POST", `/tokens/${token.id}/revoke`, {});
  const page = await show(t, token);
  const fact = (label) => page.locator("dt", { hasText: label }).locator("+ dd");
  await fact("Revoked").getByText(/^[A-Z][a-z]+ \d+, \d+ \(just now\)$/).waitFor();
  assert.equal(await fact("Expiration").count(), 0);
});
