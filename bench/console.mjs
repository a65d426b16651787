// Measures the list of tokens in Chromium, and prints the medians as JSON.
//
//   node bench/console.mjs URL ROUNDS
//
// Each round is a new browser context: nothing is cached, and an administrator signs in.
import { launch, newContext, signIn } from "../tests/browser/browser.mjs";

const [url, rounds] = [process.argv[2], Number(process.argv[3])];
/** Pixels per frame, and frames: more than a user can scroll. */
const [STEP, FRAMES] = [3000, 200];

/** Records times in milliseconds since the navigation to the page. */
function observe() {
  const seen = (window.seen = {});
  const note = () => {
    const usable = document.querySelector("input[type=search]:enabled") && document.querySelector(".rows [data-key]");
    if (usable) seen.interactive ??= performance.now();
    if (/^[\d,]+ tokens?$/.test(document.querySelector(".count [role=status]")?.textContent)) seen.complete ??= performance.now();
  };
  new MutationObserver(note).observe(document, { childList: true, subtree: true, characterData: true });
}

/**
 * The most CPU time in milliseconds that a task of the page's main thread took during `action`. Unlike the times of a
 * PerformanceObserver, it does not contain the time of other programs.
 */
async function longestTask(browser, page, action) {
  await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline", "blink.user_timing"] });
  await action();
  await page.evaluate(() => performance.mark("traced"));
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const { pid, tid } = traceEvents.find(({ name }) => name === "traced");
  const tasks = traceEvents.filter((event) => event.name === "RunTask" && event.pid === pid && event.tid === tid);
  return Math.max(...tasks.map(({ tdur }) => tdur ?? 0)) / 1000;
}

async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "JSHeapUsedSize").value;
}

const scroll = (page) =>
  page.evaluate(
    async ([step, frames]) => {
      for (let frame = 0; frame < frames; frame++) {
        scrollBy(0, step);
        await new Promise(requestAnimationFrame);
      }
    },
    [STEP, FRAMES],
  );

async function round(browser) {
  const context = await newContext(browser);
  const page = await context.newPage();
  await page.addInitScript(observe);
  const loading = await longestTask(browser, page, async () => {
    await signIn(page, { url });
    await page.waitForFunction(() => window.seen.complete !== undefined);
  });
  const { interactive, complete } = await page.evaluate(() => window.seen);
  const bytes = await heap(page);
  const scrolling = await longestTask(browser, page, () => scroll(page));
  const typing = await longestTask(browser, page, () => page.getByRole("searchbox").pressSequentially("token 9999"));
  await context.close();
  return { interactive, complete, loading, bytes, scrolling, typing };
}

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

const browser = await launch();
const all = [];
for (let number = 0; number < rounds; number++) all.push(await round(browser));
await browser.close();
const of = (key) => median(all.map((one) => one[key]));
console.log(
  JSON.stringify({
    "interactive ms": Math.round(of("interactive")),
    "all shown ms": Math.round(of("complete")),
    "heap MB": Math.round(of("bytes") / 1e5) / 10,
    "loading, task ms": Math.round(of("loading")),
    "scrolling, task ms": Math.round(of("scrolling")),
    "typing, task ms": Math.round(of("typing")),
  }),
);
