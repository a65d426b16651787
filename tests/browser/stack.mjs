// The whole stack on this machine, for one file of tests.
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
  /** Starts it on any port, and waits for the console to be built. */
  static async start({ flags = [], catalog } = {}) {
    const stack = new Stack();
    stack.directory = await mkdtemp(join(tmpdir(), "portcullis-browser-"));
    await stack.run(flags);
    if (catalog) {
      await stack.setCatalog(parse(await readFile(new URL(catalog, ROOT), "utf8")));
      // The authorizer keeps a catalog for up to a minute, but not beyond its end.
      await stack.end();
      await stack.run(flags);
    }
    while (/refresh/.test(await (await fetch(`${stack.url}/console/`)).text())) await new Promise(setImmediate);
    return stack;
  }

  async run(flags) {
    const place = ["--data-dir", this.directory, "--listen", "127.0.0.1:0", "--max-tokens-per-owner", "0"];
    this.process = spawn(PROGRAM, [...place, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    this.url = undefined;
    for await (const line of createInterface({ input: this.process.stdout })) {
      this.url ??= /^Portcullis is running at (\S+)$/.exec(line)?.[1];
      if (line.startsWith("Ctrl-C")) break;
    }
    assert.ok(this.url, "it did not say where it is");
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

  /** A call of the API, as the admin unless somebody else is named. */
  async call(method, path, body, { token = this.admin, headers = {} } = {}) {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(this.url + path, { method, headers: { authorization: `Bearer ${token}`, ...headers }, ...sent });
    const text = await answer.text();
    return { status: answer.status, etag: answer.headers.get("etag"), body: text && JSON.parse(text) };
  }

  /** Makes a token of alice, who signs in to the console in most tests. */
  async token(asked) {
    const given = { name: "example", permissions: ["apps:read"], resources: ["apps/billing"], expires_in: "30d", owner: "alice", ...asked };
    if (given.grants || given.role) delete given.permissions;
    if (given.grants) delete given.resources;
    const made = await this.call("POST", "/tokens", given);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body;
  }

  /** What the protected API answers to a token. */
  async opens(path, token, method = "GET") {
    return (await this.call(method, `/demo${path}`, undefined, { token })).status;
  }

  async setCatalog(catalog) {
    const { etag } = await this.call("GET", "/catalog");
    const put = await this.call("PUT", "/catalog", catalog, { headers: { "if-match": etag } });
    assert.equal(put.status, 200, JSON.stringify(put.body));
  }
}
