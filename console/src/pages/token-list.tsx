// The list of tokens. Search, filters and sorting work on the loaded tokens. Only the rows in sight
// are rendered, so that the list is fast with 10,000 tokens.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Status, Token } from "../api/types";
import { onSignOut } from "../auth/session";
import { dismissals as allDismissals, restoreDismissed } from "../data/dismissals";
import { insights as allInsights, requestInsights, requestInsightsInBackground } from "../data/token-insights";
import { loadTokens, tokenList } from "../data/tokens";
import { concerns, CONCERNS, due, type Concern, type Dismissals, type Insights } from "../domain/concerns";
import { idOfToken } from "../domain/shell-snippets";
import { allPermissions } from "../domain/grants";
import { plural, STATUSES } from "../domain/labels";
import { go, tokenHash } from "../router";
import { createStore, useStore } from "../store";
import { ConcernMark } from "../ui/concern-mark";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { StatusBadge } from "../ui/status-badge";
import { Time, useNow } from "../ui/time";
import { Options } from "../ui/choice";
import { isTyping } from "../ui/keyboard-shortcuts";

type SortKey = "attention" | "name" | "owner" | "expires" | "used" | "created";

interface View {
  search: string;
  status: Status | "all";
  concern: Concern | "any" | "all";
  owner: string;
  sort: SortKey;
  reversed: boolean;
}

const DEFAULT_VIEW: View = { search: "", status: "all", concern: "all", owner: "", sort: "attention", reversed: false };
const SORTS: Record<SortKey, string> = {
  attention: "Needs attention",
  name: "Name",
  owner: "Owner",
  expires: "Expiring soonest",
  used: "Least recently used",
  created: "Newest first",
};
/** Rows rendered above and below those in sight. */
const OVERSCAN = 8;

/** Search, filters and sort order, which persist while the user is on other pages. */
const view = createStore<View>(DEFAULT_VIEW);
onSignOut(() => view.set(DEFAULT_VIEW));
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

interface Row {
  token: Token;
  found: Concern[];
  due: [rank: number, time: number];
}

export function TokensPage() {
  const list = useStore(tokenList);
  const insightsById = useStore(allInsights);
  const dismissals = useStore(allDismissals);
  const filters = useStore(view);
  const now = useNow();
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    void loadTokens(15_000);
  }, []);
  useEffect(() => {
    if (list.state === "complete") requestInsightsInBackground(list.tokens);
  }, [list.state]);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event)) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const all = useMemo(() => list.tokens.map((token) => rowOf(token, insightsById.get(token.id), now, dismissals)), [list.tokens, insightsById, now, dismissals]);
  const rows = useMemo(() => filterAndSort(all, filters), [all, filters]);
  const owners = useMemo(() => [...new Set(list.tokens.map(({ owner }) => owner))].toSorted(collator.compare), [list.tokens]);
  const counts = useMemo(() => counted(all), [all]);
  const change = (part: Partial<View>) => view.set({ ...filters, ...part });
  const filtered = filters.search !== "" || filters.status !== "all" || filters.concern !== "all" || filters.owner !== "";

  return (
    <>
      <div class="title">
        <Heading title="Tokens">Tokens</Heading>
        <a class="button primary" href="#/new">
          New token
        </a>
      </div>
      <div class="filters" role="search">
        <label class="grow">
          <span class="unseen">Search tokens</span>
          <input
            ref={search}
            type="search"
            placeholder="Search name, ID, owner, permission or resource"
            spellcheck={false}
            autocomplete="off"
            value={filters.search}
            onInput={(event) => {
              // Users may paste a whole token that they found: keep only its ID.
              const id = idOfToken(event.currentTarget.value);
              if (id !== null) event.currentTarget.value = id;
              change({ search: id ?? event.currentTarget.value });
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
              if (event.key === "ArrowDown") {
                event.preventDefault();
                document.querySelector<HTMLElement>(".rows a")?.focus();
              }
            }}
          />
        </label>
        <label>
          Status{" "}
          <select value={filters.status} onChange={(event) => change({ status: event.currentTarget.value as View["status"] })}>
            <option value="all">All statuses</option>
            <Options of={Object.entries(STATUSES)} />
          </select>
        </label>
        {owners.length > 1 && (
          <label>
            Owner{" "}
            <select value={filters.owner} onChange={(event) => change({ owner: event.currentTarget.value })}>
              <option value="">All owners</option>
              <Options of={owners.map((owner) => [owner, owner])} />
            </select>
          </label>
        )}
        <label>
          Sort{" "}
          <select value={filters.sort} onChange={(event) => change({ sort: event.currentTarget.value as SortKey, reversed: false })}>
            <Options of={Object.entries(SORTS)} />
          </select>
        </label>
      </div>
      {(counts.any > 0 || dismissals.size > 0) && (
        <div class="concerns" role="group" aria-label="Needs attention">
          <Toggle on={filters.concern === "any"} text={`Needs attention (${counts.any})`} set={(on) => change({ concern: on ? "any" : "all" })} />
          {(Object.keys(CONCERNS) as Concern[])
            .filter((concern) => counts[concern] > 0)
            .map((concern) => (
              <Toggle
                key={concern}
                on={filters.concern === concern}
                text={`${CONCERNS[concern]} (${counts[concern]})`}
                set={(on) => change({ concern: on ? concern : "all" })}
              />
            ))}
          {dismissals.size > 0 && (
            <button type="button" class="plain link" onClick={restoreDismissed}>
              Restore dismissed
            </button>
          )}
        </div>
      )}
      {list.problem && (
        <ProblemNote problem={list.problem}>
          <p>
            <button type="button" onClick={() => loadTokens()}>
              Try again
            </button>
          </p>
        </ProblemNote>
      )}
      <p class="count quiet" role="status">
        {list.state === "loading" && list.tokens.length === 0 ? "" : count(rows.length, list.tokens.length, list.state === "loading")}{" "}
        {list.state === "complete" && (
          <button type="button" class="plain link" onClick={() => loadTokens()}>
            Refresh
          </button>
        )}
      </p>
      {list.state === "loading" && list.tokens.length === 0 && <Loading what="tokens" />}
      {list.state === "complete" && list.tokens.length === 0 && (
        <div class="empty">
          <h2>No tokens yet</h2>
          <p>Tokens let scripts and pipelines call the API on your behalf, with only the permissions they need.</p>
          <p>
            <a class="button primary" href="#/new">
              Create your first token
            </a>
          </p>
        </div>
      )}
      {list.tokens.length > 0 && rows.length === 0 && list.state !== "loading" && (
        <div class="empty">
          <h2>No matching tokens</h2>
          <p>Try another search, or clear the filters.</p>
          {filtered && (
            <p>
              <button type="button" onClick={() => view.set({ ...DEFAULT_VIEW, sort: filters.sort })}>
                Clear filters
              </button>
            </p>
          )}
        </div>
      )}
      {rows.length > 0 && <Rows rows={rows} insightsById={insightsById} now={now} filters={filters} change={change} />}
    </>
  );
}

function Toggle({ on, text, set }: { on: boolean; text: string; set: (on: boolean) => void }) {
  return (
    <button type="button" class="toggle" aria-pressed={on} onClick={() => set(!on)}>
      {text}
    </button>
  );
}

interface RowsProps {
  rows: Row[];
  insightsById: ReadonlyMap<string, Insights>;
  now: number;
  filters: View;
  change: (part: Partial<View>) => void;
}

function Rows({ rows, insightsById, now, filters, change }: RowsProps) {
  const body = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(60);
  const [range, setRange] = useState<[number, number]>([0, 30]);
  const toFocus = useRef<number | null>(null);

  useLayoutEffect(() => {
    const updateRange = () => {
      const place = body.current;
      if (!place) return;
      const row = place.querySelector<HTMLElement>(".row");
      const size = row?.offsetHeight || height;
      const above = Math.max(0, -place.getBoundingClientRect().top);
      const first = Math.max(0, Math.floor(above / size) - OVERSCAN);
      const last = Math.min(rows.length, Math.ceil((above + innerHeight) / size) + OVERSCAN);
      setHeight(size);
      setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    updateRange();
    addEventListener("scroll", updateRange, { passive: true });
    addEventListener("resize", updateRange);
    return () => {
      removeEventListener("scroll", updateRange);
      removeEventListener("resize", updateRange);
    };
  }, [rows.length, height]);

  const shown = rows.slice(range[0], range[1]);
  useEffect(() => {
    const timer = setTimeout(() => requestInsights(shown.map(({ token }) => token)), 200);
    return () => clearTimeout(timer);
  }, [range, rows]);

  const focusRow = (index: number) => {
    const link = body.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`);
    if (!link) return false;
    link.focus({ preventScroll: true });
    link.closest(".row")?.scrollIntoView({ block: "nearest" });
    return true;
  };
  useLayoutEffect(() => {
    if (toFocus.current !== null && focusRow(toFocus.current)) toFocus.current = null;
  });
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      const step = event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
      const focused = document.activeElement?.closest<HTMLElement>(".row")?.dataset["index"];
      // A held key can be faster than rendering: continue from the row that will be focused.
      const pending = toFocus.current !== null && toFocus.current < rows.length ? toFocus.current : null;
      const current = pending ?? (focused === undefined ? null : Number(focused));
      if (step === 0 || (current === null && event.key.startsWith("Arrow"))) return;
      event.preventDefault();
      const next = current === null ? range[0] + (range[0] === 0 ? 0 : OVERSCAN) : current + step;
      if (next < 0 || next >= rows.length) return;
      toFocus.current = null;
      if (!focusRow(next)) {
        toFocus.current = next;
        scrollBy(0, step * height);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [range, rows.length, height]);

  const column = (text: string, key: SortKey | null, name: string) => {
    const sorted = key !== null && filters.sort === key;
    return (
      <div role="columnheader" class={name} aria-sort={sorted ? (filters.reversed ? "descending" : "ascending") : undefined}>
        {key === null ? (
          text
        ) : (
          <button type="button" class="plain" onClick={() => change({ sort: key, reversed: sorted && !filters.reversed })}>
            {text} <span aria-hidden="true">{sorted ? (filters.reversed ? "↓" : "↑") : ""}</span>
          </button>
        )}
      </div>
    );
  };

  return (
    <div role="table" class="tokens" aria-label="Tokens" aria-rowcount={rows.length + 1}>
      <div role="rowgroup" class="head">
        <div role="row" aria-rowindex={1}>
          {column("Name", "name", "name")}
          {column("Owner", "owner", "owner")}
          {column("Permissions", null, "may")}
          {column("Expires", "expires", "expires")}
          {column("Last used", "used", "used")}
          {column("Status", null, "status")}
        </div>
      </div>
      <div role="rowgroup" class="rows" ref={body} style={{ paddingTop: `${range[0] * height}px`, paddingBottom: `${Math.max(0, rows.length - range[1]) * height}px` }}>
        {shown.map(({ token, found }, offset) => (
          <TokenRow key={token.id} index={range[0] + offset} token={token} found={found} insights={insightsById.get(token.id)} now={now} />
        ))}
      </div>
    </div>
  );
}

function TokenRow({ index, token, found, insights, now }: { index: number; token: Token; found: Concern[]; insights: Insights | undefined; now: number }) {
  const permissions = allPermissions(token.grants);
  const more = permissions.length - 2;
  return (
    <div
      role="row"
      class={`row ${token.status}`}
      aria-rowindex={index + 2}
      data-index={index}
      onClick={(event) => {
        const chosenText = getSelection()?.isCollapsed === false;
        if (!(event.target instanceof Element && event.target.closest("a, button")) && !chosenText) go(tokenHash(token.id));
      }}
    >
      <div role="cell" class="name">
        <a href={tokenHash(token.id)}>{token.name}</a>
        <span class="under">
          {found.slice(0, 2).map((concern) => (
            <ConcernMark key={concern} {...{ concern, token, now }} insights={insights} />
          ))}
          {found.length === 0 && <code>{token.id}</code>}
        </span>
      </div>
      <div role="cell" class="owner">
        {token.owner}
      </div>
      <div role="cell" class="may" title={permissions.join(", ")}>
        {token.role !== null && <span class="quiet">{token.role}: </span>}
        <code class="first">{permissions.slice(0, 2).join(", ")}</code>
        {more > 0 && <span class="quiet"> +{more}</span>}
      </div>
      <div role="cell" class="expires">
        <span class="label">Expires </span>
        {token.expires_at === null ? "Never" : <Time at={token.expires_at} now={now} future />}
      </div>
      <div role="cell" class="used">
        <span class="label">Used </span>
        {token.last_used_at === null ? "Never" : <Time at={token.last_used_at} now={now} />}
      </div>
      <div role="cell" class="status">
        <StatusBadge token={token} />
      </div>
    </div>
  );
}

function rowOf(token: Token, insights: Insights | undefined, now: number, dismissals: Dismissals): Row {
  const found = concerns(token, insights, now, dismissals);
  return { token, found, due: due(token, found, insights) };
}

const haystacks = new WeakMap<Token, string>();

function haystack(token: Token): string {
  let text = haystacks.get(token);
  if (text === undefined) {
    const grants = token.grants.flatMap((grant) => [...grant.permissions, ...grant.resources]);
    text = [token.name, token.description, token.id, token.owner, token.role, token.via, ...grants].join("\n").toLowerCase();
    haystacks.set(token, text);
  }
  return text;
}

function filterAndSort(rows: readonly Row[], filters: View): Row[] {
  const words = filters.search.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = rows.filter(
    ({ token, found }) =>
      (filters.status === "all" || token.status === filters.status) &&
      (filters.owner === "" || token.owner === filters.owner) &&
      (filters.concern === "all" || (filters.concern === "any" ? found.length > 0 : found.includes(filters.concern))) &&
      words.every((word) => haystack(token).includes(word)),
  );
  const order = ORDERS[filters.sort];
  matching.sort((a, b) => (filters.reversed ? -1 : 1) * order(a, b));
  return matching;
}

const newest = (a: Row, b: Row) => compare(b.token.created_at, a.token.created_at);
const ORDERS: Record<SortKey, (a: Row, b: Row) => number> = {
  attention: (a, b) => a.due[0] - b.due[0] || a.due[1] - b.due[1],
  name: (a, b) => collator.compare(a.token.name, b.token.name),
  owner: (a, b) => collator.compare(a.token.owner, b.token.owner) || newest(a, b),
  expires: (a, b) => compare(a.token.expires_at ?? "9", b.token.expires_at ?? "9"),
  used: (a, b) => compare(a.token.last_used_at ?? "0", b.token.last_used_at ?? "0"),
  created: newest,
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function counted(rows: readonly Row[]): Record<Concern | "any", number> {
  const counts = { any: 0, reuse: 0, expiring: 0, idle: 0, unused: 0 };
  for (const { found } of rows) {
    if (found.length > 0) counts.any++;
    for (const concern of found) counts[concern]++;
  }
  return counts;
}

function count(shown: number, loaded: number, loading: boolean): string {
  const number = (value: number) => new Intl.NumberFormat().format(value);
  if (shown !== loaded) return `Showing ${number(shown)} of ${number(loaded)}${loading ? ". Loading…" : ""}`;
  return loading ? `Loading… ${number(loaded)} so far` : plural(loaded, "token");
}
