// Suggestions of resources, from the catalog's routes and from tokens.
import type { Catalog, Token } from "../api/types";
import { splitMatch } from "./callable-routes";
import { coversResource } from "./grants";

const MAX_SUGGESTIONS = 6;
/** Typing errors up to which a resource is taken for another one. */
const MAX_DISTANCE = 2;

/** The resources that tokens and routes name: those of the most tokens first. "*" is none of them. */
export function knownResources(catalog: Pick<Catalog, "routes"> | null, tokens: readonly Token[]): string[] {
  const counts = new Map<string, number>();
  for (const resource of tokens.flatMap(({ grants }) => grants.flatMap(({ resources }) => resources))) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  for (const { match, resource } of catalog?.routes ?? []) {
    const known = withoutParameters(resource ?? splitMatch(match).path);
    if (known !== null && !counts.has(known)) counts.set(known, 0);
  }
  counts.delete("*");
  return [...counts].toSorted(([a, uses], [b, others]) => others - uses || a.localeCompare(b)).map(([resource]) => resource);
}

/** `apps/*` for `/apps/{app}/builds`; null if nothing is before the first parameter. */
function withoutParameters(path: string): string | null {
  const names = path.split("/").filter(Boolean);
  const first = names.findIndex((name) => name.startsWith("{"));
  if (first === -1) return names.join("/") || null;
  return first === 0 ? null : `${names.slice(0, first).join("/")}/*`;
}

/** Known resources to add: those that contain what is being typed, `last`. */
export function suggestedResources(known: readonly string[], entered: readonly string[], last: string): string[] {
  const wanted = last.trim().toLowerCase();
  const isOpen = (resource: string) => !entered.includes(resource);
  const matching = wanted === "" || known.includes(last.trim()) ? known : known.filter((resource) => resource.toLowerCase().includes(wanted));
  return matching.filter(isOpen).slice(0, MAX_SUGGESTIONS);
}

/** The known resource that an unknown one was probably meant to be; null if there is none. */
export function meantResource(known: readonly string[], entered: string): string | null {
  if (entered === "*" || known.some((resource) => coversResource(resource, entered))) return null;
  const name = entered.toLowerCase();
  return known.find((resource) => resource.endsWith(`/${entered}`)) ?? known.find((resource) => distance(name, resource.toLowerCase()) <= Math.min(MAX_DISTANCE, name.length / 4)) ?? null;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
