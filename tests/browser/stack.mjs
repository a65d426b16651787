// The local stack, one for each test file.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "smol-toml";

const ROOT = new URL("../../", import.meta.url);
const PROGRAM = process.env.PORTCULLIS_LOCAL ?? new URL("target/debug/portcullis-local", ROOT).pathname;

export class Stack {
  /** Starts the stack on a free port, and waits until the console is built. */
  static async start({ flags = [], catalog } = {}) {
    const stack = new Stack();
    stack.directory = await mkdtemp(join(tmpdir(), "portcullis-browser-"));
    await stack.run(flags);
    if (catalog) {
      await stack.setCatalog(parse(await readFile(new URL(catalog, ROOT), "utf8")));
      // Restart, because the authorizer caches the catalog for up to a minute.
      await stack.end();
      await stack.run(flags);
    }
    while (/refresh/.test(await (await fetch(`${stack.url}/console/`)).text())) await new Promise(setImmediate);
    return stack;
  }

  async run(flags) {
    const options = ["--data-dir", this.directory, "--listen", "127.0.0.1:0"];
    if (!flags.includes("--max-tokens-per-owner")) options.push("--max-tokens-per-owner", "0");
    this.process = spawn(PROGRAM, [...options, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    this.url = undefined;
    for await (const line of createInterface({ input: this.process.stdout })) {
      this.url ??= /^Portcullis is running at (\S+)$/.exec(line)?.[1];
      if (line.includes("Ctrl-C")) break;
    }
    assert.ok(this.url, "the stack did not print its URL");
    this.process.stdout.resume();
    this.admin = (await readFile(join(this.directory, "admin-token"), "utf8")).trim();
  }

  async end() {
    const exited = once(this.process, "exit");
    this.process.kill();
    await exited;
  }

  async stop() {
    await this.end();
    await rm(this.directory, { recursive: true });
  }

  /** Calls the API, with the admin token by default. */
  async call(method, path, body, { token = this.admin, headers = {} } = {}) {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(this.url + path, { method, headers: { authorization: `Bearer ${token}`, ...headers }, ...init });
    const text = await response.text();
    return { status: response.status, etag: response.headers.get("etag"), body: text && JSON.parse(text) };
  }

  /** Creates a token owned by alice, the user of most tests. */
  async createToken(fields) {
    const body = { name: "example", permissions: ["apps:read"], resources: ["apps/billing"], expires_in: "30d", owner: "alice", ...fields };
    if (body.grants || body.role) delete body.permissions;
    if (body.grants) delete body.resources;
    const created = await this.call("POST", "/tokens", body);
    assert.equal(created.status, 201, JSON.stringify(created.body));
    return created.body;
  }

  /** Calls the protected demo API with a token, and returns the status. */
  async demoStatus(path, token, method = "GET") {
    return (await this.call(method, `/demo${path}`, undefined, { token })).status;
  }

  /** Makes a request that the token may not make, and waits until the denial is recorded. */
  async deny(path, token, method = "GET") {
    assert.equal(await this.demoStatus(path, token.token, method), 403);
    await this.usage(token, ({ recent_denials: denials }) => denials.some(({ resource }) => `/${resource}` === path));
  }

  /** Waits until the usage of a token is as expected: it is written after the response to a request. */
  async usage(token, isExpected) {
    while (!isExpected((await this.call("GET", `/tokens/${token.id}/usage`)).body)) await new Promise(setImmediate);
  }

  async setCatalog(catalog) {
    const { etag } = await this.call("GET", "/catalog");
    const put = await this.call("PUT", "/catalog", catalog, { headers: { "if-match": etag } });
    assert.equal(put.status, 200, JSON.stringify(put.body));
  }
}
