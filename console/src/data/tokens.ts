// The tokens that the caller may see, loaded a page at a time in the background and shown as
// they come. What is changed here is shown at once, even where the service's list follows a
// moment later.
import { answer, api, patiently, type Answer } from "../api/client";
import { Problem } from "../api/problem";
import type { Token } from "../api/types";
import { onSignOut } from "../auth/session";
import { createStore } from "../store";

export interface TokenList {
  tokens: readonly Token[];
  state: "idle" | "loading" | "complete" | "failed";
  problem: Problem | null;
  loadedAt: number;
}

const EMPTY: TokenList = { tokens: [], state: "idle", problem: null, loadedAt: 0 };
const PAGE = 100;
/** For so long a list may lag behind a change that was made here. */
const LAG = 10_000;
/** How often a list that is still loading is drawn. */
const DRAW = 250;

export const tokenList = createStore<TokenList>(EMPTY);

/** What was changed here, and when; a null token is one that is gone. */
const changes = new Map<string, { token: Token | null; at: number }>();
let run = 0;

onSignOut(() => {
  run++;
  changes.clear();
  tokenList.set(EMPTY);
});

/** Loads the list anew, unless it has just been loaded. */
export async function loadTokens(olderThan = 0): Promise<void> {
  const before = tokenList.get();
  if (before.state === "loading" || Date.now() - before.loadedAt < olderThan) return;
  const mine = ++run;
  const startedAt = Date.now();
  const first = before.state === "idle" || before.tokens.length === 0;
  tokenList.set({ ...before, state: "loading", problem: null });
  const loaded: Token[] = [];
  let drawnAt = 0;
  try {
    for (let cursor: string | null = null, more = true; more; ) {
      const query: { limit: number; cursor?: string } = cursor === null ? { limit: PAGE } : { limit: PAGE, cursor };
      const { data } = await patiently(() => api.GET("/tokens", { params: { query } }));
      if (mine !== run) return;
      loaded.push(...data.tokens);
      cursor = data.next_cursor;
      more = cursor !== null;
      if (first && more && Date.now() - drawnAt > DRAW) {
        drawnAt = Date.now();
        tokenList.set({ tokens: merged(loaded, startedAt), state: "loading", problem: null, loadedAt: 0 });
      }
    }
    tokenList.set({ tokens: merged(loaded, startedAt), state: "complete", problem: null, loadedAt: startedAt });
  } catch (error) {
    if (mine !== run) return;
    const tokens = first ? merged(loaded, startedAt) : before.tokens;
    tokenList.set({ tokens, state: "failed", problem: Problem.from(error), loadedAt: 0 });
  }
}

/** A list as the service has it, with what was changed here just before or since. */
function merged(loaded: readonly Token[], startedAt: number): Token[] {
  const fresh = new Map([...changes].filter(([, change]) => change.at > startedAt - LAG));
  const made = [...fresh.values()].flatMap(({ token }) => (token && !loaded.some(({ id }) => id === token.id) ? [token] : []));
  const known = loaded.flatMap((token) => {
    const change = fresh.get(token.id);
    if (!change) return [token];
    return change.token ? [withUse(change.token, token)] : [];
  });
  return [...made, ...known];
}

/** A token as it was changed here, with its last use where the list knows of a later one. */
function withUse(changed: Token, listed: Token): Token {
  if ((listed.last_used_at ?? "") <= (changed.last_used_at ?? "")) return changed;
  const { last_used_at, last_used_ip, last_used_user_agent } = listed;
  return { ...changed, last_used_at, last_used_ip, last_used_user_agent };
}

/** Shows a token as it is now, wherever it is shown. */
export function noteToken(token: Token): void {
  changes.set(token.id, { token, at: Date.now() });
  const list = tokenList.get();
  const known = list.tokens.some(({ id }) => id === token.id);
  const tokens = known ? list.tokens.map((other) => (other.id === token.id ? token : other)) : [token, ...list.tokens];
  if (list.state !== "idle") tokenList.set({ ...list, tokens });
}

export function noteDeleted(id: string): void {
  changes.set(id, { token: null, at: Date.now() });
  const list = tokenList.get();
  tokenList.set({ ...list, tokens: list.tokens.filter((token) => token.id !== id) });
}

export interface TokenWithEtag {
  token: Token;
  etag: string;
}

export const withEtag = ({ data: token, etag }: Answer<Token>): TokenWithEtag => ({ token, etag });

export async function readToken(id: string): Promise<TokenWithEtag> {
  return withEtag(await answer(api.GET("/tokens/{id}", { params: { path: { id } } })));
}
