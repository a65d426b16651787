// The catalog: read it, change it, and see what will be different before it is in force.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { answer, api } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog, FieldError } from "../api/types";
import { caller } from "../auth/session";
import { forgetCatalog, readCatalog, type ReadCatalog } from "../data/catalog";
import { covers } from "../domain/grants";
import { format, lineOf, offsetOf, parse } from "../domain/json-positions";
import { splitMatch } from "../domain/callable-routes";
import { atTime } from "../domain/time";
import { plural } from "../domain/labels";
import { setGuard } from "../router";
import { ActionDialog } from "../ui/action-dialog";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { say } from "../ui/status-message";
import { LeaveDialog, useWayOut } from "../ui/unsaved-changes";
import { Diff } from "../ui/diff";
import { Codes, GrantList } from "../ui/grants";

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
      <p>Which permissions there are, which routes need them, and who has which role.</p>
      {problem && <ProblemNote problem={problem} />}
      {read === null && problem === null && <Loading what="the catalog" />}
      {read && !mayWrite && <p class="hint">You may read it. To change it, you need “catalog:write”.</p>}
      {read && editing && <Editor read={read} load={load} onDone={() => setEditing(false)} />}
      {read && !editing && <Reading catalog={read.catalog} />}
    </>
  );
}

function Reading({ catalog }: { catalog: Catalog }) {
  const [search, setSearch] = useState("");
  const wanted = search.toLowerCase();
  const hit = (...texts: (string | undefined)[]) => texts.some((text) => text?.toLowerCase().includes(wanted));
  const permissions = Object.entries(catalog.permissions).filter((entry) => hit(...entry));
  const roles = Object.entries(catalog.roles ?? {}).filter(([name, role]) => hit(name, role.description, ...role.permissions));
  const routes = (catalog.routes ?? []).filter((route) => hit(route.match, route.permission, route.resource));
  const groups = Object.entries(catalog.sessions?.groups ?? {}).filter((entry) => hit(...entry));
  const trust = (catalog.trust ?? []).filter((rule) => hit(rule.name, rule.issuer));
  return (
    <>
      <p class="note">
        {catalog.strict
          ? "It is strict: only listed permissions can be handed out, and only listed routes can be called."
          : "It is not strict: a path without a route needs, for GET, “:read” on its first name, and “:write” for anything else."}
      </p>
      <input type="search" class="wide" aria-label="Search the catalog" placeholder="Search the catalog" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      <Listing
        id="permissions"
        title={plural(permissions.length, "permission")}
        entries={permissions.map(([permission, description]) => ({ key: permission, name: <code>{permission}</code>, meaning: description }))}
      />
      <Listing
        id="roles"
        title={plural(roles.length, "role")}
        entries={roles.map(([key, role]) => ({
          key,
          meaning: (
            <>
              {role.description}
              <Codes texts={role.permissions} />
            </>
          ),
        }))}
      />
      <Listing
        id="routes"
        title={plural(routes.length, "route")}
        entries={routes.map(({ match, permission, resource = "the path itself" }) => {
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
      <Listing id="groups" title={`${plural(groups.length, "group")} of people`} entries={groups.map(([key, role]) => ({ key, meaning: `have the role ${role}` }))} />
      {trust.length > 0 && (
        <Listing
          id="trust"
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
  /** An entry without a name shows its key. */
  entries: { key: string; name?: ComponentChildren; meaning: ComponentChildren }[];
}

function Listing({ id, title, entries }: ListingProps) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
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

/** The catalog as one edits it: without the service's own permissions, which are always there. */
function textOf(catalog: Catalog): string {
  const own = /^(tokens|catalog):/;
  const permissions = Object.fromEntries(Object.entries(catalog.permissions).filter(([name]) => !own.test(name)));
  const { strict, roles, routes, sessions, trust } = catalog;
  return format({ strict, permissions, roles, routes, sessions, trust });
}

function Editor({ read, load, onDone }: { read: ReadCatalog; load: () => Promise<ReadCatalog | null>; onDone: () => void }) {
  const original = useMemo(() => textOf(read.catalog), [read]);
  const [text, setText] = useState(original);
  const [saving, setSaving] = useState(false);
  /** The service's errors from the last attempt to save. */
  const [refused, setRefused] = useState<readonly FieldError[]>([]);
  const [theirs, setTheirs] = useState<{ before: string; after: string } | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const [settled, setSettled] = useState(text);
  const dirty = text !== original;
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 200);
    return () => clearTimeout(timer);
  }, [text]);
  // Only what the service cannot see is checked here, as it gets the parsed value: syntax, and keys given twice.
  const parsed = useMemo(() => parse(settled), [settled]);
  const isJson = parsed.flaws.length === 0;
  const flaws = isJson
    ? refused.map(({ field, message }) => ({ place: field === "*" ? "" : field, message, offset: offsetOf(parsed.offsets, field) }))
    : parsed.flaws;
  const way = useWayOut(dirty);

  const show = (offset: number) => {
    const field = area.current;
    if (!field) return;
    field.focus();
    field.setSelectionRange(offset, text.indexOf("\n", offset) < 0 ? text.length : text.indexOf("\n", offset));
    const lineHeight = field.scrollHeight / text.split("\n").length;
    field.scrollTop = (lineOf(text, offset).line - 4) * lineHeight;
  };

  async function save() {
    const { data } = await answer(api.PUT("/catalog", { params: { header: { "If-Match": read.etag } }, body: parsed.value as Catalog }));
    setGuard(null);
    void load().then(onDone);
    say(`The catalog is saved. Every request is decided by it from ${atTime(data.effective_by)} on.`);
  }
  /** Closes the dialog if the text has to change first: it was refused, or is based on an old version. */
  async function returnToText({ status, errors }: Problem) {
    const isRefused = status === 400 && errors.length > 0;
    if (!isRefused && status !== 412) return;
    const after = status === 412 ? await load() : null;
    setRefused(isRefused ? errors : []);
    if (after) setTheirs({ before: original, after: textOf(after.catalog) });
    setSaving(false);
  }

  return (
    <>
      {theirs && (
        <div class="note warn" role="alert">
          <p>Somebody changed the catalog meanwhile. Your text is still here; this is what they did. Bring it into yours, or yours undoes it.</p>
          <Diff before={theirs.before.split("\n")} after={theirs.after.split("\n")} label="What somebody else changed" />
        </div>
      )}
      <div class="editor">
        <label for="catalog-text">The catalog, as JSON</label>
        <textarea
          id="catalog-text"
          ref={area}
          class="mono"
          rows={Math.min(32, Math.max(12, text.split("\n").length + 1))}
          spellcheck={false}
          autocomplete="off"
          wrap="off"
          aria-describedby="flaws"
          aria-invalid={flaws.length > 0}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <div id="flaws" role="status">
        {flaws.length === 0 ? (
          <p class="hint">{dirty ? "The service checks it when you save." : "Nothing is changed yet."}</p>
        ) : (
          <>
            <p>
              <strong>
                {isJson && "The service found "}
                {plural(flaws.length, "thing")} to correct:
              </strong>
            </p>
            <ul class="errors">
              {flaws.slice(0, 50).map((flaw) => (
                <li key={`${flaw.place}${flaw.message}${flaw.offset}`}>
                  {flaw.offset !== null && (
                    <button type="button" class="plain link" onClick={() => show(flaw.offset ?? 0)}>
                      Line {lineOf(text, flaw.offset).line}
                    </button>
                  )}{" "}
                  {flaw.place && <code>{flaw.place}</code>} {flaw.message}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      <p class="actions">
        <button type="button" class="primary" disabled={!dirty || !isJson || settled !== text} onClick={() => setSaving(true)}>
          See what changes
        </button>
        <button type="button" onClick={() => (dirty ? way.ask(onDone) : onDone())}>
          Cancel
        </button>
      </p>
      {saving && (
        <ActionDialog title="Save the catalog?" does="Save" onClose={() => setSaving(false)} act={save} onFailed={returnToText}>
          {() => (
            <>
              <p>This is what changes, for every token and every person, within a minute:</p>
              <Diff before={original.split("\n")} after={text.split("\n")} label="What changes in the catalog" />
            </>
          )}
        </ActionDialog>
      )}
      <LeaveDialog way={way} title="Leave without saving?">
        Your changes to the catalog are not saved.
      </LeaveDialog>
    </>
  );
}
