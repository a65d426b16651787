// Templates for a new token, and the exchange of ID tokens that CI jobs can use instead.
import type { Catalog } from "../api/types";
import { TEMPLATES, type Template } from "../domain/templates";
import { GrantList } from "../ui/grants";

export function TemplateChoice({ selected, onChoose }: { selected: Template | null; onChoose: (key: string) => void }) {
  return (
    <div class="templates" role="group" aria-label="Templates">
      <span class="quiet">Start from</span>
      {Object.entries(TEMPLATES).map(([key, template]) => (
        <button type="button" class="toggle" key={key} aria-pressed={selected === template} onClick={() => onChoose(key)}>
          {template.label}
        </button>
      ))}
    </div>
  );
}

/** Offers the exchange first: it needs no stored secret. */
export function KeylessNote({ label, issuer, catalog }: { label: string; issuer: string; catalog: Catalog | null }) {
  const rules = (catalog?.trust ?? []).filter((rule) => rule.issuer === issuer);
  return (
    <section class="note good" aria-labelledby="keyless">
      <h2 id="keyless">{label} can do without a secret</h2>
      <p>
        A job can exchange its own ID token for an API token of a few minutes, with <code>portcullis exchange</code>. There is no secret to store, rotate or leak.
      </p>
      {rules.length > 0 ? (
        <ul class="grants" aria-label="Trust rules">
          {rules.map(({ name, grants }) => (
            <li key={name}>
              <strong>{name}</strong>: <GrantList grants={grants.map(({ permissions, resources = ["*"] }) => ({ permissions, resources }))} />
            </li>
          ))}
        </ul>
      ) : (
        <p>
          {catalog === null ? "Ask an administrator for a trust rule." : "The catalog has no trust rule for it yet."} {catalog !== null && <a href="#/catalog">Open the catalog</a>}
        </p>
      )}
      <p>Otherwise, create a token with a stored secret below.</p>
    </section>
  );
}
