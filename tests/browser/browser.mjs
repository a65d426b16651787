// Setup and helpers of the tests: the browser, sign-in, common pages.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { Stack } from "./stack.mjs";

const FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS.split(" ") });

/** Starts one stack and one browser for a test file. */
export function setUp(options) {
  const it = {};
  before(async () => {
    [it.stack, it.browser] = await Promise.all([Stack.start(options), launch()]);
  });
  after(async () => {
    await it.browser?.close();
    await it.stack?.stop();
  });
  /** Opens a new page. The test fails on console errors and on requests to other origins. */
  it.open = async (t, { expected = [], ...options } = {}) => {
    const context = await newContext(it.browser, options);
    const failures = [];
    context.on("request", (request) => {
      if (new URL(request.url()).origin !== it.stack.url) failures.push(`request to another origin: ${request.url()}`);
    });
    const page = await context.newPage();
    page.on("pageerror", (error) => failures.push(error.stack));
    page.on("console", (message) => {
      // The browser logs each error response as an error. Tests cause these on purpose.
      const isErrorResponse = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isErrorResponse) failures.push(message.text());
    });
    t.after(async () => {
      await context.close();
      assert.deepEqual(failures, []);
    });
    return page;
  };
  return it;
}

export async function newContext(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    locale: "en-US",
    timezoneId: "Europe/Berlin",
    ...options,
  });
  // Long enough for slow machines.
  context.setDefaultTimeout(90_000);
  return context;
}

/** The button that signs in at the provider. */
export const providerButton = (page) => page.getByRole("button", { name: "Sign in with the development provider" });

/** Signs in as a user of the development sign-in. */
export async function signIn(page, stack, { who = "alice", hash = "" } = {}) {
  await page.goto(`${stack.url}/console/${hash}`);
  await providerButton(page).click();
  await page.getByRole("button", { name: new RegExp(who) }).click();
  await page.getByRole("navigation").waitFor();
}

/** Signs in as a new user with these groups. */
export async function signInWithGroups(page, stack, name, groups) {
  await page.goto(`${stack.url}/console/`);
  await providerButton(page).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Groups").fill(groups);
  await page.getByRole("button", { name: "Sign in for development" }).click();
  await page.getByRole("navigation").waitFor();
}

/** Signs in with an API token. */
export async function signInWithToken(page, stack, token, hash = "") {
  await page.goto(`${stack.url}/console/${hash}`);
  await page.getByText("Sign in with an API token").click();
  await page.getByLabel("API token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

export async function signOut(page, who) {
  await page.locator("summary", { hasText: who }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You’ve signed out.").waitFor();
}

/** Lets the service reject the session from now on. Returns a function that ends this. */
export async function expireSession(page) {
  const isApi = (url) => /^\/(tokens|catalog|me)/.test(url.pathname);
  const refuse = (route) => route.fulfill({ status: 401, json: {} });
  await page.route(isApi, refuse);
  return () => page.unroute(isApi, refuse);
}

/** Lets the list show these tokens as created a number of days ago. */
export async function makeOlder(page, days) {
  await page.route((url) => url.pathname === "/tokens", async (route) => {
    if (route.request().method() !== "GET") return route.fallback();
    const response = await route.fetch();
    const body = await response.json();
    for (const token of body.tokens) {
      if (token.name in days) token.created_at = new Date(Date.parse(token.created_at) - days[token.name] * 86_400_000).toISOString();
    }
    await route.fulfill({ response, json: body });
  });
}

/** What is in the browser's storage, beside the provider of the last sign-in. */
export const storage = (page) =>
  page.evaluate(() => {
    const { "portcullis.signed-in": _, ...others } = { ...localStorage, ...sessionStorage };
    return others;
  });

/** Opens the page of a token. */
export async function openToken(page, token) {
  await page.evaluate((id) => (location.hash = `#/tokens/${id}`), token.id);
  await page.getByRole("heading", { name: token.name }).waitFor();
}

/** Reads the secret from its page. */
export const shownSecret = (page) => page.getByLabel("Secret", { exact: true }).inputValue();

/** Copies the secret, and waits for the confirmation. */
export async function copySecret(page) {
  await page.getByRole("button", { name: "Copy the secret" }).click();
  await page.getByRole("status").filter({ hasText: "Copied" }).waitFor();
}

/** The texts that describe a field: its hint and errors. */
export const describedBy = (field) =>
  field.evaluate((element) => element.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).innerText).join(" "));

/** Presses Enter in each field, and returns the labels of those that submitted a form. */
export async function submittedByEnter(page, fields) {
  await page.evaluate(() => addEventListener("submit", () => (window.submissions = (window.submissions ?? 0) + 1), true));
  const submitting = [];
  for (const [label, field] of Object.entries(fields)) {
    const before = await page.evaluate(() => window.submissions);
    await field.press("Enter");
    if ((await page.evaluate(() => window.submissions)) !== before) submitting.push(label);
  }
  return submitting;
}

/** Presses Tab until an element with this name has a visible focus. */
export async function tabTo(page, wanted) {
  const matches = typeof wanted === "string" ? (name) => name.toLowerCase() === wanted : wanted;
  const seen = [];
  for (let presses = 0; presses < 90; presses++) {
    const { name, outlined } = await page.evaluate(() => {
      const at = document.activeElement;
      const label = at.getAttribute("aria-label") ?? at.labels?.[0]?.innerText ?? at.innerText ?? "";
      const style = getComputedStyle(at);
      return { name: label.trim(), outlined: style.outlineStyle !== "none" || style.boxShadow !== "none" };
    });
    if (matches(name)) {
      assert.ok(outlined, `${name} has no visible focus`);
      return;
    }
    seen.push(name.slice(0, 20));
    await page.keyboard.press("Tab");
  }
  assert.fail(`not reached; focused ${seen.join(", ")}`);
}

/** Holds requests of this method and path open until the returned function is called. */
export async function hold(page, method, path) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(
    (url) => path.test(url.pathname),
    async (route) => {
      if (route.request().method() === method) await released;
      await route.continue();
    },
  );
  return release;
}
