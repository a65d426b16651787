// The impact of the edited catalog, before it is saved.
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Catalog } from "../api/types";
import { type Impact, readImpact } from "../data/catalog-impact";
import { readTokenName } from "../data/token-names";
import { plural } from "../domain/labels";

/** Tokens that are named; the others are counted. */
const MAX_NAMED = 20;

export function CatalogImpact({ catalog }: { catalog: Catalog }) {
  const [impact, setImpact] = useState<Impact | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    readImpact(catalog, leaving.signal).then(setImpact, (error: unknown) => {
      if (!leaving.signal.aborted) setProblem(Problem.from(error));
    });
    return () => leaving.abort();
  }, []);
  // Saving shows the errors of an invalid catalog at their lines.
  if (problem?.status === 400) return null;
  if (problem) return <p class="hint">Can’t tell which tokens lose or gain routes. {problem.status === 403 ? "That needs tokens:admin." : problem.remedy}</p>;
  if (!impact) {
    return (
      <p class="hint" role="status">
        Checking which tokens lose or gain routes…
      </p>
    );
  }
  const changes = impact.routes.flatMap(({ route, loses, gains }) => [
    { route, verb: "lose", ids: loses },
    { route, verb: "gain", ids: gains },
  ]);
  const shown = changes.filter(({ ids }) => ids.length > 0);
  return (
    <div class="impact" role="status">
      {shown.length === 0 && <p>No active token loses or gains a route.</p>}
      {shown.map(({ route, verb, ids }) => (
        <Tokens key={`${verb} ${route}`} route={route} verb={verb} ids={ids} />
      ))}
      {impact.skippedRoutes > 0 && <p class="hint">{plural(impact.skippedRoutes, "further route")} differ and were not checked.</p>}
    </div>
  );
}

function Tokens({ route, verb, ids }: { route: string | null; verb: string; ids: readonly string[] }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class={verb === "lose" ? "bad" : undefined}>
        {plural(ids.length, "token")} {ids.length === 1 ? `${verb}s` : verb} {route === null ? "all paths that no route lists" : <code>{route}</code>}
      </summary>
      {open && (
        <ul>
          {ids.slice(0, MAX_NAMED).map((id) => (
            <li key={id}>
              <TokenName id={id} />
            </li>
          ))}
          {ids.length > MAX_NAMED && <li>{ids.length - MAX_NAMED} more</li>}
        </ul>
      )}
    </details>
  );
}

/** Not a link: following it would discard the edited catalog. */
function TokenName({ id }: { id: string }) {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    void readTokenName(id).then(setName);
  }, [id]);
  return (
    <>
      {name} <code>{id}</code>
    </>
  );
}
