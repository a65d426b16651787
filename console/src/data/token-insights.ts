// Data that the list of tokens lacks: uses of old secrets (from the events) and unused permissions
// (from the usage). Loaded token by token, at most MAX_CONCURRENT at once.
import { api, unwrap } from "../api/client";
import type { Token } from "../api/types";
import { onSignOut } from "../auth/session";
import { mayHaveReuse, mayHaveUnused, type Insights } from "../domain/concerns";
import { createStore } from "../store";

const MAX_CONCURRENT = 4;
/** Maximum number of tokens to load that are not in sight. */
const MAX_BACKGROUND = 200;

export const insights = createStore<ReadonlyMap<string, Insights>>(new Map());

let queue: Token[] = [];
let known = new Map<string, Insights>();
let requested = new Set<string>();
let running = 0;
let budget = MAX_BACKGROUND;

onSignOut(() => {
  queue = [];
  known = new Map();
  requested = new Set();
  budget = MAX_BACKGROUND;
  insights.set(new Map());
});

/** Loads the insights of tokens in sight, before all others. */
export function requestInsights(tokens: readonly Token[]): void {
  queue = [...tokens.filter(needsLoading), ...queue];
  startNext();
}

/** Loads the insights of further tokens, up to MAX_BACKGROUND in all. */
export function requestInsightsInBackground(tokens: readonly Token[]): void {
  const more = tokens.filter(needsLoading).slice(0, budget);
  budget -= more.length;
  queue.push(...more);
  startNext();
}

/** Reloads the insights at the next request, after a change of the token. */
export function forgetInsights(id: string): void {
  requested.delete(id);
}

function needsLoading(token: Token): boolean {
  return !requested.has(token.id) && (mayHaveReuse(token) || mayHaveUnused(token, Date.now()));
}

function startNext(): void {
  while (running < MAX_CONCURRENT) {
    const token = queue.shift();
    if (!token) break;
    if (requested.has(token.id)) continue;
    requested.add(token.id);
    running++;
    void load(token).finally(() => {
      running--;
      if (running === 0 && queue.length === 0) insights.set(new Map(known));
      startNext();
    });
  }
}

async function load(token: Token): Promise<void> {
  const target = known;
  const path = { id: token.id };
  try {
    const events = mayHaveReuse(token) ? (await unwrap(api.GET("/tokens/{id}/events", { params: { path, query: { limit: 50 } } }))).data.events : [];
    const usage = mayHaveUnused(token, Date.now()) ? (await unwrap(api.GET("/tokens/{id}/usage", { params: { path } }))).data : null;
    const reusedAt = events.find(({ kind }) => kind === "secret_reuse")?.at ?? null;
    target.set(token.id, { reusedAt, usage: usage?.complete ? { granted: usage.granted, used: usage.used } : null });
    if (target.size % 20 === 0 && target === known) insights.set(new Map(target));
  } catch {
    // The list shows no insight then. The token's page shows the error.
  }
}
