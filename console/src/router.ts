// Router on the URL's fragment, so the server only needs static files. A page with unsaved changes
// can set a guard that asks before the user leaves.
import { createStore } from "./store";

export interface Route {
  /** The path's segments, such as `["tokens", "<id>"]`. */
  parts: string[];
  hash: string;
}

/** Asks the user whether to leave. If so, it removes itself and calls `proceed`. */
type Guard = (proceed: () => void) => void;

function read(): Route {
  const hash = location.hash || "#/tokens";
  const path = hash.replace(/^#\/?/, "");
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { parts: parts.length > 0 ? parts : ["tokens"], hash };
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

export const hasUnsavedChanges = (): boolean => guard !== null;

/** Whether the next navigation comes from a link or the console, not from Back, which keeps the scroll position. */
let scrollToTop = false;

export function go(hash: string): void {
  scrollToTop = true;
  location.hash = hash;
}

/** Like `go`, but replaces the current history entry. */
export function replace(hash: string): void {
  history.replaceState(null, "", hash);
  route.set(read());
  scrollTo(0, 0);
}

function onHashChange(): void {
  const next = read();
  const now = route.get();
  const toTop = scrollToTop;
  scrollToTop = false;
  if (next.hash === now.hash) return;
  if (!guard) {
    route.set(next);
    if (toTop) scrollTo(0, 0);
    return;
  }
  history.pushState(null, "", now.hash);
  guard(() => replace(next.hash));
}

/** Reads the URL again: a completed sign-in may just have changed it. */
export function startRouter(): void {
  route.set(read());
  addEventListener("hashchange", onHashChange);
  addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest('a[href^="#/"]')) scrollToTop = true;
  });
  addEventListener("beforeunload", (event) => {
    if (guard) event.preventDefault();
  });
}

export const tokenHash = (id: string): string => `#/tokens/${id}`;
