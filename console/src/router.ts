// Routes live behind the `#`, so that static files are all that has to be served. A page that
// would lose something (a secret that was not copied, a draft) may hold the way out.
import { createStore } from "./store";

export interface Route {
  /** The path's names, as in `["tokens", "<id>"]`. */
  parts: string[];
  hash: string;
}

/** Asks before something is lost, and goes on where the answer is to leave. It lifts itself before it goes on. */
type Guard = (goOn: () => void) => void;

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

/** Does what leaves the page without a change of address (a sign-out), asked about like any other way out. */
export function leave(goOn: () => void): void {
  if (guard) guard(goOn);
  else goOn();
}

export const holdsSomething = (): boolean => guard !== null;

/** Whether a link or the console itself leads on, and not the browser's Back, which keeps its place. */
let onward = false;

export function go(hash: string): void {
  onward = true;
  location.hash = hash;
}

/** As `go`, in place of the page that one is on. */
export function replace(hash: string): void {
  history.replaceState(null, "", hash);
  route.set(read());
  scrollTo(0, 0);
}

function onHashChange(): void {
  const next = read();
  const now = route.get();
  const toTop = onward;
  onward = false;
  if (next.hash === now.hash) return;
  if (!guard) {
    route.set(next);
    if (toTop) scrollTo(0, 0);
    return;
  }
  history.pushState(null, "", now.hash);
  guard(() => replace(next.hash));
}

/** Begins with the address as it is now: a sign-in that was answered may just have put it right. */
export function startRouter(): void {
  route.set(read());
  addEventListener("hashchange", onHashChange);
  addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest('a[href^="#/"]')) onward = true;
  });
  addEventListener("beforeunload", (event) => {
    if (guard) event.preventDefault();
  });
}

export const tokenHash = (id: string): string => `#/tokens/${id}`;
