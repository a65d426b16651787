// The catalog page: view and edit the catalog, with a diff before it is saved.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog, FieldError } from "../api/types";
import { caller } from "../auth/session";
import { forgetCatalog, readCatalog, type ReadCatalog } from "../data/catalog";
import { covers } from "../domain/grants";
import { format, lineOf, offsetOf, parse } from "../domain/json-positions";
import { splitMatch } from "../domain/callable-routes";
import { formatDateTime } from "../domain/time";
import { plural } from "../domain/labels";
import { ActionDialog } from "../ui/action-dialog";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { releaseGuards } from "../ui/navigation-guard";
import { ProblemNote } from "../ui/problem-note";
import { SearchField } from "../ui/search-field";
import { showMessage } from "../ui/status-message";
import { DiscardDialog, useUnsavedChanges } from "../ui/unsaved-changes";
import { Diff } from "../ui/diff";
import { CodeList, GrantList } from "../ui/grants";

export function CatalogPage() {
  const [read, setRead] = useState<ReadCatalog | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [editing, setEditing] = useState(false);
  const load = () => {
    forgetCatalog();
    return readCatalog().then(
      (now) => {
        setRead(now);
        setProblem(null);
        return now;
      },
      (error: unknown) => {
        setProblem(Problem.from(error));
        return null;
      },
    );
  };
  useEffect(() => {
    void load();
  }, []);
  const mayWrite = covers(caller().grants, "catalog:write", "catalog");
  return (
    <>
      <div class="title">
        <Heading title="Catalog">Catalog</Heading>
        {read && mayWrite && !editing && (
          <button type="button" onClick={() => setEditing(true)}>
            Edit
          </button>
        )}
      </div>
      <p>Permissions, the routes that require them, and who has which role.</p>
      {problem && <ProblemNote problem={problem} />}
      {read === null && problem === null && <Loading what="the catalog" />}
      {read && !mayWrite && <p class="hint">Read-only. Editing needs catalog:write.</p>}
      {read && editing && <CatalogEditor read={read} load={load} onDone={() => setEditing(false)} />}
      {read && !editing && <CatalogView catalog={read.catalog} />}
    </>
  );
}

function CatalogView({ catalog }: { catalog: Catalog }) {
  const [search, setSearch] = useState("");
  const wanted = search.toLowerCase();
  const hit = (...texts: (string | undefined)[]) => texts.some((text) => text?.toLowerCase().includes(wanted));
  const none = (text: string) => (search ? "No matches" : text);
  const permissions = Object.entries(catalog.permissions).filter((entry) => hit(...entry));
  const roles = Object.entries(catalog.roles ?? {}).filter(([name, role]) => hit(name, role.description, ...role.permissions));
  const routes = (catalog.routes ?? []).filter((route) => hit(route.match, route.permission, route.resource));
  const groups = Object.entries(catalog.sessions?.groups ?? {}).filter((entry) => hit(...entry));
  const trust = (catalog.trust ?? []).filter((rule) => hit(rule.name, rule.issuer));
  return (
    <>
      <p class="note">
        {catalog.strict
          ? "Strict: only listed permissions can be granted, and only listed routes can be called."
          : "Not strict: a path with no route needs {first segment}:read for GET, {first segment}:write for other methods."}
      </p>
      <SearchField label="Search the catalog" value={search} onChange={setSearch} />
      <Listing
        id="permissions"
        empty={none("No permissions yet")}
        title={plural(permissions.length, "permission")}
        entries={permissions.map(([permission, description]) => ({ key: permission, name: <code>{permission}</code>, meaning: description }))}
      />
      <Listing
        id="roles"
        empty={none("No roles yet")}
        title={plural(roles.length, "role")}
        entries={roles.map(([key, role]) => ({
          key,
          meaning: (
            <>
              {role.description}
              <CodeList texts={role.permissions} />
            </>
          ),
        }))}
      />
      <Listing
        id="routes"
        empty={none(catalog.strict ? "No routes yet. No request is allowed." : "No routes yet. The rule above applies to every path.")}
        title={plural(routes.length, "route")}
        entries={routes.map(({ match, permission, resource = "the request path" }) => {
          const { method, path } = splitMatch(match);
          return {
            key: match,
            name: (
              <code>
                <b>{method}</b> {path}
              </code>
            ),
            meaning: (
              <>
                <code>{permission}</code> on <code>{resource}</code>
              </>
            ),
          };
        })}
      />
      <Listing id="groups" empty={none("No groups yet. Users who sign in have no roles.")} title={plural(groups.length, "group")} entries={groups.map(([key, role]) => ({ key, meaning: `Role: ${role}` }))} />
      {trust.length > 0 && (
        <Listing
          id="trust"
          empty=""
          title={`${plural(trust.length, "trust rule")} for CI jobs`}
          entries={trust.map(({ name, issuer, grants }) => ({
            key: name,
            meaning: (
              <>
                <code>{issuer}</code>
                <GrantList grants={grants.map(({ permissions: may, resources = ["*"] }) => ({ permissions: may, resources }))} />
              </>
            ),
          }))}
        />
      )}
    </>
  );
}

interface ListingProps {
  id: string;
  title: string;
  /** Shown instead of no entries. */
  empty: string;
  /** An entry without a name shows its key. */
  entries: { key: string; name?: ComponentChildren; meaning: ComponentChildren }[];
}

function Listing({ id, title, empty, entries }: ListingProps) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {entries.length === 0 && <p class="hint">{empty}</p>}
      <dl class="listing">
        {entries.map(({ key, name = key, meaning }) => (
          <div key={key}>
            <dt>{name}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The text to edit: the catalog without the built-in permissions. */
function textOf(catalog: Catalog): string {
  const builtIn = /^(tokens|catalog):/;
  const permissions = Object.fromEntries(Object.entries(catalog.permissions).filter(([name]) => !builtIn.test(name)));
  const { strict, roles, routes, sessions, trust } = catalog;
  return format({ strict, permissions, roles, routes, sessions, trust });
}

function CatalogEditor({ read, load, onDone }: { read: ReadCatalog; load: () => Promise<ReadCatalog | null>; onDone: () => void }) {
  const original = useMemo(() => textOf(read.catalog), [read]);
  const [text, setText] = useState(original);
  const [saving, setSaving] = useState(false);
  /** The service's errors from the last attempt to save. */
  const [saveErrors, setSaveErrors] = useState<readonly FieldError[]>([]);
  const [theirs, setTheirs] = useState<{ before: string; after: string } | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const [debounced, setDebounced] = useState(text);
  const dirty = text !== original;
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(text), 200);
    return () => clearTimeout(timer);
  }, [text]);
  // Only syntax and duplicate keys are checked here: the service gets the parsed value and validates the rest.
  const parsed = useMemo(() => parse(debounced), [debounced]);
  const isJson = parsed.errors.length === 0;
  const shownErrors = isJson
    ? saveErrors.map(({ field, message }) => ({ place: field === "*" ? "" : field, message, offset: offsetOf(parsed.offsets, field) }))
    : parsed.errors;
  const unsaved = useUnsavedChanges(dirty);

  const jumpTo = (offset: number) => {
    const field = area.current;
    if (!field) return;
    field.focus();
    field.setSelectionRange(offset, text.indexOf("\n", offset) < 0 ? text.length : text.indexOf("\n", offset));
    const lineHeight = field.scrollHeight / text.split("\n").length;
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
    if (after) setTheirs({ before: original, after: textOf(after.catalog) });
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
        <label for="catalog-text">Catalog (JSON)</label>
        <textarea
          id="catalog-text"
          ref={area}
          class="mono"
          rows={Math.min(32, Math.max(12, text.split("\n").length + 1))}
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
                {isJson && "Not saved: "}
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
        <button type="button" class="primary" disabled={!dirty || !isJson || debounced !== text} onClick={() => setSaving(true)}>
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
              <p>Applies to every token and user within a minute:</p>
              <Diff before={original.split("\n")} after={text.split("\n")} label="Changes to the catalog" />
            </>
          )}
        </ActionDialog>
      )}
      <DiscardDialog unsaved={unsaved} />
    </>
  );
}
