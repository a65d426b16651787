// A real browser, and what a person does in every test: open the console, sign in.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { Stack } from "./stack.mjs";

const FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS.split(" ") });

/** One stack and one browser for a file of tests. */
export function setUp(options) {
  const it = {};
  before(async () => {
    [it.stack, it.browser] = await Promise.all([Stack.start(options), launch()]);
  });
  after(async () => {
    await it.browser?.close();
    await it.stack?.stop();
  });
  /** A page of its own for a test. Whatever it complains of, or asks of elsewhere, fails the test. */
  it.open = async (t, { expected = [], ...options } = {}) => {
    const context = await newContext(it.browser, options);
    const complaints = [];
    context.on("request", (request) => {
      if (new URL(request.url()).origin !== it.stack.url) complaints.push(`asked of elsewhere: ${request.url()}`);
    });
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(error.stack));
    page.on("console", (message) => {
      // What the service refuses on purpose is an error in the browser's eyes.
      const refused = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !refused) complaints.push(message.text());
    });
    t.after(async () => {
      await context.close();
      assert.deepEqual(complaints, []);
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
  // No machine is so slow; what never comes still ends the test.
  context.setDefaultTimeout(90_000);
  return context;
}

/** Signs in as somebody whom the development sign-in offers. */
export async function signIn(page, stack, { who = "alice", hash = "" } = {}) {
  await page.goto(`${stack.url}/console/${hash}`);
  await page.getByRole("button", { name: "Sign in with your provider" }).click();
  await page.getByRole("button", { name: new RegExp(who) }).click();
  await page.getByRole("navigation").waitFor();
}

/** Signs in as somebody with groups of one's own. */
export async function signInWithGroups(page, stack, name, groups) {
  await page.goto(`${stack.url}/console/`);
  await page.getByRole("button", { name: "Sign in with your provider" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Groups").fill(groups);
  await page.getByRole("button", { name: "Sign in for development" }).click();
  await page.getByRole("navigation").waitFor();
}

/** Signs in with an API token. */
export async function signInWithToken(page, stack, token, hash = "") {
  await page.goto(`${stack.url}/console/${hash}`);
  await page.getByText("Use an API token instead").click();
  await page.getByLabel("API token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Sign in with the token" }).click();
}

/** The page of one token. */
export async function openToken(page, token) {
  await page.evaluate((id) => (location.hash = `#/tokens/${id}`), token.id);
  await page.getByRole("heading", { name: token.name }).waitFor();
}

/** The secret, on the page that shows it once. */
export const shownSecret = (page) => page.getByLabel("Secret", { exact: true }).inputValue();

/** Copies it, and waits until the page knows. */
export async function copySecret(page) {
  await page.getByRole("button", { name: "Copy the secret" }).click();
  await page.getByRole("status").filter({ hasText: "Copied" }).waitFor();
}
