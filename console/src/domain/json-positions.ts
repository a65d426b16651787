// JSON parser and formatter for the catalog editor: it records the position of each value and
// reports duplicate keys.

export interface JsonError {
  /** As in the service's field errors: `routes[0].match`. */
  place: string;
  message: string;
  /** Position in the text; null if unknown. */
  offset: number | null;
}

export interface Parsed {
  value: unknown;
  errors: JsonError[];
  offsets: Map<string, number>;
}

class JsonSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export function parse(text: string): Parsed {
  const offsets = new Map<string, number>();
  const errors: JsonError[] = [];
  let at = 0;

  const skip = () => {
    while (/[ \t\r\n]/.test(text[at] ?? "")) at++;
  };
  const fail = (message: string): never => {
    throw new JsonSyntaxError(message, at);
  };
  const scalar = (): unknown => {
    const found = /^(?:"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/.exec(text.slice(at, at + 4096));
    if (!found) return fail(text[at] === undefined ? "unexpected end" : text[at] === '"' ? "unterminated string" : `unexpected “${text[at]}”`);
    try {
      const value: unknown = JSON.parse(found[0]);
      at += found[0].length;
      return value;
    } catch {
      return fail("invalid escape");
    }
  };
  const comma = (close: string) => {
    skip();
    if (text[at] === close) return false;
    if (text[at] !== ",") fail(`expected “,” or “${close}”`);
    at++;
    skip();
    if (text[at] === close) fail(`unexpected “,” before “${close}”`);
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
        if (text[at] !== '"') fail("expected a quoted key");
        const key = String(scalar());
        const inner = place ? `${place}.${key}` : key;
        if (seen.has(key)) errors.push({ place: inner, message: "duplicate key", offset: keyAt });
        seen.add(key);
        skip();
        if (text[at] !== ":") fail("expected “:”");
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
    if (at < text.length) fail("unexpected content after the end");
    return { value: whole, errors, offsets };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { value: undefined, errors: [{ place: "", message: error.message, offset: error.offset }], offsets };
  }
}

/** The position of a place in the text, or of its closest existing parent. */
export function offsetOf(offsets: ReadonlyMap<string, number>, place: string): number | null {
  let rest = place;
  while (rest && !offsets.has(rest)) rest = rest.slice(0, Math.max(0, rest.lastIndexOf("."), rest.lastIndexOf("[")));
  return offsets.get(rest) ?? null;
}

/** Maximum length of a line that `format` does not break. */
const MAX_WIDTH = 100;

export function format(value: unknown, indent = ""): string {
  const line = inline(value);
  const flat = typeof value !== "object" || value === null || (indent.length > 2 && indent.length + line.length <= MAX_WIDTH);
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

/** Line and column of an offset, counted from 1. */
export function lineOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
