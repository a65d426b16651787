// The path of a request to test, from what the user pastes, and what makes it ambiguous.

/** The path, without the host, query string and fragment of a pasted URL; and whether one of the latter was there. */
export function parseRequestPath(text: string): { path: string; hadQuery: boolean } {
  const rest = text.trim().replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const path = rest.replace(/[?#].*$/s, "");
  return { path: path.startsWith("/") ? path : `/${path}`, hadQuery: path !== rest };
}

/** What the service refuses in a path, as far as it is there. */
const AMBIGUITIES: [string, RegExp][] = [
  ["“.” and “..”", /\/(\.|%2e){1,2}(\/|$)/i],
  ["double slashes", /\/\//],
  ["encoded slashes", /%2f/i],
  ["backslashes", /\\|%5c/i],
  ["“;”", /;|%3b/i],
  ["“*”", /\*|%2a/i],
  ["encoded question marks", /%3f/i],
  ["double encoding", /%25/],
  ["“%” that is no escape", /%(?![0-9a-f]{2})/i],
];

/** How to make a path unambiguous. */
export function ambiguityRemedy(path: string): string {
  const found = AMBIGUITIES.filter(([, pattern]) => pattern.test(path)).map(([name]) => name);
  if (found.length === 0) return "Remove control characters and invisible characters.";
  return `Remove ${found.length === 1 ? found[0] : `${found.slice(0, -1).join(", ")} and ${found.at(-1)}`}.`;
}
