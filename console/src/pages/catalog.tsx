// The catalog page.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Catalog } from "../api/types";
import { caller } from "../auth/session";
import { forgetCatalog, readCatalog, type ReadCatalog } from "../data/catalog";
import { hasDraft } from "../data/drafts";
import { permissionEntry, ruleText } from "../domain/approvals";
import { covers } from "../domain/grants";
import { splitMatch } from "../domain/callable-routes";
import { plural } from "../domain/labels";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { SearchField } from "../ui/search-field";
import { CodeList, GrantList } from "../ui/grants";
import { CATALOG_DRAFT, CatalogEditor } from "./catalog-editor";
import { CatalogVersions } from "./catalog-versions";

export function CatalogPage() {
  const [read, setRead] = useState<ReadCatalog | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const mayWrite = covers(caller().grants, "catalog:write", "catalog");
  const [editing, setEditing] = useState(() => mayWrite && hasDraft(CATALOG_DRAFT));
  const [restore, setRestore] = useState<string | null>(null);
  const edit = (text: string | null) => {
    setRestore(text);
    setEditing(true);
  };
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
  return (
    <>
      <div class="title">
        <Heading title="Catalog">Catalog</Heading>
        {read && mayWrite && !editing && (
          <button type="button" onClick={() => edit(null)}>
            Edit
          </button>
        )}
      </div>
      <p>Permissions, the routes that require them, and who has which role.</p>
      {problem && <ProblemNote problem={problem} />}
      {read === null && problem === null && <Loading what="the catalog" />}
      {read && !mayWrite && <p class="hint">Read-only. Editing needs catalog:write.</p>}
      {read && editing && <CatalogEditor read={read} restore={restore} load={load} onDone={() => setEditing(false)} />}
      {read && !editing && <CatalogVersions read={read} onRestore={mayWrite ? edit : null} />}
      {read && !editing && <CatalogView catalog={read.catalog} />}
    </>
  );
}

function CatalogView({ catalog }: { catalog: Catalog }) {
  const [search, setSearch] = useState("");
  const wanted = search.toLowerCase();
  const hit = (...texts: (string | undefined)[]) => texts.some((text) => text?.toLowerCase().includes(wanted));
  const none = (text: string) => (search ? "No matches" : text);
  const permissions = Object.entries(catalog.permissions)
    .map(([permission, entry]) => {
      const { description, approval } = permissionEntry(entry);
      return { permission, description, terms: approval === null ? "" : ruleText(approval) };
    })
    .filter((entry) => hit(...Object.values(entry)));
  const roles = Object.entries(catalog.roles ?? {}).filter(([name, role]) => hit(name, role.description, ...role.permissions));
  const routes = (catalog.routes ?? []).filter((route) => hit(route.match, route.permission, route.resource));
  const groups = Object.entries(catalog.sessions?.groups ?? {}).filter((entry) => hit(...entry));
  const trust = (catalog.trust ?? []).filter((rule) => hit(rule.name, rule.issuer));
  return (
    <>
      <p class="note">
        {catalog.strict
          ? "Strict: only listed permissions can be granted, and only listed routes can be called."
          : "Not strict: a path with no route needs {first segment}:read for GET, HEAD and OPTIONS, and {first segment}:write for other methods."}
      </p>
      <SearchField label="Search the catalog" value={search} onChange={setSearch} />
      <Listing
        id="permissions"
        empty={none("No permissions yet")}
        title={plural(permissions.length, "permission")}
        entries={permissions.map(({ permission, description, terms }) => ({
          key: permission,
          name: <code>{permission}</code>,
          meaning: (
            <>
              {description}
              {terms && <p class="hint">{terms}</p>}
            </>
          ),
        }))}
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
