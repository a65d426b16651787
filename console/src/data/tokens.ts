// The list of tokens, loaded page by page and shown while it loads. Local changes are applied to
// it at once, because the service's list is eventually consistent.
import { api, unwrap, unwrapWithRetry, type ApiResponse } from "../api/client";
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
/** Tokens per request. */
const PAGE_SIZE = 100;
/** Maximum time in milliseconds for which the service's list may miss a change. */
const MAX_LIST_LAG = 10_000;
/** Time in milliseconds between updates of a list that is loading. */
const UPDATE_INTERVAL = 250;

export const tokenList = createStore<TokenList>(EMPTY);

/** Local changes by token ID; a null token is deleted. */
const changes = new Map<string, { token: Token | null; at: number }>();
let run = 0;

onSignOut(() => {
  run++;
  changes.clear();
  tokenList.set(EMPTY);
});

/** Reloads the list if it is at least `minAge` milliseconds old. */
export async function loadTokens(minAge = 0): Promise<void> {
  const before = tokenList.get();
  if (before.state === "loading" || Date.now() - before.loadedAt < minAge) return;
  const thisRun = ++run;
  const startedAt = Date.now();
  const first = before.state === "idle" || before.tokens.length === 0;
  tokenList.set({ ...before, state: "loading", problem: null });
  const loaded: Token[] = [];
  let updatedAt = 0;
  try {
    for (let cursor: string | null = null, more = true; more; ) {
      const query: { limit: number; cursor?: string } = cursor === null ? { limit: PAGE_SIZE } : { limit: PAGE_SIZE, cursor };
      const { data } = await unwrapWithRetry(() => api.GET("/tokens", { params: { query } }));
      if (thisRun !== run) return;
      loaded.push(...data.tokens);
      cursor = data.next_cursor;
      more = cursor !== null;
      if (first && more && Date.now() - updatedAt > UPDATE_INTERVAL) {
        updatedAt = Date.now();
        tokenList.set({ tokens: merged(loaded, startedAt), state: "loading", problem: null, loadedAt: 0 });
      }
    }
    tokenList.set({ tokens: merged(loaded, startedAt), state: "complete", problem: null, loadedAt: startedAt });
  } catch (error) {
    if (thisRun !== run) return;
    const tokens = first ? merged(loaded, startedAt) : before.tokens;
    tokenList.set({ tokens, state: "failed", problem: Problem.from(error), loadedAt: 0 });
  }
}

/** The service's list with recent local changes applied. */
function merged(loaded: readonly Token[], startedAt: number): Token[] {
  const recent = new Map([...changes].filter(([, change]) => change.at > startedAt - MAX_LIST_LAG));
  const added = [...recent.values()].flatMap(({ token }) => (token && !loaded.some(({ id }) => id === token.id) ? [token] : []));
  const known = loaded.flatMap((token) => {
    const change = recent.get(token.id);
    if (!change) return [token];
    return change.token ? [withLatestUse(change.token, token)] : [];
  });
  return [...added, ...known];
}

/** The locally changed token, with the last use of the list if that is later. */
function withLatestUse(changed: Token, listed: Token): Token {
  if ((listed.last_used_at ?? "") <= (changed.last_used_at ?? "")) return changed;
  const { last_used_at, last_used_ip, last_used_user_agent } = listed;
  return { ...changed, last_used_at, last_used_ip, last_used_user_agent };
}

/** Applies a changed or new token to the list. */
export function applyTokenChange(token: Token): void {
  changes.set(token.id, { token, at: Date.now() });
  const list = tokenList.get();
  const known = list.tokens.some(({ id }) => id === token.id);
  const tokens = known ? list.tokens.map((other) => (other.id === token.id ? token : other)) : [token, ...list.tokens];
  if (list.state !== "idle") tokenList.set({ ...list, tokens });
}

export function applyTokenDeletion(id: string): void {
  changes.set(id, { token: null, at: Date.now() });
  const list = tokenList.get();
  tokenList.set({ ...list, tokens: list.tokens.filter((token) => token.id !== id) });
}

export interface TokenWithEtag {
  token: Token;
  etag: string;
}

export const withEtag = ({ data: token, etag }: ApiResponse<Token>): TokenWithEtag => ({ token, etag });

export async function readToken(id: string): Promise<TokenWithEtag> {
  // Any other ID could form the path of another route.
  if (!/^[0-9A-Za-z]{16}$/.test(id)) throw Problem.local("invalid_id");
  return withEtag(await unwrap(api.GET("/tokens/{id}", { params: { path: { id } } })));
}
