// The list of tokens: what wants attention first, found by searching, filtering and sorting
// what is loaded. Only the rows in sight are drawn, so that ten thousand are as quick as ten.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Status, Token } from "../api/types";
import { onSignOut } from "../auth/session";
import { facts, wantFacts, wantFactsUnseen } from "../data/token-insights";
import { loadTokens, tokenList } from "../data/tokens";
import { concerns, CONCERNS, urgency, type Concern, type Facts } from "../domain/concerns";
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

const EVERYTHING: View = { search: "", status: "all", concern: "all", owner: "", sort: "attention", reversed: false };
const SORTS: Record<SortKey, string> = {
  attention: "What wants attention",
  name: "Name",
  owner: "Owner",
  expires: "Expiry, soonest first",
  used: "Last used, longest ago first",
  created: "Newest first",
};
const ABOVE_AND_BELOW = 8;

/** Kept while one looks at a token, so that one comes back to the same list. */
const view = createStore<View>(EVERYTHING);
onSignOut(() => view.set(EVERYTHING));
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

interface Row {
  token: Token;
  found: Concern[];
  urgency: number;
}

export function TokensPage() {
  const list = useStore(tokenList);
  const known = useStore(facts);
  const wanted = useStore(view);
  const now = useNow();
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    void loadTokens(15_000);
  }, []);
  useEffect(() => {
    if (list.state === "complete") wantFactsUnseen(list.tokens);
  }, [list.state]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event)) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const all = useMemo(() => list.tokens.map((token) => rowOf(token, known.get(token.id), now)), [list.tokens, known, now]);
  const rows = useMemo(() => chosen(all, wanted), [all, wanted]);
  const owners = useMemo(() => [...new Set(list.tokens.map(({ owner }) => owner))].toSorted(collator.compare), [list.tokens]);
  const counts = useMemo(() => counted(all), [all]);
  const change = (part: Partial<View>) => view.set({ ...wanted, ...part });
  const filtered = wanted.search !== "" || wanted.status !== "all" || wanted.concern !== "all" || wanted.owner !== "";

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
            placeholder="Search name, id, owner, permission, resource"
            spellcheck={false}
            autocomplete="off"
            value={wanted.search}
            onInput={(event) => {
              // Whoever looks for a token that was found somewhere pastes all of it.
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
          <select value={wanted.status} onChange={(event) => change({ status: event.currentTarget.value as View["status"] })}>
            <option value="all">All</option>
            <Options of={Object.entries(STATUSES)} />
          </select>
        </label>
        {owners.length > 1 && (
          <label>
            Owner{" "}
            <select value={wanted.owner} onChange={(event) => change({ owner: event.currentTarget.value })}>
              <option value="">Everybody</option>
              <Options of={owners.map((owner) => [owner, owner])} />
            </select>
          </label>
        )}
        <label>
          Sort{" "}
          <select value={wanted.sort} onChange={(event) => change({ sort: event.currentTarget.value as SortKey, reversed: false })}>
            <Options of={Object.entries(SORTS)} />
          </select>
        </label>
      </div>
      {counts.any > 0 && (
        <div class="concerns" role="group" aria-label="What wants attention">
          <Toggle on={wanted.concern === "any"} text={`Wants attention (${counts.any})`} set={(on) => change({ concern: on ? "any" : "all" })} />
          {(Object.keys(CONCERNS) as Concern[])
            .filter((concern) => counts[concern] > 0)
            .map((concern) => (
              <Toggle
                key={concern}
                on={wanted.concern === concern}
                text={`${CONCERNS[concern]} (${counts[concern]})`}
                set={(on) => change({ concern: on ? concern : "all" })}
              />
            ))}
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
            Load anew
          </button>
        )}
      </p>
      {list.state === "loading" && list.tokens.length === 0 && <Loading what="tokens" />}
      {list.state === "complete" && list.tokens.length === 0 && (
        <div class="empty">
          <h2>No tokens yet</h2>
          <p>A token lets a script or a pipeline call the API as you, with as little as it needs.</p>
          <p>
            <a class="button primary" href="#/new">
              Make the first one
            </a>
          </p>
        </div>
      )}
      {list.tokens.length > 0 && rows.length === 0 && list.state !== "loading" && (
        <div class="empty">
          <h2>None of them</h2>
          <p>No token is as you asked for.</p>
          {filtered && (
            <p>
              <button type="button" onClick={() => view.set({ ...EVERYTHING, sort: wanted.sort })}>
                Show all tokens
              </button>
            </p>
          )}
        </div>
      )}
      {rows.length > 0 && <Rows rows={rows} known={known} now={now} wanted={wanted} change={change} />}
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
  known: ReadonlyMap<string, Facts>;
  now: number;
  wanted: View;
  change: (part: Partial<View>) => void;
}

function Rows({ rows, known, now, wanted, change }: RowsProps) {
  const body = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(60);
  const [range, setRange] = useState<[number, number]>([0, 30]);
  const toFocus = useRef<number | null>(null);

  useLayoutEffect(() => {
    const look = () => {
      const place = body.current;
      if (!place) return;
      const row = place.querySelector<HTMLElement>(".row");
      const size = row?.offsetHeight || height;
      const above = Math.max(0, -place.getBoundingClientRect().top);
      const first = Math.max(0, Math.floor(above / size) - ABOVE_AND_BELOW);
      const last = Math.min(rows.length, Math.ceil((above + innerHeight) / size) + ABOVE_AND_BELOW);
      setHeight(size);
      setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [rows.length, height]);

  const shown = rows.slice(range[0], range[1]);
  useEffect(() => {
    const timer = setTimeout(() => wantFacts(shown.map(({ token }) => token)), 200);
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
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      const step = event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
      const focused = document.activeElement?.closest<HTMLElement>(".row")?.dataset["index"];
      // A held key is quicker than the rows are drawn: it goes on from the row that is to be focused.
      const awaited = toFocus.current !== null && toFocus.current < rows.length ? toFocus.current : null;
      const current = awaited ?? (focused === undefined ? null : Number(focused));
      if (step === 0 || (current === null && event.key.startsWith("Arrow"))) return;
      event.preventDefault();
      const next = current === null ? range[0] + (range[0] === 0 ? 0 : ABOVE_AND_BELOW) : current + step;
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
    const sorted = key !== null && wanted.sort === key;
    return (
      <div role="columnheader" class={name} aria-sort={sorted ? (wanted.reversed ? "descending" : "ascending") : undefined}>
        {key === null ? (
          text
        ) : (
          <button type="button" class="plain" onClick={() => change({ sort: key, reversed: sorted && !wanted.reversed })}>
            {text} <span aria-hidden="true">{sorted ? (wanted.reversed ? "↓" : "↑") : ""}</span>
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
          {column("May do", null, "may")}
          {column("Expires", "expires", "expires")}
          {column("Last used", "used", "used")}
          {column("Status", null, "status")}
        </div>
      </div>
      <div role="rowgroup" class="rows" ref={body} style={{ paddingTop: `${range[0] * height}px`, paddingBottom: `${Math.max(0, rows.length - range[1]) * height}px` }}>
        {shown.map(({ token, found }, offset) => (
          <TokenRow key={token.id} index={range[0] + offset} token={token} found={found} facts={known.get(token.id)} now={now} />
        ))}
      </div>
    </div>
  );
}

function TokenRow({ index, token, found, facts: fact, now }: { index: number; token: Token; found: Concern[]; facts: Facts | undefined; now: number }) {
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
        if (!(event.target instanceof HTMLAnchorElement) && !chosenText) go(tokenHash(token.id));
      }}
    >
      <div role="cell" class="name">
        <a href={tokenHash(token.id)}>{token.name}</a>
        <span class="under">
          {found.slice(0, 2).map((concern) => (
            <ConcernMark key={concern} {...{ concern, token, now }} facts={fact} />
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
        {more > 0 && <span class="quiet"> and {more} more</span>}
      </div>
      <div role="cell" class="expires">
        <span class="label">Expires </span>
        {token.expires_at === null ? "Never" : <Time at={token.expires_at} now={now} />}
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

function rowOf(token: Token, fact: Facts | undefined, now: number): Row {
  const found = concerns(token, fact, now);
  return { token, found, urgency: urgency(token, found) };
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

function chosen(rows: readonly Row[], wanted: View): Row[] {
  const words = wanted.search.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = rows.filter(
    ({ token, found }) =>
      (wanted.status === "all" || token.status === wanted.status) &&
      (wanted.owner === "" || token.owner === wanted.owner) &&
      (wanted.concern === "all" || (wanted.concern === "any" ? found.length > 0 : found.includes(wanted.concern))) &&
      words.every((word) => haystack(token).includes(word)),
  );
  const order = ORDERS[wanted.sort];
  kept.sort((a, b) => (wanted.reversed ? -1 : 1) * order(a, b));
  return kept;
}

const newest = (a: Row, b: Row) => compare(b.token.created_at, a.token.created_at);
const ORDERS: Record<SortKey, (a: Row, b: Row) => number> = {
  attention: (a, b) => b.urgency - a.urgency || newest(a, b),
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
  const all = loading ? `${plural(loaded, "token")} loaded so far` : plural(loaded, "token");
  return shown === loaded ? `${all}.` : `${new Intl.NumberFormat().format(shown)} of ${all}.`;
}
