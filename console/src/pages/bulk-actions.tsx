// The line above the table: selects all tokens of the list, and has the actions for the selected ones.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { select, selection } from "../data/selection";
import { tokenList } from "../data/tokens";
import { BULK_ACTIONS, type BulkAction } from "../domain/bulk";
import { plural } from "../domain/labels";
import type { Row } from "../domain/token-view";
import { useStore } from "../store";
import { isTyping } from "../ui/keyboard-shortcuts";
import { useRestoredDraft } from "../ui/use-draft";
import { BULK_DRAFT, BulkDialog, type BulkDraft } from "./bulk-dialog";

/** `rows` are those that the filters leave: hidden tokens stay selected, but no action changes them. `children` are shown while none is selected. */
export function BulkActions({ rows, now, children }: { rows: readonly Row[]; now: number; children: ComponentChildren }) {
  const ids = useStore(selection);
  const tokens = useMemo(() => rows.flatMap(({ token }) => (ids.has(token.id) ? [token] : [])), [rows, ids]);
  const restored = useRestoredDraft<BulkDraft>(BULK_DRAFT);
  const [open, setOpen] = useState<BulkAction | null>(null);
  const isLoaded = useStore(tokenList).state === "complete";
  useEffect(() => {
    if (restored === null || !isLoaded) return;
    select(restored.ids, true);
    setOpen(restored.name);
  }, [isLoaded]);
  const actions = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "b" && !isTyping(event)) actions.current?.querySelector("button")?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const isAll = tokens.length === rows.length;
  return (
    <>
      <div class={tokens.length > 0 ? "count selecting" : "count quiet"} ref={actions}>
        {rows.length > 0 && (
          <label class="select" title={isAll ? "Select none" : `Select all ${plural(rows.length, "token")} of the list`}>
            <input
              type="checkbox"
              aria-label={`Select all ${plural(rows.length, "token")}`}
              checked={isAll}
              indeterminate={tokens.length > 0 && !isAll}
              onChange={(event) => select(rows.map(({ token }) => token.id), event.currentTarget.checked)}
            />
          </label>
        )}
        {tokens.length === 0 ? (
          children
        ) : (
          <>
            <p role="status">
              {new Intl.NumberFormat().format(tokens.length)} of {plural(rows.length, "token")} selected
            </p>
            {(Object.keys(BULK_ACTIONS) as BulkAction[]).map((name) => (
              <button type="button" key={name} class={name === "revoke" ? "danger" : ""} onClick={() => setOpen(name)}>
                {BULK_ACTIONS[name].label}…
              </button>
            ))}
            <button type="button" class="plain link" onClick={() => select(ids, false)}>
              Clear selection
            </button>
          </>
        )}
      </div>
      {open !== null && <BulkDialog name={open} tokens={tokens} restored={restored?.name === open ? restored : null} now={now} onClose={() => setOpen(null)} />}
    </>
  );
}
