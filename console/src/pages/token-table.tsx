// The table of tokens. Only the rows in sight are rendered, so that it is fast with 10,000 tokens.
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { compact } from "../data/density";
import { selection } from "../data/selection";
import { requestInsights } from "../data/token-insights";
import type { Insights } from "../domain/concerns";
import { plural } from "../domain/labels";
import type { Row, SortKey, View } from "../domain/token-view";
import { useStore } from "../store";
import { isTyping } from "../ui/keyboard-shortcuts";
import { useVirtualRows, type VirtualRows } from "../ui/virtual-rows";
import { TokenRow } from "./token-row";

interface Props {
  rows: readonly Row[];
  insightsById: ReadonlyMap<string, Insights>;
  now: number;
  view: View;
  change: (part: Partial<View>) => void;
  /** The token from whose page the user returns: its row takes the focus. */
  returned: string | null;
}

/** A token, or the heading of an owner's tokens. */
type Item = Row | { owner: string; size: number };

export function TokenTable({ rows, insightsById, now, view, change, returned }: Props) {
  const items = useMemo(() => (view.byOwner ? withHeadings(rows) : rows), [rows, view.byOwner]);
  const keys = useMemo(() => items.map((item) => ("token" in item ? item.token.id : `owner ${item.owner}`)), [items]);
  const { body, first, last, above, below, firstInSight, scrollToRow } = useVirtualRows(keys);
  const shown = items.slice(first, last);
  const selected = useStore(selection);
  useRowKeys(items, body, firstInSight, scrollToRow, keys.indexOf(returned ?? ""));
  useEffect(() => {
    const timer = setTimeout(() => requestInsights(shown.flatMap((item) => ("token" in item ? [item.token] : []))), 200);
    return () => clearTimeout(timer);
  }, [first, last, items]);

  return (
    <div role="table" class={useStore(compact) ? "tokens compact" : "tokens"} aria-label="Tokens" aria-rowcount={items.length + 1}>
      <Head view={view} change={change} />
      <div role="rowgroup" class="rows" ref={body}>
        <div role="presentation" style={{ height: `${above}px` }} />
        {shown.map((item, offset) => {
          const index = first + offset;
          if ("token" in item) return <TokenRow key={item.token.id} row={item} index={index} selected={selected.has(item.token.id)} insights={insightsById.get(item.token.id)} now={now} />;
          return (
            <div key={`owner ${item.owner}`} role="row" class="owner-group" aria-rowindex={index + 2} data-key={`owner ${item.owner}`}>
              <div role="cell">
                <strong>{item.owner}</strong> <span class="quiet">{plural(item.size, "token")}</span>
              </div>
            </div>
          );
        })}
        <div role="presentation" style={{ height: `${below}px` }} />
      </div>
    </div>
  );
}

/** Rows that are sorted by owner, with a heading before each owner's. */
function withHeadings(rows: readonly Row[]): Item[] {
  const sizes = new Map<string, number>();
  for (const { token } of rows) sizes.set(token.owner, (sizes.get(token.owner) ?? 0) + 1);
  return rows.flatMap((row, index): Item[] => {
    const { owner } = row.token;
    return owner === rows[index - 1]?.token.owner ? [row] : [{ owner, size: sizes.get(owner) ?? 0 }, row];
  });
}

/** Sorted by these, the newest comes first. */
const NEWEST_FIRST: ReadonlySet<SortKey> = new Set(["created", "revoked"]);

/** The column headers. Those that can sort are buttons. */
function Head({ view, change }: Pick<Props, "view" | "change">) {
  const column = (text: string, key?: SortKey) => {
    const sorted = key !== undefined && view.sort === key;
    const descending = sorted && NEWEST_FIRST.has(key) !== view.reversed;
    return (
      <div role="columnheader" aria-sort={sorted ? (descending ? "descending" : "ascending") : undefined}>
        {key === undefined ? (
          text
        ) : (
          <button type="button" class="plain" onClick={() => change({ sort: key, reversed: sorted && !view.reversed })}>
            {text} <span aria-hidden="true">{sorted ? (descending ? "↓" : "↑") : ""}</span>
          </button>
        )}
      </div>
    );
  };
  return (
    <div role="rowgroup" class="head">
      <div role="row" aria-rowindex={1}>
        <div role="columnheader" aria-label="Selected" />
        {column("Name", "name")}
        {column("Owner", "owner")}
        {column("Permissions")}
        {column("Resources")}
        {column("Created", "created")}
        {column("Last used", "used")}
        {view.status === "revoked" ? column("Revoked", "revoked") : column("Expires", "expires")}
        {column("Status")}
      </div>
    </div>
  );
}

/**
 * `j` and `k` move the focus from token to token, and `x` selects the focused one. From a focused row, the arrow keys do so too. The row `focusFirst` has the
 * focus at the start, unless that is -1.
 */
function useRowKeys(items: readonly Item[], body: VirtualRows["body"], firstInSight: () => number, scrollToRow: VirtualRows["scrollToRow"], focusFirst: number): void {
  /** A row to focus as soon as it is rendered. */
  const toFocus = useRef(focusFirst === -1 ? null : focusFirst);
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
      if (event.key === "x") document.activeElement?.closest(".row")?.querySelector<HTMLInputElement>(".select input")?.click();
      const step = event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
      const focused = document.activeElement?.closest<HTMLElement>(".row")?.dataset["index"];
      // A held key can be faster than rendering: continue from the row that will be focused.
      const pending = toFocus.current !== null && toFocus.current < items.length ? toFocus.current : null;
      const current = pending ?? (focused === undefined ? null : Number(focused));
      if (step === 0 || (current === null && event.key.startsWith("Arrow"))) return;
      event.preventDefault();
      let next = current === null ? firstInSight() : current + step;
      if (isHeading(items[next])) next += step;
      if (next < 0 || next >= items.length) return;
      toFocus.current = null;
      if (!focusRow(next)) {
        toFocus.current = next;
        scrollToRow(next);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [items, firstInSight]);
}

const isHeading = (item: Item | undefined): boolean => item !== undefined && "size" in item;
