// The requests that grants allow: catalog routes, other paths (unless the catalog is strict), and
// warnings.
import type { Catalog, Grant } from "../api/types";
import { permissionsWithApproval } from "../domain/approvals";
import { callableByDefault, callableRoutes, suggestedResource, warnings } from "../domain/callable-routes";
import { plural } from "../domain/labels";

const MAX_SHOWN = 12;

export function CallableRoutes({ catalog, grants }: { catalog: Catalog | null; grants: readonly Grant[] }) {
  const complete = grants.filter((grant) => grant.permissions.length > 0 && grant.resources.length > 0);
  if (complete.length === 0) return <p class="hint">Choose permissions and resources to see what this token can call.</p>;
  const routes = catalog === null ? [] : callableRoutes(catalog, complete);
  const approved = permissionsWithApproval(catalog, complete);
  const other = catalog?.strict ? [] : [...new Set(callableByDefault(complete))];
  const meant = suggestedResource(complete);
  return (
    <>
      {warnings(complete).map((warning) => (
        <p class="note warn" key={warning}>
          {warning}
        </p>
      ))}
      {routes.length > 0 && (
        <>
          <p>{plural(routes.length, "catalog route")}:</p>
          <Lines all={routes.map(({ method, path }) => ({ strong: method, text: path }))} />
        </>
      )}
      {routes.length === 0 && (catalog?.routes?.length ?? 0) > 0 && <p>No catalog routes</p>}
      {other.length > 0 && (
        <>
          <p>{(catalog?.routes?.length ?? 0) > 0 ? "Other paths:" : "Requests:"}</p>
          <Lines
            all={other.map((line) => {
              const space = line.indexOf(" /");
              return { strong: line.slice(0, space), text: line.slice(space + 1) };
            })}
          />
        </>
      )}
      {approved.length > 0 && <p class="hint">Only with an approval: {approved.join(", ")}</p>}
      {routes.length + other.length === 0 && <p class="note warn">These permissions don’t match these resources, so this token can’t call anything.{meant !== null && ` Did you mean ${meant}?`}</p>}
    </>
  );
}

function Lines({ all }: { all: { strong: string; text: string }[] }) {
  const item = ({ strong, text }: { strong: string; text: string }) => (
    <li key={strong + text}>
      <code>
        <b>{strong}</b> {text}
      </code>
    </li>
  );
  return (
    <>
      <ul class="routes">{all.slice(0, MAX_SHOWN).map(item)}</ul>
      {all.length > MAX_SHOWN && (
        <details>
          <summary>{all.length - MAX_SHOWN} more</summary>
          <ul class="routes">{all.slice(MAX_SHOWN).map(item)}</ul>
        </details>
      )}
    </>
  );
}
