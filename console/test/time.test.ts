// Unit tests of src/domain/time.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromNow, timeAgo } from "../src/domain/time";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const after = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

test("the time of an event is never in the future", () => {
  // The browser's clock may be behind the service's.
  for (const seconds of [86_400, 7, 0, -7, -59]) assert.equal(timeAgo(after(seconds), NOW), "just now", `${seconds} s`);
  const rows: [number, string][] = [
    [-60, "1 minute ago"],
    [-3 * 3600, "3 hours ago"],
    [-86_400, "yesterday"],
    [-40 * 86_400, "40 days ago"],
    [-800 * 86_400, "2 years ago"],
  ];
  for (const [seconds, text] of rows) assert.equal(timeAgo(after(seconds), NOW), text);
});

test("an expiration may be in the future or in the past", () => {
  const rows: [number, string][] = [
    [30 * 86_400, "in 30 days"],
    [90, "in 1 minute"],
    [30, "in less than a minute"],
    [-30, "just now"],
    [-2 * 86_400, "2 days ago"],
  ];
  for (const [seconds, text] of rows) assert.equal(fromNow(after(seconds), NOW), text);
});
