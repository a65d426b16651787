// The resources of a grant, with suggestions.
import { useId, useRef } from "preact/hooks";
import type { EntryError } from "../api/problem";
import { useKnownResources } from "../data/known-resources";
import { lines } from "../domain/lines";
import { meantResource, suggestedResources } from "../domain/resources";
import { Choice } from "./choice";
import { Field, FieldGroup } from "./field";

export interface ResourcesDraft {
  allResources: boolean;
  /** One resource per line. */
  resources: string;
}

interface Props {
  draft: ResourcesDraft;
  onChange: (part: ResourcesDraft) => void;
  errors: readonly EntryError[];
}

export function ResourcesField({ draft, onChange, errors }: Props) {
  const name = useId();
  const choice = (label: string, allResources: boolean) => (
    <Choice name={name} label={label} checked={draft.allResources === allResources} onChange={() => onChange({ allResources, resources: draft.resources })} />
  );
  return (
    <FieldGroup label="Resources" errors={draft.allResources ? errors : []}>
      <div class="choices">
        {choice("Selected resources", false)}
        {choice("All resources", true)}
      </div>
      {!draft.allResources && <SelectedResources text={draft.resources} onChange={(resources) => onChange({ allResources: false, resources })} errors={errors} />}
    </FieldGroup>
  );
}

function SelectedResources({ text, onChange, errors }: { text: string; onChange: (text: string) => void; errors: readonly EntryError[] }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const known = useKnownResources();
  const entered = lines(text);
  const last = text.slice(Math.max(text.lastIndexOf("\n"), text.lastIndexOf(",")) + 1).trim();
  const suggestions = suggestedResources(known, entered, last);
  const isNew = last !== "" && !known.includes(last) && suggestions.some((resource) => resource.toLowerCase().includes(last.toLowerCase()));
  const change = (resources: readonly string[]) => {
    onChange(resources.join("\n"));
    area.current?.focus();
  };
  return (
    <>
      <Field
        label="Resources (one per line)"
        hint={
          <>
            <code>apps/billing</code> includes everything under it. <code>apps/*</code> is every app.
          </>
        }
        errors={errors}
      >
        {(ids) => <textarea {...ids} ref={area} rows={2} class="mono" spellcheck={false} autocomplete="off" value={text} onInput={(event) => onChange(event.currentTarget.value)} />}
      </Field>
      {entered.map((resource) => {
        const meant = meantResource(known, resource);
        if (meant === null) return null;
        return (
          <p class="hint" key={resource}>
            No token or route names <code>{resource}</code>. Did you mean{" "}
            <button type="button" class="plain link mono" onClick={() => change(entered.map((each) => (each === resource ? meant : each)))}>
              {meant}
            </button>
            ?
          </p>
        );
      })}
      {suggestions.length > 0 && (
        <div class="suggestions" role="group" aria-label="Suggested resources">
          {suggestions.map((resource) => (
            // What was typed of the resource is replaced by all of it.
            <button type="button" class="toggle mono" key={resource} onClick={() => change([...(isNew ? entered.slice(0, -1) : entered), resource])}>
              + {resource}
            </button>
          ))}
        </div>
      )}
    </>
  );
}
