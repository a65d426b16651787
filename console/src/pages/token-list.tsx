// The list of tokens. Search, filters and sorting work on the loaded tokens, and are in the address.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Token } from "../api/types";
import { caller } from "../auth/session";
import { compact, setCompact } from "../data/density";
import { dismissals as allDismissals } from "../data/dismissals";
import { insights as allInsights, requestInsightsInBackground } from "../data/token-insights";
import { loadTokens, tokenList } from "../data/tokens";
import { whyNotCreate, whyNotManage } from "../domain/abilities";
import { toCsv, toJson } from "../domain/token-export";
import { plural } from "../domain/labels";
import { TEMPLATES } from "../domain/templates";
import { localDay } from "../domain/time";
import { DEFAULT_VIEW, filterAndSort, isFiltered, queryOf, rowOf, viewOf, type Row, type View } from "../domain/token-view";
import { returnedFrom, route, setQuery } from "../router";
import { useStore } from "../store";
import { download } from "../ui/download";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { NewTokenLink } from "../ui/new-token-link";
import { ProblemNote } from "../ui/problem-note";
import { useNow } from "../ui/time";
import { forgetHeights } from "../ui/virtual-rows";
import { BulkActions } from "./bulk-actions";
import { ConcernFilters, TokenFilters } from "./token-filters";
import { TokenTable } from "./token-table";

export function TokensPage() {
  const list = useStore(tokenList);
  const insightsById = useStore(allInsights);
  const dismissals = useStore(allDismissals);
  const { query } = useStore(route);
  const now = useNow();
  const view = useMemo(() => viewOf(query), [query]);
  const change = (part: Partial<View>) => setQuery(queryOf({ ...view, ...part }));
  useEffect(() => {
    if (whyNotManage(caller()) === null) void loadTokens(15_000);
    // The address may hold a whole token, or unknown values.
    if (queryOf(view) !== query) change({});
  }, []);
  useEffect(() => {
    if (list.state === "complete") requestInsightsInBackground(list.tokens);
  }, [list.state]);

  const all = useMemo(
    () => list.tokens.map((token) => rowOf(token, insightsById.get(token.id), now, dismissals)),
    [list.tokens, insightsById, now, dismissals],
  );
  const rows = useMemo(() => filterAndSort(all, view), [all, view]);
  const [returned] = useState(() => rows.find(({ token }) => token.id === returnedFrom())?.token.id ?? null);
  const denied = whyNotCreate(caller());
  const hidden = whyNotManage(caller());
  if (hidden !== null || list.problem?.status === 403) {
    return (
      <>
        <Heading title="Tokens">Tokens</Heading>
        {hidden === null ? list.problem && <ProblemNote problem={list.problem} /> : <p class="note warn">{hidden}</p>}
      </>
    );
  }
  const isLoading = list.state === "loading";
  const isEmpty = list.tokens.length === 0;

  return (
    <>
      <div class="title">
        <Heading title="Tokens" focus={returned === null}>Tokens</Heading>
        <NewTokenLink text="New token" class="button primary" />
      </div>
      {denied !== null && <p class="hint">{denied}</p>}
      <TokenFilters rows={all} view={view} change={change} />
      <ConcernFilters rows={all} view={view} change={change} hasDismissed={dismissals.size > 0} />
      {list.problem && (
        <ProblemNote problem={list.problem}>
          <p>
            <button type="button" onClick={() => loadTokens()}>
              Try again
            </button>
          </p>
        </ProblemNote>
      )}
      <BulkActions rows={rows} now={now}>
        <p role="status">{isEmpty ? "" : count(rows.length, list.tokens.length, isLoading)}</p>
        {list.state === "complete" && (
          <button type="button" class="plain link" onClick={() => loadTokens()}>
            Refresh
          </button>
        )}
        {rows.length > 0 && !isLoading && <ExportButtons rows={rows} />}
        {rows.length > 0 && <CompactToggle />}
      </BulkActions>
      {isLoading && isEmpty && <Loading what="tokens" />}
      {list.state === "complete" && isEmpty && (
        <div class="empty">
          <h2>No tokens yet</h2>
          <p>Tokens let scripts and pipelines call the API on your behalf, with only the permissions they need.</p>
          <p>
            <NewTokenLink text="Create your first token" class="button primary" />
          </p>
          {denied === null && (
            <p class="quiet">
              Or start from a template:{" "}
              {Object.entries(TEMPLATES).map(([key, { label }], index) => (
                <>
                  {index > 0 && " · "}
                  <a key={key} href={`#/new?template=${key}`}>
                    {label}
                  </a>
                </>
              ))}
            </p>
          )}
        </div>
      )}
      {!isEmpty && rows.length === 0 && !isLoading && (
        <div class="empty">
          <h2>No matching tokens</h2>
          <p>Try another search, or clear the filters.</p>
          {isFiltered(view) && (
            <p>
              <button type="button" onClick={() => change({ ...DEFAULT_VIEW, sort: view.sort, byOwner: view.byOwner })}>
                Clear filters
              </button>
            </p>
          )}
        </div>
      )}
      {rows.length > 0 && <TokenTable rows={rows} insightsById={insightsById} now={now} view={view} change={change} returned={returned} />}
    </>
  );
}

function CompactToggle() {
  const on = useStore(compact);
  const toggle = () => {
    forgetHeights();
    setCompact(!on);
  };
  return (
    <button type="button" class="plain link apart" aria-pressed={on} onClick={toggle}>
      Compact rows
    </button>
  );
}

function ExportButtons({ rows }: { rows: readonly Row[] }) {
  const save = (extension: string, type: string, format: (tokens: Token[]) => string) =>
    download(`tokens-${localDay(new Date())}.${extension}`, type, format(rows.map(({ token }) => token)));
  return (
    <>
      <button type="button" class="plain link" onClick={() => save("csv", "text/csv", toCsv)}>
        Export CSV
      </button>
      <button type="button" class="plain link" onClick={() => save("json", "application/json", toJson)}>
        Export JSON
      </button>
    </>
  );
}

function count(shown: number, loaded: number, loading: boolean): string {
  const number = (value: number) => new Intl.NumberFormat().format(value);
  if (shown !== loaded) return `Showing ${number(shown)} of ${number(loaded)}${loading ? ". Loading…" : ""}`;
  return loading ? `Loading… ${number(loaded)} so far` : plural(loaded, "token");
}
