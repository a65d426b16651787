// Making a token.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { copySecret, setUp, shownSecret, signIn } from "./browser.mjs";

const it = setUp();

async function begin(page, name) {
  await signIn(page, it.stack, { hash: "#/new" });
  await page.getByLabel("Name", { exact: true }).fill(name);
}

/** Enough for a token that can be made. */
async function mayRead(page) {
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Everything").check();
}

async function create(page) {
  await page.getByRole("button", { name: "Create the token" }).click();
  await page.getByRole("heading", { name: /Copy the secret of/ }).waitFor();
  return await shownSecret(page);
}

test("everything that a token can have can be said, and the token has it", async (t) => {
  const page = await it.open(t);
  await begin(page, "GitHub Actions");
  await page.getByLabel("Description").fill("deploys billing");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel(/^builds:write/).check();
  await page.getByLabel("Resources, one a line").fill("apps/billing\nbuilds/billing");
  await page.getByLabel(/Allowed IP/).fill("127.0.0.0/8\n2001:db8::1");
  await page.getByLabel("90 days").check();
  const secret = await create(page);
  const { body } = await it.stack.call("GET", `/tokens/${secret.slice(4, 20)}`);
  assert.deepEqual(body.grants, [{ permissions: ["apps:read", "builds:write"], resources: ["apps/billing", "builds/billing"] }]);
  assert.deepEqual([body.name, body.description, body.owner], ["GitHub Actions", "deploys billing", "alice"]);
  assert.deepEqual(body.allowed_ips, ["127.0.0.0/8", "2001:db8::1"]);
  assert.equal(Math.round((Date.parse(body.expires_at) - Date.now()) / 86_400_000), 90);
  assert.equal(await it.stack.opens("/apps/billing", secret), 200);
});

test("a role gives what it has in the catalog", async (t) => {
  const page = await it.open(t);
  await begin(page, "by role");
  await page.getByLabel("Take those of a role").check();
  await page.getByRole("radio", { name: /deployer/ }).check();
  await page.getByLabel("Resources, one a line").fill("apps/billing");
  const secret = await create(page);
  assert.equal((await it.stack.call("GET", `/tokens/${secret.slice(4, 20)}`)).body.role, "deployer");
  assert.equal(await page.evaluate(() => scrollY), 0, "what follows begins at its top");
});

test("permissions are shown with what they mean, and are found by a search", async (t) => {
  const page = await it.open(t);
  await begin(page, "searching");
  await page.getByText("Restart an app").waitFor();
  await page.getByLabel("Search permissions").fill("restart");
  await page.getByText("Restart an app").waitFor();
  assert.equal(await page.getByLabel(/^builds:read/).count(), 0);
});

test("what it will be able to call is shown before the click", async (t) => {
  const page = await it.open(t);
  await begin(page, "previewed");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources, one a line").fill("apps/billing");
  await page.getByText("/apps/billing and below").waitFor();
  await page.getByLabel("Resources, one a line").fill("apps/shop");
  await page.getByText("/apps/shop and below").waitFor();
  assert.equal(await page.getByText("/apps/billing and below").count(), 0);
});

test("a date of one's own is kept to the end of that day, and no end at all is warned of", async (t) => {
  const page = await it.open(t);
  await begin(page, "dated");
  await mayRead(page);
  await page.getByLabel("Never").check();
  await page.getByText(/A token that never ends works for whoever finds it/).waitFor();
  await page.getByLabel("On a date").check();
  const day = new Date(Date.now() + 45 * 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel("Last day").fill(day);
  const secret = await create(page);
  const { body } = await it.stack.call("GET", `/tokens/${secret.slice(4, 20)}`);
  const there = new Date(body.expires_at).toLocaleString("sv-SE", { timeZone: "Europe/Berlin" });
  assert.ok(there.startsWith(`${day} 23:59`) || there.endsWith("00:00:00"), there);
});

test("what the service refuses is said at its field", async (t) => {
  const page = await it.open(t);
  await begin(page, "refused");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources, one a line").fill("../x");
  await page.getByLabel(/Allowed IP/).fill("home");
  await page.getByRole("button", { name: "Create the token" }).click();
  await page.getByRole("alert").waitFor();
  for (const label of ["Resources, one a line", /Allowed IP/]) {
    const field = page.getByLabel(label);
    assert.equal(await field.getAttribute("aria-invalid"), "true");
  }
});

test("the secret is copied, and the curl line works as it is copied", async (t) => {
  const page = await it.open(t);
  await begin(page, "copied");
  await mayRead(page);
  const secret = await create(page);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await copySecret(page);
  assert.equal(await clipboard(), secret);
  await page.getByRole("button", { name: "Copy the curl line" }).click();
  const me = JSON.parse(execFileSync("bash", ["-c", await clipboard()], { encoding: "utf8" }));
  assert.equal(me.token_name, "copied");
  for (const [name, tool] of [["GitHub", "| gh secret set "], ["GitLab", "| glab variable set "], ["portcullis", "| portcullis whoami "]]) {
    await page.getByRole("button", { name: `Copy the ${name} line` }).click();
    const line = await clipboard();
    assert.ok(line.includes(tool) && line.includes(secret), line);
    assert.ok(!(await page.getByLabel(`${name} line`, { exact: true }).innerText()).includes(secret), "it is not shown twice");
  }
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "copied" }).waitFor();
});

test("who leaves without a copy is asked, and may stay, copy or go", async (t) => {
  const page = await it.open(t);
  await begin(page, "left");
  await mayRead(page);
  const secret = await create(page);
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("button", { name: "Stay here" }).click();
  assert.equal(await shownSecret(page), secret);
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("button", { name: "Copy and leave" }).click();
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
});

test("a secret that was not copied is asked about by the sign-out too", async (t) => {
  const page = await it.open(t);
  await begin(page, "signed out");
  await mayRead(page);
  const secret = await create(page);
  // A part of it is no copy.
  await page.getByLabel("Secret", { exact: true }).evaluate((field) => field.setSelectionRange(0, 3));
  await page.keyboard.press("Control+C");
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stay here" }).click();
  assert.equal(await shownSecret(page), secret);
});

test("a date that is being typed in breaks nothing", async (t) => {
  const page = await it.open(t);
  await begin(page, "undated");
  await page.getByLabel("On a date").check();
  await page.getByLabel("Last day").fill("");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources, one a line").fill("apps/billing");
  await page.getByText("/apps/billing and below").waitFor();
});

test("who would leave while a token is being made is told to stay, and sees its secret", async (t) => {
  const page = await it.open(t);
  await begin(page, "slowly made");
  await mayRead(page);
  let answer;
  await page.route((url) => url.pathname === "/tokens", (route) => {
    if (route.request().method() !== "POST") return route.continue();
    return new Promise((resolve) => (answer = () => resolve(route.continue())));
  });
  await page.getByRole("button", { name: "Create the token" }).click();
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("dialog").getByText("The token is being made").waitFor();
  assert.equal(await page.getByRole("button", { name: "Leave", exact: true }).count(), 0);
  answer();
  await page.getByRole("heading", { name: /Copy the secret of/ }).waitFor();
});

test("what was said to be wrong is not said any more once it was all corrected", async (t) => {
  const page = await it.open(t);
  await begin(page, "corrected");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources, one a line").fill("../x");
  await page.getByRole("button", { name: "Create the token" }).click();
  await page.getByText("The request is not valid").waitFor();
  await page.getByLabel("Resources, one a line").fill("apps/x");
  await page.getByText("The request is not valid").waitFor({ state: "detached" });
  await create(page);
});

test("a session that ends beside a secret leaves it to be seen, and ends with its page", async (t) => {
  const page = await it.open(t);
  let refuse;
  await page.route((url) => url.pathname === "/tokens", (route) => {
    if (route.request().method() === "POST") return route.continue();
    return new Promise((resolve) => (refuse = () => resolve(route.fulfill({ status: 401, json: {} }))));
  });
  // The list is still on its way when the token is made.
  await signIn(page, it.stack);
  await page.keyboard.press("n");
  await page.getByLabel("Name", { exact: true }).fill("outlived");
  await mayRead(page);
  const secret = await create(page);
  const refused = page.waitForResponse((response) => response.status() === 401);
  refuse();
  await refused;
  await copySecret(page);
  assert.equal(await shownSecret(page), secret);
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByText(/Your session has ended/).waitFor();
});
