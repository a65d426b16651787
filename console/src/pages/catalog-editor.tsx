// The catalog as JSON or TOML: checks while typing, and a diff before it is saved.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import type { Problem } from "../api/problem";
import type { Catalog, FieldError } from "../api/types";
import type { ReadCatalog } from "../data/catalog";
import { hasTomlForm, isToml, parse, toJson, toToml } from "../domain/catalog-text";
import { isBuiltIn } from "../domain/grants";
import { format, lineOf } from "../domain/json-positions";
import { plural } from "../domain/labels";
import { formatDateTime } from "../domain/time";
import { ActionDialog } from "../ui/action-dialog";
import { Diff } from "../ui/diff";
import { LineNumbers } from "../ui/line-numbers";
import { releaseGuards } from "../ui/navigation-guard";
import { showMessage } from "../ui/status-message";
import { DiscardDialog, useUnsavedChanges } from "../ui/unsaved-changes";
import { useDraft, useRestoredDraft } from "../ui/use-draft";
import { CatalogImpact } from "./catalog-impact";

export const CATALOG_DRAFT = "catalog";

/** The text to edit: the catalog without the built-in permissions. */
export function catalogText(catalog: Catalog): string {
  const permissions = Object.fromEntries(Object.entries(catalog.permissions).filter(([name]) => !isBuiltIn(name)));
  const { strict, roles, routes, sessions, trust } = catalog;
  return format({ strict, permissions, roles, routes, sessions, trust });
}

interface CatalogEditorProps {
  read: ReadCatalog;
  /** The text of an earlier version, to review at once. */
  restore: string | null;
  load: () => Promise<ReadCatalog | null>;
  onDone: () => void;
}

export function CatalogEditor({ read, restore, load, onDone }: CatalogEditorProps) {
  const original = useMemo(() => catalogText(read.catalog), [read]);
  const restored = useRestoredDraft<{ text: string; before: string }>(CATALOG_DRAFT);
  const [text, setText] = useState(restore ?? restored?.text ?? original);
  /** The text when the user began to edit. */
  const [before] = useState(restored?.before ?? original);
  const [saving, setSaving] = useState(restore !== null);
  /** The service's errors from the last attempt to save. */
  const [saveErrors, setSaveErrors] = useState<readonly FieldError[]>([]);
  const [theirs, setTheirs] = useState(() => (before === original ? null : { before, after: original }));
  const area = useRef<HTMLTextAreaElement>(null);
  const [debounced, setDebounced] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(text), 200);
    return () => clearTimeout(timer);
  }, [text]);
  // Only syntax and duplicate keys are checked here: the service gets the parsed value and validates the rest.
  const parsed = useMemo(() => parse(debounced), [debounced]);
  const isValid = parsed.errors.length === 0;
  const language = isToml(text) ? "TOML" : "JSON";
  /** What is saved, as the original is written. */
  const edited = useMemo(
    () => (language === "TOML" && isValid ? toJson(parsed.value, JSON.parse(original)) : text),
    [language, isValid, parsed, original, text],
  );
  const dirty = edited !== original;
  const shownErrors = useMemo(
    () =>
      isValid
        ? saveErrors.map(({ field, message }) => ({ place: field === "*" ? "" : field, message, offset: parsed.offsetOf(field) }))
        : parsed.errors,
    [isValid, parsed, saveErrors],
  );
  const lineCount = text.split("\n").length;
  const marked = new Map<number, string>();
  for (const { place, message, offset } of shownErrors) {
    if (offset === null) continue;
    const { line } = lineOf(text, offset);
    marked.set(line, [marked.get(line), `${place} ${message}`.trim()].filter(Boolean).join("\n"));
  }
  const unsaved = useUnsavedChanges(dirty);
  useDraft(CATALOG_DRAFT, { text, before }, dirty);

  // The dialog returns the focus to the text.
  useLayoutEffect(() => {
    if (restore !== null) area.current?.focus();
  }, []);

  const jumpTo = (offset: number) => {
    const field = area.current;
    if (!field) return;
    field.focus();
    field.setSelectionRange(offset, text.indexOf("\n", offset) < 0 ? text.length : text.indexOf("\n", offset));
    const lineHeight = field.scrollHeight / lineCount;
    field.scrollTop = (lineOf(text, offset).line - 4) * lineHeight;
  };

  async function save() {
    const { data } = await unwrap(api.PUT("/catalog", { params: { header: { "If-Match": read.etag } }, body: parsed.value as Catalog }));
    releaseGuards();
    void load().then(onDone);
    showMessage(`Catalog saved. In effect by ${formatDateTime(data.effective_by)}.`);
  }
  /** Closes the dialog if the text must be edited: it is invalid or based on an old version. */
  async function returnToText({ status, errors }: Problem) {
    const isInvalid = status === 400 && errors.length > 0;
    if (!isInvalid && status !== 412) return;
    const after = status === 412 ? await load() : null;
    setSaveErrors(isInvalid ? errors : []);
    if (after) setTheirs({ before, after: catalogText(after.catalog) });
    setSaving(false);
  }

  return (
    <>
      {theirs && (
        <div class="note warn" role="alert">
          <p>Someone else saved the catalog while you were editing. Your draft is kept. Merge their changes, or saving will overwrite them.</p>
          <Diff before={theirs.before.split("\n")} after={theirs.after.split("\n")} label="Their changes" />
        </div>
      )}
      <div class="editor">
        <div class="title">
          <label for="catalog-text">Catalog ({language})</label>
          <button
            type="button"
            class="plain link"
            disabled={!isValid || debounced !== text || !hasTomlForm(parsed.value)}
            onClick={() => setText(language === "JSON" ? toToml(parsed.value) : edited)}
          >
            Convert to {language === "JSON" ? "TOML" : "JSON"}
          </button>
        </div>
        <LineNumbers count={lineCount} errors={marked} area={area} />
        <textarea
          id="catalog-text"
          ref={area}
          class="mono"
          rows={Math.min(32, Math.max(12, lineCount + 1))}
          spellcheck={false}
          autocomplete="off"
          wrap="off"
          aria-describedby="catalog-errors"
          aria-invalid={shownErrors.length > 0}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") unsaved.discard(onDone);
          }}
        />
      </div>
      <div id="catalog-errors" role="status">
        {shownErrors.length === 0 ? (
          <p class="hint">{dirty ? "The service validates the catalog when you save." : "No changes yet"}</p>
        ) : (
          <>
            <p>
              <strong>
                {isValid && "Not saved: "}
                {plural(shownErrors.length, "error")}
              </strong>
            </p>
            <ul class="errors">
              {shownErrors.slice(0, 50).map((error) => (
                <li key={`${error.place}${error.message}${error.offset}`}>
                  {error.offset !== null && (
                    <button type="button" class="plain link" onClick={() => jumpTo(error.offset ?? 0)}>
                      Line {lineOf(text, error.offset).line}
                    </button>
                  )}{" "}
                  {error.place && <code>{error.place}</code>} {error.message}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      <p class="actions">
        <button type="button" class="primary" disabled={!dirty || !isValid || debounced !== text} onClick={() => setSaving(true)}>
          Review changes
        </button>
        <button type="button" onClick={() => unsaved.discard(onDone)}>
          Cancel
        </button>
      </p>
      {saving && (
        <ActionDialog title="Save the catalog?" label="Save" pending="Saving…" onClose={() => setSaving(false)} act={save} onFailed={returnToText}>
          {() => (
            <>
              <CatalogImpact catalog={parsed.value as Catalog} />
              <p>Applies to every token and user within a minute:</p>
              <Diff before={original.split("\n")} after={edited.split("\n")} label="Changes to the catalog" />
            </>
          )}
        </ActionDialog>
      )}
      <DiscardDialog unsaved={unsaved} />
    </>
  );
}
