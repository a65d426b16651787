// JSON for people who edit it: where each value stands, keys that are given twice, and lines
// that are as long as one can read and no longer.

export interface Flaw {
  /** As the service names places: `routes[0].match`. */
  place: string;
  message: string;
  /** Where in the text; null where that is not known. */
  offset: number | null;
}

export interface Parsed {
  value: unknown;
  flaws: Flaw[];
  offsets: Map<string, number>;
}

class SyntaxFlaw extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export function parse(text: string): Parsed {
  const offsets = new Map<string, number>();
  const flaws: Flaw[] = [];
  let at = 0;

  const skip = () => {
    while (/[ \t\r\n]/.test(text[at] ?? "")) at++;
  };
  const fail = (message: string): never => {
    throw new SyntaxFlaw(message, at);
  };
  const scalar = (): unknown => {
    const found = /^(?:"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/.exec(text.slice(at, at + 4096));
    if (!found) return fail(text[at] === undefined ? "the text ends too early" : text[at] === '"' ? "this text has no closing quote" : `“${text[at]}” is not expected here`);
    try {
      const value: unknown = JSON.parse(found[0]);
      at += found[0].length;
      return value;
    } catch {
      return fail("this text has an escape that JSON does not know");
    }
  };
  const comma = (close: string) => {
    skip();
    if (text[at] === close) return false;
    if (text[at] !== ",") fail(`a comma or “${close}” is missing`);
    at++;
    skip();
    if (text[at] === close) fail(`the comma before “${close}” is too many`);
    return true;
  };
  const value = (place: string): unknown => {
    skip();
    offsets.set(place, at);
    if (text[at] === "[") {
      at++;
      const items: unknown[] = [];
      skip();
      if (text[at] !== "]") do items.push(value(`${place}[${items.length}]`)); while (comma("]"));
      at++;
      return items;
    }
    if (text[at] !== "{") return scalar();
    at++;
    const entries: [string, unknown][] = [];
    const seen = new Set<string>();
    skip();
    if (text[at] !== "}") {
      do {
        skip();
        const keyAt = at;
        if (text[at] !== '"') fail("a name in quotes is expected here");
        const key = String(scalar());
        const inner = place ? `${place}.${key}` : key;
        if (seen.has(key)) flaws.push({ place: inner, message: "is given twice", offset: keyAt });
        seen.add(key);
        skip();
        if (text[at] !== ":") fail("a colon is missing");
        at++;
        entries.push([key, value(inner)]);
        offsets.set(inner, keyAt);
      } while (comma("}"));
    }
    at++;
    return Object.fromEntries(entries);
  };

  try {
    const whole = value("");
    skip();
    if (at < text.length) fail("something stands behind the end");
    return { value: whole, flaws, offsets };
  } catch (error) {
    if (!(error instanceof SyntaxFlaw)) throw error;
    return { value: undefined, flaws: [{ place: "", message: error.message, offset: error.offset }], offsets };
  }
}

/** Where in the text a place is. For a place that the text does not have, where its parent is. */
export function offsetOf(offsets: ReadonlyMap<string, number>, place: string): number | null {
  let rest = place;
  while (rest && !offsets.has(rest)) rest = rest.slice(0, Math.max(0, rest.lastIndexOf("."), rest.lastIndexOf("[")));
  return offsets.get(rest) ?? null;
}

const WIDTH = 100;

export function format(value: unknown, indent = ""): string {
  const line = inline(value);
  const flat = typeof value !== "object" || value === null || (indent.length > 2 && indent.length + line.length <= WIDTH);
  if (flat) return line;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const items = Array.isArray(value)
    ? value.map((item) => format(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${format(item, inner)}`);
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${inline(item)}`);
  return entries.length > 0 ? `{ ${entries.join(", ")} }` : "{}";
}

/** Line and column of a place in a text, from 1. */
export function lineOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
