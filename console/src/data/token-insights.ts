// What the list does not tell about tokens, asked for one token at a time and at most four at
// once: whether an old secret was used (its history), and what it does not use (its usage).
import { answer, api } from "../api/client";
import type { Token } from "../api/types";
import { onSignOut } from "../auth/session";
import { mayHaveReuse, mayHaveUnused, type Facts } from "../domain/concerns";
import { createStore } from "../store";

const AT_ONCE = 4;
/** So many are asked about without being looked at. */
const UNSEEN = 200;

export const facts = createStore<ReadonlyMap<string, Facts>>(new Map());

let queue: Token[] = [];
let known = new Map<string, Facts>();
let asked = new Set<string>();
let running = 0;
let budget = UNSEEN;

onSignOut(() => {
  queue = [];
  known = new Map();
  asked = new Set();
  budget = UNSEEN;
  facts.set(new Map());
});

/** Asks about tokens that are in sight, before any others. */
export function wantFacts(tokens: readonly Token[]): void {
  queue = [...tokens.filter(isOpen), ...queue];
  work();
}

/** Asks about tokens that may want attention, as far as there are not too many of them. */
export function wantFactsUnseen(tokens: readonly Token[]): void {
  const more = tokens.filter(isOpen).slice(0, budget);
  budget -= more.length;
  queue.push(...more);
  work();
}

/** After a change: what was known holds no longer. */
export function forgetFacts(id: string): void {
  asked.delete(id);
}

function isOpen(token: Token): boolean {
  return !asked.has(token.id) && (mayHaveReuse(token) || mayHaveUnused(token));
}

function work(): void {
  while (running < AT_ONCE) {
    const token = queue.shift();
    if (!token) break;
    if (asked.has(token.id)) continue;
    asked.add(token.id);
    running++;
    void ask(token).finally(() => {
      running--;
      if (running === 0 && queue.length === 0) facts.set(new Map(known));
      work();
    });
  }
}

async function ask(token: Token): Promise<void> {
  const mine = known;
  const path = { id: token.id };
  try {
    const events = mayHaveReuse(token) ? (await answer(api.GET("/tokens/{id}/events", { params: { path, query: { limit: 50 } } }))).data.events : [];
    const usage = mayHaveUnused(token) ? (await answer(api.GET("/tokens/{id}/usage", { params: { path } }))).data : null;
    const reusedAt = events.find(({ kind }) => kind === "secret_reuse")?.at ?? null;
    mine.set(token.id, { reusedAt, usage: usage?.complete ? { granted: usage.granted, used: usage.used } : null });
    if (mine.size % 20 === 0 && mine === known) facts.set(new Map(mine));
  } catch {
    // What cannot be found out is not shown; the token's own page says why.
  }
}
