// The requests of a token per day.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openToken, setUp, signIn, tabTo } from "./browser.mjs";

const it = setUp();

test("requests per day are shown by permission, as a strip and as a table", async (t) => {
  const token = await it.stack.createToken({ name: "counted", permissions: ["apps:read", "apps:write"] });
  for (const method of ["GET", "GET", "POST"]) await it.stack.demoStatus("/apps/billing", token.token, method);
  await it.stack.usage(token, ({ daily_counts: days }) => days.length > 0);
  const page = await it.open(t);
  // The counts of a few requests depend on when they are written, and those of earlier days on a clock.
  await page.route(/\/usage/, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    body.daily_counts = [
      { day: day(2), counts: { "apps:read": 1500 } },
      { day: day(1), counts: { "apps:read": 20, "apps:write": 1 } },
    ];
    await route.fulfill({ response, json: body });
  });
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByRole("img", { name: "1,521 requests on 2 days, at most 1,500 requests a day" }).waitFor();
  const colored = (level) => page.locator(`.heat > .heat-${level}`).count();
  assert.deepEqual([await colored(0), await colored(4)], [89, 1]);
  await page.getByLabel(/requests in 13 weeks/).selectOption("apps:write");
  await page.getByRole("img", { name: "1 request on 1 day, at most 1 request a day" }).waitFor();
  await tabTo(page, (name) => name === "Show as a table");
  await page.keyboard.press("Enter");
  const rows = page.getByRole("table").filter({ hasText: "Requests" }).getByRole("row");
  assert.equal(await rows.count(), 2, "the header and a day");
});

test("a token without counted requests has no strip", async (t) => {
  const token = await it.stack.createToken({ name: "idle" });
  const page = await it.open(t);
  await signIn(page, it.stack);
  await openToken(page, token);
  await page.getByText(/permission used in the last/).first().waitFor();
  assert.equal(await page.getByText("Requests per day").count(), 0);
});
