// The path of a request to test, from what the user pastes, and what makes it ambiguous.

export interface RequestPath {
  /** The path, without the host, query string and fragment of a pasted URL. */
  path: string;
  /** Whether there was a query string or a fragment. */
  hadQuery: boolean;
  /** The first segment, if it may be the stage: the host is API Gateway's own. */
  stage: string | null;
}

const HOST = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;
/** https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html */
const HOST_WITH_STAGES = /\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?(:\d+)?$/i;

export function parseRequestPath(text: string): RequestPath {
  const url = text.trim();
  const rest = url.replace(HOST, "");
  const found = rest.replace(/[?#].*$/s, "");
  const path = found.startsWith("/") ? found : `/${found}`;
  const stage = HOST_WITH_STAGES.test(HOST.exec(url)?.[1] ?? "") ? path.split("/")[1] : "";
  return { path, hadQuery: found !== rest, stage: stage || null };
}

/** The path without its first segment. */
export function withoutStage(path: string): string {
  return path.replace(/^\/[^/]*\/?/, "/");
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
