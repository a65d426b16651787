// Search, filters and sort order of the list of tokens.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { restoreDismissed } from "../data/dismissals";
import { CONCERNS, type Concern } from "../domain/concerns";
import { STATUSES } from "../domain/labels";
import { withoutSecrets } from "../domain/redaction";
import { compareOwners, SORTS, type Row, type SortKey, type View } from "../domain/token-view";
import { Choice, Options } from "../ui/choice";
import { Icon } from "../ui/icon";
import { isTyping } from "../ui/keyboard-shortcuts";

interface Props {
  /** All loaded tokens. */
  rows: readonly Row[];
  view: View;
  change: (part: Partial<View>) => void;
}

export function TokenFilters({ rows, view, change }: Props) {
  const owners = useMemo(() => {
    const all = new Set(rows.map(({ token }) => token.owner));
    if (view.owner !== "") all.add(view.owner);
    return [...all].toSorted(compareOwners);
  }, [rows, view.owner]);
  const [open, setOpen] = useState(false);
  return (
    <div class="filters" role="search">
      <SearchField search={view.search} change={change} />
      {/* On narrow screens only. */}
      <button type="button" class="fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="filter" />
        Filters
      </button>
      <div class={open ? "foldable" : "foldable folded"}>
        <label>
          Status{" "}
          <select value={view.status} onChange={(event) => change({ status: event.currentTarget.value as View["status"] })}>
            <option value="all">All statuses</option>
            <Options of={Object.entries(STATUSES)} />
          </select>
        </label>
        {owners.length > 1 && (
          <label>
            Owner{" "}
            <select value={view.owner} onChange={(event) => change({ owner: event.currentTarget.value })}>
              <option value="">All owners</option>
              <Options of={owners.map((owner) => [owner, owner])} />
            </select>
          </label>
        )}
        <label>
          Sort{" "}
          <select value={view.sort} onChange={(event) => change({ sort: event.currentTarget.value as SortKey, reversed: false })}>
            <Options of={Object.entries(SORTS)} />
          </select>
        </label>
        {(owners.length > 1 || view.byOwner) && <Choice label="Group by owner" checked={view.byOwner} onChange={(byOwner) => change({ byOwner })} />}
      </div>
    </div>
  );
}

function SearchField({ search, change }: { search: string; change: Props["change"] }) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event)) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <label class="grow">
      <span class="unseen">Search tokens</span>
      <input
        ref={field}
        type="search"
        placeholder="Search tokens"
        spellcheck={false}
        autocomplete="off"
        value={search}
        onInput={({ currentTarget }) => {
          // Users may paste a whole token that they found: only its ID may get into the address.
          const text = withoutSecrets(currentTarget.value);
          if (text !== currentTarget.value) currentTarget.value = text;
          change({ search: text });
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
  );
}

/** Filters for tokens that need attention, with their numbers. A filter without tokens is hidden unless it is on. */
export function ConcernFilters({ rows, view, change, hasDismissed }: Props & { hasDismissed: boolean }) {
  const counts = useMemo(() => counted(rows), [rows]);
  const concernFilter = (concern: Concern | "any", text: string) => {
    const on = view.concern === concern;
    return (counts[concern] > 0 || on) && <Toggle key={concern} on={on} text={text} number={counts[concern]} set={(next) => change({ concern: next ? concern : "all" })} />;
  };
  return (
    <div class="concerns" role="group" aria-label="Quick filters">
      {concernFilter("any", "Needs attention")}
      {(Object.keys(CONCERNS) as Concern[]).map((concern) => concernFilter(concern, CONCERNS[concern]))}
      {(counts.neverUsed > 0 || view.neverUsed) && <Toggle on={view.neverUsed} text="Never used" number={counts.neverUsed} set={(neverUsed) => change({ neverUsed })} />}
      {hasDismissed && (
        <button type="button" class="plain link" onClick={restoreDismissed}>
          Restore dismissed
        </button>
      )}
    </div>
  );
}

function Toggle({ on, text, number, set }: { on: boolean; text: string; number: number; set: (on: boolean) => void }) {
  return (
    <button type="button" class="toggle" aria-pressed={on} onClick={() => set(!on)}>
      {text} <span class="number">{new Intl.NumberFormat().format(number)}</span>
    </button>
  );
}

function counted(rows: readonly Row[]): Record<Concern | "any" | "neverUsed", number> {
  const counts = { any: 0, neverUsed: 0, reuse: 0, expiring: 0, idle: 0, unused: 0 };
  for (const { token, found } of rows) {
    if (found.length > 0) counts.any++;
    if (token.last_used_at === null) counts.neverUsed++;
    for (const concern of found) counts[concern]++;
  }
  return counts;
}
