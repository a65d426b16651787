// Router on the URL's fragment, so the server only needs static files. A page with unsaved changes
// can set a guard that asks before the user leaves.
import { createStore } from "./store";

export interface Route {
  /** The path's segments, such as `["tokens", "<id>"]`. */
  parts: string[];
  /** The part after the question mark. */
  query: string;
  hash: string;
}

/** Asks the user whether to leave. If so, it removes itself and calls `proceed`. */
type Guard = (proceed: () => void) => void;

function read(): Route {
  const hash = location.hash || "#/tokens";
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { parts: parts.length > 0 ? parts : ["tokens"], query, hash };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = createStore<Route>(read());

let guard: Guard | null = null;

export function setGuard(next: Guard | null): void {
  guard = next;
}

/** Leaves the page without a change of URL (sign-out), after the guard has asked. */
export function leave(proceed: () => void): void {
  if (guard) guard(proceed);
  else proceed();
}

/** Whether the next navigation starts at the top. Back and links to the list return to the last place instead. */
let toTop = false;
/** Where each page was left. */
const scrollPositions = new Map<string, number>();
/** Where to scroll once the page is rendered. */
let pendingScroll: number | null = null;
/** The token that was opened from each page. */
const opened = new Map<string, string>();
/** The token whose row takes the focus when the page is rendered. */
let returnFrom: string | null = null;
/** The last address of the list of tokens, with its search and filters. */
let lastList = "#/tokens";

export const listHash = (): string => lastList;

export function go(hash: string): void {
  writeQuery();
  toTop = true;
  location.hash = hash;
}

/** Like `go`, but replaces the current history entry. */
export function replace(hash: string, scroll?: number): void {
  history.replaceState(null, "", hash);
  show(read(), scroll);
}

/** Replaces the current history entry with the list, at the place where it was left. */
export function returnToList(): void {
  replace(lastList, scrollPositions.get(lastList));
}

/** Without `scroll`, the page starts at the top. */
function show(next: Route, scroll?: number): void {
  clearTimeout(pendingWrite?.timer);
  pendingWrite = null;
  const { hash } = route.get();
  scrollPositions.set(hash, scrollY);
  const [page, id] = next.parts;
  if (page === "tokens" && id !== undefined) opened.set(hash, id);
  else opened.delete(hash);
  pendingScroll = scroll ?? 0;
  returnFrom = scroll === undefined ? null : (opened.get(next.hash) ?? null);
  route.set(next);
}

/** To call when a page is rendered. */
export function scrollToPlace(): void {
  if (pendingScroll !== null) scrollTo(0, pendingScroll);
  pendingScroll = null;
}

/** The token from which the user returns to the list; null otherwise. */
export const returnedFrom = (): string | null => returnFrom;

/** Time in milliseconds without input before a query is in the address: browsers limit the rate of changes. */
const WRITE_DELAY = 300;
let pendingWrite: { timer: ReturnType<typeof setTimeout>; from: string } | null = null;

/** Changes the query of the current page, without a new history entry. */
export function setQuery(query: string): void {
  const { parts } = route.get();
  const path = `#/${parts.map(encodeURIComponent).join("/")}`;
  route.set({ parts, query, hash: query === "" ? path : `${path}?${query}` });
  clearTimeout(pendingWrite?.timer);
  pendingWrite = { timer: setTimeout(writeQuery, WRITE_DELAY), from: location.hash };
}

function writeQuery(): void {
  if (pendingWrite === null) return;
  clearTimeout(pendingWrite.timer);
  // Not if the user is already leaving.
  if (location.hash === pendingWrite.from) history.replaceState(null, "", route.get().hash);
  pendingWrite = null;
}

function onHashChange(): void {
  const next = read();
  const now = route.get();
  const scroll = toTop ? undefined : scrollPositions.get(next.hash);
  toTop = false;
  if (next.hash === now.hash) return;
  if (!guard) {
    show(next, scroll);
    return;
  }
  history.pushState(null, "", now.hash);
  guard(() => replace(next.hash));
}

/** Reads the URL again: a completed sign-in may just have changed it. */
export function startRouter(): void {
  history.scrollRestoration = "manual";
  const remember = () => {
    const { parts, hash } = route.get();
    if (parts[0] === "tokens" && parts.length === 1) lastList = hash;
  };
  route.subscribe(remember);
  route.set(read());
  addEventListener("hashchange", onHashChange);
  addEventListener("click", ({ target }) => {
    const link = target instanceof Element ? target.closest('a[href^="#/"]') : null;
    if (!link) return;
    writeQuery();
    toTop = !link.hasAttribute("data-return");
  });
  addEventListener("beforeunload", (event) => {
    if (guard) event.preventDefault();
  });
}

export const tokenHash = (id: string): string => `#/tokens/${id}`;
