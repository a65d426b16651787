// Creating a token and copying its secret.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { copySecret, describedBy, setUp, shownSecret, signIn, submittedByEnter, tabTo } from "./browser.mjs";

const it = setUp();

async function openForm(page, name) {
  await signIn(page, it.stack, { hash: "#/new" });
  await page.getByLabel("Name", { exact: true }).fill(name);
}

/** Selects the grants that a token needs at least. */
async function selectGrants(page) {
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("All resources").check();
}

async function create(page) {
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: /Copy the secret for/ }).waitFor();
  return await shownSecret(page);
}

test("the token has all values of the form", async (t) => {
  const page = await it.open(t);
  await openForm(page, "GitHub Actions");
  await page.getByLabel("Description").fill("deploys billing");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel(/^builds:write/).check();
  await page.getByLabel("Resources (one per line)").fill("apps/billing\nbuilds/billing");
  await page.getByLabel(/Allowed IP/).fill("127.0.0.0/8\n2001:db8::1");
  await page.getByLabel("90 days").check();
  const secret = await create(page);
  const { body } = await it.stack.call("GET", `/tokens/${secret.slice(4, 20)}`);
  assert.deepEqual(body.grants, [{ permissions: ["apps:read", "builds:write"], resources: ["apps/billing", "builds/billing"] }]);
  assert.deepEqual([body.name, body.description, body.owner], ["GitHub Actions", "deploys billing", "alice"]);
  assert.deepEqual(body.allowed_ips, ["127.0.0.0/8", "2001:db8::1"]);
  assert.equal(Math.round((Date.parse(body.expires_at) - Date.now()) / 86_400_000), 90);
  assert.equal(await it.stack.demoStatus("/apps/billing", secret), 200);
});

test("a token can be created from a role", async (t) => {
  const page = await it.open(t);
  await openForm(page, "by role");
  await page.getByLabel("Use a role").check();
  await page.getByRole("radio", { name: /deployer/ }).check();
  await page.getByLabel("Resources (one per line)").fill("apps/billing");
  const secret = await create(page);
  assert.equal((await it.stack.call("GET", `/tokens/${secret.slice(4, 20)}`)).body.role, "deployer");
  assert.equal(await page.evaluate(() => scrollY), 0, "the next page starts at the top");
});

test("permissions show their descriptions and can be searched", async (t) => {
  const page = await it.open(t);
  await openForm(page, "searching");
  await page.getByText("Restart an app").waitFor();
  await page.getByLabel("Search permissions").fill("restart");
  await page.getByText("Restart an app").waitFor();
  assert.equal(await page.getByLabel(/^builds:read/).count(), 0);
});

test("Enter while choosing permissions creates no token", async (t) => {
  const page = await it.open(t);
  await openForm(page, "searched");
  await selectGrants(page);
  await page.getByLabel("Search permissions").fill("apps");
  const submitting = await submittedByEnter(page, {
    search: page.getByLabel("Search permissions"),
    checkbox: page.getByLabel(/^apps:write/),
    other: page.getByLabel("Another permission"),
    radio: page.getByLabel("All resources"),
    expiration: page.getByLabel("90 days"),
  });
  assert.deepEqual(submitting, []);
  await page.getByRole("button", { name: "Create token" }).waitFor();
});

test("the preview shows what the token can call", async (t) => {
  const page = await it.open(t);
  await openForm(page, "previewed");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources (one per line)").fill("apps/billing");
  await page.getByText("/apps/billing, /apps/billing/**").waitFor();
  await page.getByLabel("Resources (one per line)").fill("apps/shop");
  await page.getByText("/apps/shop, /apps/shop/**").waitFor();
  assert.equal(await page.getByText("/apps/billing, /apps/billing/**").count(), 0);
});

test("a custom date lasts to the end of the day, and Never shows a warning", async (t) => {
  const page = await it.open(t);
  await openForm(page, "dated");
  await selectGrants(page);
  await page.getByLabel("Never").check();
  await page.getByText(/A token that never expires stays usable forever if it leaks/).waitFor();
  await page.getByLabel("Custom date").check();
  const day = new Date(Date.now() + 45 * 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel("Expires at the end of").fill(day);
  const secret = await create(page);
  const { body } = await it.stack.call("GET", `/tokens/${secret.slice(4, 20)}`);
  const there = new Date(body.expires_at).toLocaleString("sv-SE", { timeZone: "Europe/Berlin" });
  assert.ok(there.startsWith(`${day} 23:59`) || there.endsWith("00:00:00"), there);
});

/** The text that describes an invalid field. */
async function errorOf(field) {
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  return await describedBy(field);
}

test("errors of the service are shown at their fields, and the first has the focus", async (t) => {
  const page = await it.open(t);
  await openForm(page, "refused");
  await page.getByLabel(/^apps:read/).check();
  const resources = page.getByLabel("Resources (one per line)");
  await resources.fill("../x");
  await page.getByLabel(/Allowed IP/).fill("home");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Fix the 2 highlighted fields.").waitFor();
  assert.match(await errorOf(resources), /\.\.\/x is not a resource: must be a path/);
  assert.match(await errorOf(page.getByLabel(/Allowed IP/)), /home is not an IP address or CIDR range \(e\.g\. 192\.0\.2\.7 or 192\.0\.2\.0\/24\)\./);
  await resources.and(page.locator(":focus")).waitFor();
});

test("an invalid permission is named, and its chip has the focus", async (t) => {
  const page = await it.open(t);
  await openForm(page, "misspelled");
  await page.getByLabel("Another permission").fill("foo");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await selectGrants(page);
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Fix the highlighted field.").waitFor();
  assert.match(await errorOf(page.getByRole("group", { name: "Permissions" })), /foo is not a permission: must be resource:action/);
  await page.getByRole("button", { name: "Remove foo" }).and(page.locator(":focus")).waitFor();
});

test("a rejected permission that the search hides is shown, and has the focus", async (t) => {
  const page = await it.open(t);
  await openForm(page, "hidden");
  await selectGrants(page);
  await page.getByLabel("Search permissions").fill("builds");
  const errors = [{ field: "grants[0].permissions[0]", message: "is not yours" }];
  await page.route((url) => url.pathname === "/tokens", (route) => {
    if (route.request().method() !== "POST") return route.continue();
    return route.fulfill({ status: 400, json: { type: "urn:portcullis:problem:invalid_request", errors } });
  });
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("apps:read is not yours.").waitFor();
  await page.getByLabel(/^apps:read/).and(page.locator(":focus")).waitFor();
});

test("what is missing is said before anything is sent", async (t) => {
  const page = await it.open(t);
  await openForm(page, " ");
  page.on("request", (request) => assert.notEqual(request.method(), "POST"));
  await page.getByLabel("Custom date").check();
  await page.getByLabel("Expires at the end of").fill("");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Fix the 4 highlighted fields.").waitFor();
  assert.match(await errorOf(page.getByLabel("Name", { exact: true })), /Enter a name\./);
  assert.match(await errorOf(page.getByRole("group", { name: "Permissions" })), /Select at least one permission\./);
  assert.match(await errorOf(page.getByLabel("Resources (one per line)")), /Add at least one resource, or choose “All resources”\./);
  assert.match(await errorOf(page.getByLabel("Expires at the end of")), /Pick a date\./);
  await page.getByLabel("Use a role").check();
  await page.getByRole("button", { name: "Create token" }).click();
  assert.match(await errorOf(page.getByRole("group", { name: "Role" })), /Choose a role\./);
});

test("the secret and the commands can be copied, and the curl command works", async (t) => {
  const page = await it.open(t);
  await openForm(page, "copied");
  await selectGrants(page);
  const secret = await create(page);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await copySecret(page);
  assert.equal(await clipboard(), secret);
  await page.getByRole("button", { name: "Copy the Portcullis command" }).click();
  const me = JSON.parse(execFileSync("bash", ["-c", await clipboard()], { encoding: "utf8" }));
  assert.equal(me.token_name, "copied");
  for (const [name, tool] of [
    ["Your API", "curl -sS https://your-api.example.com/"],
    ["GitHub", "| gh secret set PORTCULLIS_API_TOKEN"],
    ["GitLab", "| glab variable set PORTCULLIS_API_TOKEN "],
    ["Portcullis CLI", "portcullis whoami "],
  ]) {
    await page.getByRole("button", { name: `Copy the ${name} command` }).click();
    const line = await clipboard();
    assert.ok(line.includes(tool) && line.includes(secret), line);
    assert.ok(!(await page.getByLabel(`${name} command`, { exact: true }).innerText()).includes(secret), "the secret is not shown twice");
  }
  assert.equal(await page.getByRole("heading", { level: 3 }).first().innerText(), "Your API");
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "copied" }).waitFor();
});

test("leaving without a copy asks, and offers to stay or to copy and leave", async (t) => {
  const page = await it.open(t);
  await openForm(page, "left");
  await selectGrants(page);
  const secret = await create(page);
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("button", { name: "Stay", exact: true }).click();
  assert.equal(await shownSecret(page), secret);
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("button", { name: "Copy and leave" }).click();
  await page.getByRole("heading", { name: "Catalog", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
});

test("signing out without a copy of the secret asks too", async (t) => {
  const page = await it.open(t);
  await openForm(page, "signed out");
  await selectGrants(page);
  const secret = await create(page);
  // Copying a part of the secret does not count.
  await page.getByLabel("Secret", { exact: true }).evaluate((field) => field.setSelectionRange(0, 3));
  await page.keyboard.press("Control+C");
  await page.locator("summary", { hasText: "alice" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stay", exact: true }).click();
  assert.equal(await shownSecret(page), secret);
});

test("an incomplete date does not break the preview", async (t) => {
  const page = await it.open(t);
  await openForm(page, "undated");
  await page.getByLabel("Custom date").check();
  await page.getByLabel("Expires at the end of").fill("");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources (one per line)").fill("apps/billing");
  await page.getByText("/apps/billing, /apps/billing/**").waitFor();
});

test("leaving while the token is being created is not possible", async (t) => {
  const page = await it.open(t);
  await openForm(page, "slowly created");
  await selectGrants(page);
  let respond;
  await page.route((url) => url.pathname === "/tokens", (route) => {
    if (route.request().method() !== "POST") return route.continue();
    return new Promise((resolve) => (respond = () => resolve(route.continue())));
  });
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("dialog").getByText("Creating the token.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Discard and leave" }).count(), 0);
  respond();
  await page.getByRole("heading", { name: /Copy the secret for/ }).waitFor();
});

test("a create whose response was lost makes one token, which the console links to", async (t) => {
  const page = await it.open(t);
  await openForm(page, "lost response");
  await selectGrants(page);
  const isCreate = (url) => url.pathname === "/tokens";
  await page.route(isCreate, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    await route.fetch();
    await route.abort();
  });
  const submit = page.getByRole("button", { name: "Create token" });
  await submit.click();
  await page.getByText("Retrying is safe.").waitFor();
  await page.getByRole("link", { name: "Catalog" }).click();
  const question = page.getByRole("dialog", { name: "Leave this page?" });
  await question.getByText("The token may have been created. Try again to find out, or look for it in the list.").waitFor();
  assert.doesNotMatch(await question.innerText(), /No token has been created/);
  await question.getByRole("button", { name: "Keep editing" }).click();
  await page.unroute(isCreate);
  await submit.click();
  await page.getByText("This token was already created.").waitFor();
  await page.getByRole("link", { name: "Open the token to rotate it" }).click();
  await page.getByRole("heading", { name: "lost response" }).waitFor();
  const { body } = await it.stack.call("GET", "/tokens");
  assert.equal(body.tokens.filter(({ name }) => name === "lost response").length, 1);
});

/** Creates a token whose response is lost. */
async function loseResponse(page) {
  const isCreate = (url) => url.pathname === "/tokens";
  await page.route(isCreate, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Retrying is safe.").waitFor();
  await page.unroute(isCreate);
}

test("changes after a lost response are not reported as created, and another token can have them", async (t) => {
  const page = await it.open(t);
  await openForm(page, "lost L1");
  await selectGrants(page);
  const keys = [];
  page.on("request", (request) => request.method() === "POST" && keys.push(request.headers()["idempotency-key"]));
  await loseResponse(page);
  await page.getByLabel("Name", { exact: true }).fill("lost L2");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("“lost L1” was created with your earlier entries; the changes since then were not applied.").waitFor();
  assert.equal(await page.getByText("This token was already created").count(), 0);
  assert.equal(await page.getByText("You’ll see the secret once").count(), 0);
  const link = page.getByRole("link", { name: "Open “lost L1”" });
  const id = (await link.getAttribute("href")).replace("#/tokens/", "");
  assert.equal((await it.stack.call("GET", `/tokens/${id}`)).body.name, "lost L1");
  await page.getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("dialog", { name: "Leave this page?" }).getByRole("button", { name: "Keep editing" }).click();
  await page.getByRole("button", { name: "Create another token" }).click();
  await page.getByRole("heading", { name: "Copy the secret for “lost L2”" }).waitFor();
  assert.deepEqual([keys[0] === keys[1], keys[1] === keys[2]], [true, false]);
});

test("after a lost response, the same entries can create another token", async (t) => {
  const page = await it.open(t);
  await openForm(page, "lost twin");
  await selectGrants(page);
  await loseResponse(page);
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("This token was already created.").waitFor();
  assert.equal(await page.getByText("You’ll see the secret once").count(), 0);
  await page.getByRole("button", { name: "Create another token" }).click();
  await page.getByRole("heading", { name: "Copy the secret for “lost twin”" }).waitFor();
});

test("several lost responses leave open which entries the token has", async (t) => {
  const page = await it.open(t);
  await openForm(page, "lost first");
  await selectGrants(page);
  await loseResponse(page);
  await page.getByLabel("Name", { exact: true }).fill("lost second");
  await loseResponse(page);
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("One of your earlier attempts created a token.").waitFor();
  await page.getByRole("link", { name: "Open the token to rotate it" }).waitFor();
  assert.equal(await page.getByText("were not applied").count(), 0);
});

test("errors disappear once they are corrected", async (t) => {
  const page = await it.open(t);
  await openForm(page, "corrected");
  await page.getByLabel(/^apps:read/).check();
  await page.getByLabel("Resources (one per line)").fill("../x");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Fix the highlighted field.").waitFor();
  await page.getByLabel("Resources (one per line)").fill("apps/x");
  await page.getByText("Fix the highlighted field.").waitFor({ state: "detached" });
  await create(page);
});

test("a session that expires while a secret is shown ends with its page", async (t) => {
  const page = await it.open(t);
  let refuse;
  await page.route((url) => url.pathname === "/tokens", (route) => {
    if (route.request().method() === "POST") return route.continue();
    return new Promise((resolve) => (refuse = () => resolve(route.fulfill({ status: 401, json: {} }))));
  });
  // The list is still loading when the token is created.
  await signIn(page, it.stack);
  await page.keyboard.press("n");
  await page.getByLabel("Name", { exact: true }).fill("outlived");
  await selectGrants(page);
  const secret = await create(page);
  const refused = page.waitForResponse((response) => response.status() === 401);
  refuse();
  await refused;
  await copySecret(page);
  assert.equal(await shownSecret(page), secret);
  await page.getByRole("link", { name: /Done/ }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByText(/Your session has expired/).waitFor();
});

for (const [label, enter] of [
  ["Owner", (page) => page.getByLabel(/^Owner/).fill("bob")],
  ["Allowed IP addresses", (page) => page.getByLabel(/Allowed IP/).fill("127.0.0.1")],
  ["Resources", (page) => page.getByLabel("Resources (one per line)").fill("apps/billing")],
  ["Expiration", (page) => page.getByLabel("90 days").check()],
]) {
  test(`leaving asks before it discards an entry in “${label}”`, async (t) => {
    const page = await it.open(t);
    await signIn(page, it.stack, { hash: "#/new" });
    await page.getByLabel("90 days").waitFor();
    await enter(page);
    await page.getByRole("link", { name: "Catalog" }).click();
    await page.getByRole("dialog", { name: "Leave this page?" }).getByText("No token has been created.").waitFor();
  });
}

test("permissions that the caller lacks are reported once", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { who: "bob", hash: "#/new" });
  await page.getByLabel("Name", { exact: true }).fill("too much");
  await page.getByLabel("Another permission").fill("apps:write");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByLabel("Resources (one per line)").fill("apps/billing");
  const preview = page.getByText("You can’t grant permissions you don’t have: apps:write on apps/billing");
  await preview.waitFor();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("alert").getByText("You can only grant permissions you have.").waitFor();
  await page.getByRole("listitem").getByText("You do not have apps:write.", { exact: true }).waitFor();
  assert.equal(await preview.count(), 0);
  await page.getByLabel("Use a role").check();
  await page.getByRole("alert").waitFor({ state: "detached" });
});

test("a link fills in the form", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new?role=cicd&resource=apps/billing&name=linked" });
  await page.getByRole("radio", { name: /^cicd/ }).and(page.locator(":checked")).waitFor();
  assert.equal(await page.getByLabel("Resources (one per line)").inputValue(), "apps/billing");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: "Copy the secret for “linked”" }).waitFor();
  const { body } = await it.stack.call("GET", `/tokens/${(await shownSecret(page)).slice(4, 20)}`);
  assert.deepEqual([body.role, body.grants[0].resources], ["cicd", ["apps/billing"]]);
});

test("a token is duplicated with everything but its secret and expiration", async (t) => {
  const grants = [
    { permissions: ["apps:read"], resources: ["apps/billing"] },
    { permissions: ["builds:*"], resources: ["*"] },
  ];
  const token = await it.stack.createToken({ name: "original", owner: "bob", description: "first\nsecond", grants, allowed_ips: ["127.0.0.1"] });
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: `#/tokens/${token.id}` });
  await page.getByRole("link", { name: "Duplicate" }).click();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "original (copy)");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("heading", { name: "Copy the secret for “original (copy)”" }).waitFor();
  const { body } = await it.stack.call("GET", `/tokens/${(await shownSecret(page)).slice(4, 20)}`);
  assert.notEqual(body.id, token.id);
  for (const field of ["owner", "description", "grants", "allowed_ips"]) assert.deepEqual(body[field], token[field]);
});

test("a template fills in the form, until something is entered", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  const template = (name) => page.getByRole("group", { name: "Templates" }).getByRole("button", { name });
  await template("Read-only monitoring").click();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "monitoring");
  assert.ok(await page.getByLabel(/^builds:read/).isChecked());
  assert.ok(!(await page.getByLabel(/^builds:write/).isChecked()));
  await template("Terraform").click();
  assert.ok(await page.getByLabel(/^builds:write/).isChecked());
  await page.getByLabel("Name", { exact: true }).fill("mine");
  await template("Terraform").waitFor({ state: "detached" });
});

test("the template for GitHub Actions offers keyless exchange first", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  await page.getByRole("button", { name: "GitHub Actions" }).click();
  const note = page.getByRole("region", { name: "GitHub Actions can do without a secret" });
  await note.getByText("The catalog has no trust rule for it yet.").waitFor();
  assert.ok((await note.boundingBox()).y < (await page.getByLabel("Name", { exact: true }).boundingBox()).y);
  assert.ok(await page.getByRole("radio", { name: /^cicd/ }).isChecked());
});

test("resources are suggested from other tokens while typing", async (t) => {
  for (const resources of [["apps/payroll"], ["apps/payroll"], ["apps/portal"]]) await it.stack.createToken({ name: "suggests", resources });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByText(/^\d+ tokens/).first().waitFor();
  await page.keyboard.press("n");
  const resources = page.getByLabel("Resources (one per line)");
  await resources.fill("apps/billing\napps/p");
  const suggested = page.getByRole("group", { name: "Suggested resources" }).getByRole("button");
  assert.deepEqual(await suggested.allInnerTexts(), ["+ apps/payroll", "+ apps/portal"]);
  await tabTo(page, "+ apps/portal");
  await page.keyboard.press("Enter");
  assert.equal(await resources.inputValue(), "apps/billing\napps/portal");
  await resources.and(page.locator(":focus")).waitFor();
});

test("a misspelled resource is noticed and corrected", async (t) => {
  await it.stack.createToken({ name: "spelled", resources: ["apps/payroll"] });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await page.getByText(/^\d+ tokens/).first().waitFor();
  await page.keyboard.press("n");
  const resources = page.getByLabel("Resources (one per line)");
  await resources.fill("apps/payrol");
  await page.getByText("No token or route names apps/payrol. Did you mean").waitFor();
  await page.getByRole("button", { name: "apps/payroll", exact: true }).click();
  assert.equal(await resources.inputValue(), "apps/payroll");
  await page.getByText("Did you mean").waitFor({ state: "detached" });
});

test("wildcards come before the permissions that they include", async (t) => {
  const page = await it.open(t);
  await signIn(page, it.stack, { hash: "#/new" });
  await page.getByLabel(/^apps:\*/).waitFor();
  const names = await page.locator(".permission code").allInnerTexts();
  assert.deepEqual(names.slice(0, 3), ["*:read", "*", "apps:*"]);
  await page.getByLabel(/^\*:read/).check();
  await page.getByRole("checkbox", { name: /^apps:read included/ }).and(page.locator(":checked")).waitFor();
  const { overflow, cut } = await page.locator(".groups").evaluate((groups) => ({ overflow: getComputedStyle(groups).overflowY, cut: groups.scrollHeight > groups.clientHeight + 1 }));
  assert.deepEqual([overflow, cut], ["visible", false], "the permissions do not scroll");
});
