// What grants open: the routes of the catalog, the convention where it is not strict, and what
// is worth a second thought.
import type { Catalog, Grant } from "../api/types";
import { cautions, reachedByConvention, reachedRoutes } from "../domain/callable-routes";
import { plural } from "../domain/labels";

const SHOWN = 12;

export function Reach({ catalog, grants }: { catalog: Catalog | null; grants: readonly Grant[] }) {
  const whole = grants.filter((grant) => grant.permissions.length > 0 && grant.resources.length > 0);
  if (whole.length === 0) return <p class="hint">Nothing yet: choose permissions and resources.</p>;
  const routes = catalog === null ? [] : reachedRoutes(catalog, whole);
  const convention = catalog?.strict ? [] : [...new Set(reachedByConvention(whole))];
  return (
    <>
      {cautions(whole).map((caution) => (
        <p class="note warn" key={caution}>
          {caution}
        </p>
      ))}
      {routes.length > 0 && (
        <>
          <p>{plural(routes.length, "route")} of the catalog:</p>
          <Lines all={routes.map(({ method, path }) => ({ strong: method, text: path }))} />
        </>
      )}
      {routes.length === 0 && (catalog?.routes?.length ?? 0) > 0 && <p>None of the catalog’s routes.</p>}
      {convention.length > 0 && (
        <>
          <p>{catalog === null ? "Unless the catalog says otherwise:" : "Where the catalog lists no route:"}</p>
          <Lines
            all={convention.map((line) => {
              const space = line.indexOf(" /");
              return { strong: line.slice(0, space), text: line.slice(space + 1) };
            })}
          />
        </>
      )}
      {routes.length + convention.length === 0 && <p class="note warn">With this it can call nothing.</p>}
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
      <ul class="routes">{all.slice(0, SHOWN).map(item)}</ul>
      {all.length > SHOWN && (
        <details>
          <summary>{all.length - SHOWN} more</summary>
          <ul class="routes">{all.slice(SHOWN).map(item)}</ul>
        </details>
      )}
    </>
  );
}
