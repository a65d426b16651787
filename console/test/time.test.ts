// Unit tests of src/domain/time.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromNow, hasExpired, timeAgo } from "../src/domain/time";

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

test("the time until an expiration is never in the past", () => {
  // The browser's clock may be ahead of the service's.
  const rows: [number, string][] = [
    [30 * 86_400, "in 30 days"],
    [8 * 3600 - 5, "in 8 hours"],
    [3600 - 5, "in 1 hour"],
    [5 * 3600 + 1200, "in 5 hours"],
    [86_400 - 5, "tomorrow"],
    [80, "in 1 minute"],
    [30, "in less than a minute"],
    [0, "in less than a minute"],
    [-1800, "in less than a minute"],
  ];
  for (const [seconds, text] of rows) assert.equal(fromNow(after(seconds), NOW), text);
});

test("the service decides whether an active token has expired", () => {
  const past = after(-1800);
  assert.equal(hasExpired({ status: "active", expires_at: past }, NOW), false);
  assert.equal(hasExpired({ status: "expired", expires_at: after(1800) }, NOW), true);
  // A disabled token keeps its status when it expires.
  assert.equal(hasExpired({ status: "disabled", expires_at: past }, NOW), true);
  assert.equal(hasExpired({ status: "disabled", expires_at: after(1800) }, NOW), false);
  assert.equal(hasExpired({ status: "disabled", expires_at: null }, NOW), false);
});
