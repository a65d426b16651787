// Approvals: the inbox, a token's approvals, and what the other pages say of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { openToken, providerButton, setUp, signIn, signInWithGroups, signInWithToken, tabTo } from "./browser.mjs";

const it = setUp();
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const GRANTS = { permissions: ["releases:read", "releases:write"], resources: ["releases"] };
const article = (page, text) => page.getByRole("article").filter({ hasText: text });
const focused = (page) => page.locator(":focus");

/** A token that needs an approval to write releases. */
const deployToken = (fields) => it.stack.createToken({ name: "deploy", ...GRANTS, ...fields });

async function request(token, fields = {}) {
  const body = { permission: "releases:write", resource: "releases/42", reason: "Deploy 1.4.2", ...fields };
  const { status, body: approval } = await it.stack.call("POST", "/approvals", body, { token: token.token });
  assert.equal(status, 201, JSON.stringify(approval));
  return approval;
}

/** Decides a request as another user. */
async function decide(approval, verb, body = {}, who = "bob") {
  const form = new URLSearchParams({ name: who, groups: "portcullis-admin" });
  const { session } = await (await fetch(`${it.stack.url}/dev/sign-in`, { method: "POST", body: form })).json();
  const decided = await it.stack.call("POST", `/approvals/${approval.id}/${verb}`, body, { token: session });
  assert.equal(decided.status, 200, JSON.stringify(decided.body));
}

const end = (approval) => it.stack.call("DELETE", `/approvals/${approval.id}`);
const statusOf = async ({ id }) => (await it.stack.call("GET", `/approvals/${id}`)).body.status;
const deploy = (token, release) => it.stack.demoStatus(`/releases/${release}`, token.token, "POST");

/** Opens the inbox, and waits for this request. */
async function openInbox(page, text, who = "alice") {
  await signIn(page, it.stack, { who, hash: "#/approvals" });
  await article(page, text).waitFor();
}

/** Focuses a request by keyboard. */
async function moveTo(page, text) {
  do {
    await page.keyboard.press("j");
  } while (!(await focused(page).innerText()).includes(text));
}

test("a request is approved in two keys, and the token may make it", async (t) => {
  const token = await deployToken();
  assert.equal(await deploy(token, 1), 403);
  await request(token, { resource: "releases/1", reason: "approve me" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByRole("link", { name: /^Approvals \d+ to decide$/ }).waitFor();
  await page.keyboard.press("p");
  await article(page, "approve me").waitFor();
  await moveTo(page, "approve me");
  await page.keyboard.press("a");
  await page.getByRole("dialog", { name: "Approve this request?" }).waitFor();
  await focused(page).and(page.getByRole("button", { name: "Approve" })).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText(/^Approved releases:write on releases\/1 until /).waitFor();
  await article(page, "approve me").getByText(/^Approved by alice just now\. Expires in 15 minutes$/).waitFor();
  await focused(page).and(article(page, "approve me")).waitFor();
  assert.deepEqual([await deploy(token, 1), await deploy(token, 2)], [200, 403]);
});

test("a request is rejected with a comment by keyboard", async (t) => {
  const token = await deployToken();
  const approval = await request(token, { reason: "reject me" });
  const page = await it.open(t);
  await openInbox(page, "reject me");
  await moveTo(page, "reject me");
  await page.keyboard.press("r");
  await page.getByRole("dialog", { name: "Reject this request?" }).waitFor();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type("Not on a Friday");
  await tabTo(page, "reject");
  await page.keyboard.press("Enter");
  await article(page, "reject me").getByText("“Not on a Friday”").waitFor();
  assert.equal(await statusOf(approval), "rejected");
  assert.equal(await deploy(token, 42), 403);
});

test("an approval is given for a shorter time than is offered", async (t) => {
  const approval = await request(await deployToken(), { reason: "only shortly" });
  const page = await it.open(t);
  await openInbox(page, "only shortly");
  await article(page, "only shortly").getByRole("button", { name: "Approve" }).click();
  const dialog = page.getByRole("dialog");
  const choice = dialog.getByLabel("Valid for");
  assert.deepEqual(await choice.getByRole("option").allInnerTexts(), ["15 minutes", "5 minutes", "1 minute"]);
  await choice.selectOption("1 minute");
  await dialog.getByText("Allows any number of requests for 1 minute.").waitFor();
  await dialog.getByRole("button", { name: "Approve" }).click();
  await article(page, "only shortly").getByText(/^Approved by alice/).waitFor();
  assert.equal((await it.stack.call("GET", `/approvals/${approval.id}`)).body.valid_for, 60);
});

test("a request says what is asked, by which token, why, and what it allows", async (t) => {
  const token = await deployToken({ name: "pipeline of the shop", owner: "carol" });
  const link = "https://ci.example.com/runs/42?x=1";
  const approval = await request(token, { reason: "Deploy 1.4.2\nwith the new checkout", link });
  const page = await it.open(t);
  await openInbox(page, "with the new checkout");
  const shown = article(page, "with the new checkout");
  await shown.getByRole("heading", { name: "releases:write on releases/42 Pending" }).waitFor();
  for (const text of ["Requested just now by the token pipeline of the shop of carol", "Create and deploy releases: any number of requests for 15 minutes", "Lapses tomorrow"]) {
    await shown.getByText(text, { exact: true }).waitFor();
  }
  const anchor = shown.getByRole("link", { name: "ci.example.com (opens in a new tab)" });
  const attributes = await anchor.evaluate((element) => [element.href, element.target, element.rel]);
  assert.deepEqual(attributes, [link, "_blank", "noreferrer"]);
  await shown.getByRole("link", { name: "pipeline of the shop" }).click();
  await page.getByRole("heading", { name: "pipeline of the shop", level: 1 }).waitFor();
  await end(approval);
});

test("a request that was decided in between shows by which user", async (t) => {
  const approval = await request(await deployToken(), { reason: "decided twice" });
  const page = await it.open(t);
  await openInbox(page, "decided twice");
  await article(page, "decided twice").getByRole("button", { name: "Reject" }).click();
  await decide(approval, "approve");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Reject" }).click();
  await dialog.getByText("This request is no longer pending.").waitFor();
  await dialog.getByText(/^Approved by bob just now\. Expires in 15 minutes$/).waitFor();
  assert.deepEqual(await dialog.getByRole("button").allInnerTexts(), ["Close"]);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await article(page, "decided twice").getByText(/^Approved by bob/).waitFor();
  assert.deepEqual(await article(page, "decided twice").getByRole("button").allInnerTexts(), ["End approval"]);
});

test("a request that the caller may not decide says why, without buttons", async (t) => {
  const token = await deployToken({ name: "decides nothing", permissions: ["releases:write", "approvals:decide", "tokens:read"], resources: ["*"] });
  const approval = await request(token, { reason: "not mine to decide" });
  const viewer = await it.open(t);
  await openInbox(viewer, "not mine to decide", "bob");
  await article(viewer, "not mine to decide").getByText("You need approvals:decide on releases/42 to decide this request.").waitFor();
  await moveTo(viewer, "not mine to decide");
  for (const key of ["a", "r"]) await viewer.keyboard.press(key);
  assert.equal(new URL(viewer.url()).hash, "#/approvals");
  const requester = await it.open(t);
  await signInWithToken(requester, it.stack, token.token, "#/approvals");
  await article(requester, "not mine to decide").getByText("You’re signed in with a token of this owner. A user has to decide.").waitFor();
  for (const page of [viewer, requester]) {
    assert.equal(await article(page, "not mine to decide").getByRole("button").count(), 0);
    await page.getByRole("link", { name: "Approvals", exact: true }).waitFor();
  }
  await end(approval);
});

test("a user without tokens or rights has no link to the approvals", async (t) => {
  const page = await it.open(t);
  await signInWithGroups(page, it.stack, "newcomer", "");
  await page.getByRole("link", { name: "Activity" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Approvals" }).count(), 0);
  await page.keyboard.press("p");
  await page.getByText(/^No requests to decide\. You see the requests of your tokens/).waitFor();
});

test("the inbox refreshes itself, and keeps what was decided in its place", async (t) => {
  const token = await deployToken();
  const first = await request(token, { reason: "was there before" });
  const page = await it.open(t);
  await page.clock.install();
  await openInbox(page, "was there before");
  const second = await request(token, { resource: "releases/43", reason: "came later" });
  await decide(first, "reject");
  await page.clock.runFor(10_000);
  assert.equal(await article(page, "came later").count(), 0);
  await page.clock.runFor(10_000);
  await article(page, "came later").waitFor();
  await page.getByRole("list", { name: "Requests", exact: true }).getByText(/^Rejected by bob/).waitFor();
  assert.equal(await article(page, "was there before").count(), 1);
  await end(second);
});

test("earlier requests are filtered by status, in the address, and paged", async (t) => {
  const token = await deployToken({ name: "many requests", owner: "dora" });
  for (let number = 0; number < 25; number++) await end(await request(token, { resource: `releases/${number}`, reason: "withdrawn again" }));
  const rejected = await request(token, { reason: "rejected once" });
  await decide(rejected, "reject");
  const page = await it.open(t);
  await signInWithToken(page, it.stack, token.token, "#/approvals");
  const list = page.getByRole("list", { name: "Earlier requests" });
  await list.getByText("rejected once").waitFor();
  assert.equal(await list.getByRole("article").count(), 20);
  await page.getByRole("button", { name: "Load more" }).click();
  await list.getByRole("article").nth(25).waitFor();
  assert.deepEqual([await list.getByRole("article").count(), await page.getByRole("button", { name: "Load more" }).count()], [26, 0]);
  await page.getByLabel("Status").selectOption("Rejected");
  await page.waitForURL(/#\/approvals\?status=rejected$/);
  await list.getByText("withdrawn again").first().waitFor({ state: "detached" });
  assert.equal(await list.getByRole("article").count(), 1);
});

test("a token's page shows its approvals, and ends one by keyboard", async (t) => {
  const token = await deployToken({ name: "ends early" });
  const none = await deployToken({ name: "without approvals" });
  const approval = await request(token, { reason: "for a while" });
  await decide(approval, "approve", { comment: "Until noon" });
  assert.equal(await deploy(token, 42), 200);
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  const section = page.getByRole("region", { name: "Approvals" });
  await section.getByText("“Until noon”").waitFor();
  await tabTo(page, "end approval");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("The next request that needs it is denied.").waitFor();
  await tabTo(page, "end approval");
  await page.keyboard.press("Enter");
  await page.getByText("Approval ended.").waitFor();
  await section.getByText(/^Approved by bob just now\. Ended by alice just now$/).waitFor();
  assert.equal(await deploy(token, 42), 403);
  const history = page.getByRole("region", { name: "History" });
  for (const [event, detail] of [["Approval requested", "releases:write on releases/42"], ["Approval given by bob", /^releases:write on releases\/42 until /], ["Approval ended by alice", "releases:write on releases/42"]]) {
    await history.getByRole("listitem").filter({ hasText: event }).getByText(detail).waitFor();
  }
  await openToken(page, none);
  await page.getByRole("region", { name: "History" }).getByText("Created").waitFor();
  assert.equal(await section.count(), 0);
});

test("the owner withdraws a request that they may not decide", async (t) => {
  const token = await deployToken({ name: "withdrawn by its owner", owner: "olga" });
  const approval = await request(token, { reason: "a mistake" });
  const page = await it.open(t);
  await signInWithGroups(page, it.stack, "olga", "portcullis-deployer");
  await openToken(page, token);
  await article(page, "a mistake").getByRole("button", { name: "Withdraw" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Withdraw" }).click();
  await article(page, "a mistake").getByText(/^Withdrawn by olga/).waitFor();
  assert.equal(await statusOf(approval), "ended");
});

test("the activity says in words what became of a request, and links to it", async (t) => {
  const token = await deployToken({ name: "in the activity" });
  const approval = await request(token, { reason: "named in the activity" });
  await decide(approval, "reject");
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/activity" });
  const items = page.locator(".activity > li");
  await items.filter({ hasText: "in the activity requested an approval" }).waitFor();
  const item = items.filter({ hasText: "bob rejected a request of in the activity" });
  await item.getByRole("link", { name: "releases:write on releases/42" }).click();
  await focused(page).and(article(page, "named in the activity")).waitFor();
  await page.getByLabel("Status").waitFor();
  await page.evaluate(() => (location.hash = "#/approvals/01ARZ3NDEKTSV4RRFFQ69G5FAV"));
  await page.getByText("This doesn’t exist, or you may not see it.").waitFor();
});

test("a tested request says that it needs an approval, and which one allows it", async (t) => {
  const token = await deployToken({ name: "tested" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByRole("region", { name: "Access" }).getByText("Only with an approval: releases:write").waitFor();
  await page.getByLabel("Method").selectOption("POST");
  await page.getByLabel("Path").fill("/releases/42");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("The token has releases:write on releases/42, but no approval for it.").waitFor();
  await page.getByText(/^Request one with POST \/approvals, or portcullis approval request\./).waitFor();
  await decide(await request(token, { reason: "allows the tested request" }), "approve");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Allowed.").waitFor();
  await page.getByRole("link", { name: "an approval" }).click();
  await focused(page).and(article(page, "allows the tested request")).waitFor();
});

test("the catalog shows which permissions need approval, and is edited in either form", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/catalog" });
  await page.getByText("Tokens need approval, unless they have releases:unapproved. One approval allows any number of requests for 15 minutes.").waitFor();
  const { body: saved } = await it.stack.call("GET", "/catalog");
  await page.getByRole("button", { name: "Edit" }).click();
  const json = page.getByLabel("Catalog (JSON)");
  assert.equal(/approvals:(read|decide)/.test(await json.inputValue()), false);
  const exec = { description: "Run a command", approval: { valid_for: "0m", uses: "once", resources: ["apps/production/*"], token_approvers: true } };
  const { permissions, ...others } = JSON.parse(await json.inputValue());
  const withRule = (valid_for) => ({ ...others, permissions: { ...permissions, "apps:exec": { ...exec, approval: { ...exec.approval, valid_for } } } });
  await json.fill(JSON.stringify(withRule("0m"), null, 2));
  await page.getByRole("button", { name: "Convert to TOML" }).click();
  const toml = page.getByLabel("Catalog (TOML)");
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  const line = (await toml.inputValue()).split("\n").findIndex((text) => text.includes('valid_for = "0m"')) + 1;
  await page.getByRole("button", { name: `Line ${line}`, exact: true }).waitFor();
  await toml.fill((await toml.inputValue()).replace('"0m"', '"1h"'));
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/Catalog saved/).waitFor();
  await page.getByText("Tokens need approval on apps/production/*. One approval allows one request within 1 hour. Tokens can approve, too.").waitFor();
  assert.deepEqual((await it.stack.call("GET", "/catalog")).body.permissions["apps:exec"], withRule("1h").permissions["apps:exec"]);
  await it.stack.setCatalog(saved);
});

test("a comment survives a session that expires", async (t) => {
  const approval = await request(await deployToken(), { reason: "typed at length" });
  const page = await it.open(t);
  await openInbox(page, "typed at length");
  await article(page, "typed at length").getByRole("button", { name: "Reject" }).click();
  await page.getByLabel("Comment").fill("It took me a while to type this");
  await page.route((url) => url.pathname.endsWith("/reject"), (route) => route.fulfill({ status: 401, json: {} }));
  await page.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
  await providerButton(page).click();
  await page.getByRole("button", { name: /alice/ }).click();
  await page.getByRole("dialog", { name: "Reject this request?" }).waitFor();
  assert.equal(await page.getByLabel("Comment").inputValue(), "It took me a while to type this");
  await end(approval);
});

test("a failure to load the requests can be retried", async (t) => {
  const approval = await request(await deployToken(), { reason: "loaded at last" });
  const page = await it.open(t);
  const isList = (url) => url.pathname === "/approvals";
  await page.route(isList, (route) => route.abort());
  await signIn(page, it.stack, { hash: "#/approvals" });
  await page.getByRole("alert").first().waitFor();
  await page.unroute(isList);
  await page.getByRole("button", { name: "Try again" }).click();
  await article(page, "loaded at last").waitFor();
  await end(approval);
});

for (const [view, options] of Object.entries({
  "in light on a phone": { colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  // 1280 x 900 at 200 % zoom.
  "in dark at 200 %": { colorScheme: "dark", viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
})) {
  test(`the approvals and their dialogs pass axe and fit the window ${view}`, async (t) => {
    const token = await deployToken({ name: `checked ${view}` });
    const waiting = `waiting ${view}`;
    const live = await request(token, { reason: "live", link: "https://ci.example.com/runs/42" });
    await decide(live, "approve", { comment: "Yes" });
    const pending = await request(token, { resource: `releases/${"long-name-".repeat(10)}`, reason: waiting });
    const page = await it.open(t, options);
    const check = async (where) => {
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`), [], where);
      // Not innerWidth: a mobile browser zooms out of a page that is too wide.
      const beyond = (await page.evaluate(() => document.documentElement.scrollWidth)) - page.viewportSize().width;
      assert.ok(beyond <= 0, `${where} is ${beyond} px wider than the window`);
    };
    await openInbox(page, waiting);
    await article(page, "live").first().waitFor();
    await check("inbox");
    for (const name of ["Approve", "Reject"]) {
      await article(page, waiting).getByRole("button", { name }).click();
      await page.getByRole("dialog").waitFor();
      await check(name);
      await page.keyboard.press("Escape");
    }
    await openToken(page, token);
    await article(page, "live").getByRole("button", { name: "End approval" }).click();
    await page.getByRole("dialog").waitFor();
    await check("end");
    await page.keyboard.press("Escape");
    await check("token");
    await page.evaluate(() => (location.hash = "#/approvals?status=lapsed"));
    await end(pending);
    await page.getByText("No matches").waitFor();
    await check("no matches");
  });
}
