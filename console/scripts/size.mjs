// Fails if the built console exceeds its budget: 68,000 bytes of JavaScript, gzipped, in total.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 68_000;
const assets = new URL("../dist/site/assets/", import.meta.url);
const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
const sizes = scripts.map((name) => gzipSync(readFileSync(new URL(name, assets)), { level: 9 }).length);
const total = sizes.reduce((sum, size) => sum + size, 0);
console.log(`JavaScript, gzipped: ${total} bytes of ${BUDGET}`);
if (total >= BUDGET) process.exit(1);
