// The text of the catalog editor: JSON, or TOML as in files.
import { TomlError, parse as readToml, stringify } from "smol-toml";
import { format as formatJson, offsetOf, parse as readJson, type JsonError } from "./json-positions";

export interface CatalogText {
  value: unknown;
  /** Errors of the syntax. */
  errors: JsonError[];
  /** The position of a place such as `routes[0].match`, or of its closest existing parent. */
  offsetOf: (place: string) => number | null;
}

/** A JSON document begins with a brace; a TOML document never does. */
export function isToml(text: string): boolean {
  return !/^\s*(\{|$)/.test(text);
}

export function parse(text: string): CatalogText {
  if (!isToml(text)) {
    const { value, errors, offsets } = readJson(text);
    return { value, errors, offsetOf: (place) => offsetOf(offsets, place) };
  }
  try {
    const value = readToml(text);
    return { value, errors: [], offsetOf: (place) => tomlOffset(text, value, place) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
    const offset = lineStart(text, error.line) + error.column - 1;
    return { value: undefined, errors: [{ place: "", message, offset }], offsetOf: () => null };
  }
}

/** Whether a value can be written as TOML, which has tables at its top and no null. */
export function hasTomlForm(value: unknown): boolean {
  const hasNull = (it: unknown): boolean => it === null || (typeof it === "object" && Object.values(it).some(hasNull));
  return isTable(value) && !Array.isArray(value) && !hasNull(value);
}

export function toToml(value: unknown): string {
  return `${stringify(value as Record<string, unknown>).trim()}\n`;
}

/** The value as JSON, with the keys in the order of another value, so that a comparison shows only what differs. */
export function toJson(value: unknown, like: unknown): string {
  return formatJson(inOrderOf(value, like));
}

function inOrderOf(value: unknown, like: unknown): unknown {
  if (Array.isArray(value)) return value.map((item, at) => inOrderOf(item, Array.isArray(like) ? (like[at] ?? like[0]) : undefined));
  if (!isTable(value)) return value;
  const order = isTable(like) ? like : {};
  const keys = new Set([...Object.keys(order).filter((key) => key in value), ...Object.keys(value)]);
  return Object.fromEntries([...keys].map((key) => [key, inOrderOf(value[key], order[key])]));
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}

/** A line that begins a table or a value, unless it is within a value of several lines. */
const STATEMENT = /^\s*(\[|[\w"'.-][^=]*=)/;

/** The parser keeps no positions: a place is in the first statement with which the text up to there has it. */
function tomlOffset(text: string, value: unknown, place: string): number | null {
  const known = places(value);
  let found = place;
  while (found && !known.has(found)) found = found.slice(0, Math.max(0, found.lastIndexOf("."), found.lastIndexOf("[")));
  if (!found) return null;
  const lines = text.split("\n");
  const starts = lines.flatMap((line, at) => (STATEMENT.test(line) ? [at] : []));
  let [before, at] = [-1, starts.length - 1];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (hasPlace(lines, starts.slice(1, middle + 2), found)) at = middle;
    else before = middle;
  }
  return lineStart(text, (starts[at] ?? 0) + 1);
}

/** Whether the lines before the last end have a place. An end within a value counts as the one before it. */
function hasPlace(lines: readonly string[], ends: readonly number[], place: string): boolean {
  for (const end of ends.toReversed()) {
    try {
      return places(readToml(lines.slice(0, end).join("\n"))).has(place);
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
    }
  }
  return false;
}

/** Every place in a value. */
function places(value: unknown, at = "", found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) {
    value.forEach((item, index) => places(item, `${at}[${index}]`, found));
  } else if (isTable(value)) {
    for (const [key, item] of Object.entries(value)) places(item, at ? `${at}.${key}` : key, found);
  }
  return found.add(at);
}

/** The position of a line, counted from 1. */
function lineStart(text: string, line: number): number {
  return text
    .split("\n")
    .slice(0, line - 1)
    .reduce((sum, it) => sum + it.length + 1, 0);
}
