// A form field.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { EntryError } from "../api/problem";
import type { FieldError } from "../api/types";
import { ErrorList } from "./error-list";

interface FieldIds {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

export function nameErrors(name: string): FieldError[] {
  return name.trim() === "" ? [{ field: "name", message: "Enter a name." }] : [];
}

/** A group of controls with a legend and its errors. */
export function FieldGroup(props: { label: string; class?: string; errors: readonly EntryError[]; optional?: boolean; children: ComponentChildren }) {
  const id = useId();
  const invalid = props.errors.length > 0;
  return (
    <fieldset class={props.class ?? "field"} aria-invalid={invalid || undefined} aria-describedby={invalid ? id : undefined}>
      <legend>
        {props.label}
        {props.optional && <span class="quiet"> (optional)</span>}
      </legend>
      {props.children}
      <div id={id}>
        <ErrorList errors={props.errors} />
      </div>
    </fieldset>
  );
}

/** A labelled control with a hint and its errors. */
export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  errors?: readonly EntryError[];
  optional?: boolean;
  children: (ids: FieldIds) => ComponentChildren;
}) {
  const id = useId();
  const errors = props.errors ?? [];
  const describedBy = [props.hint ? `${id}-hint` : "", errors.length > 0 ? `${id}-errors` : ""].filter(Boolean).join(" ");
  const ids: FieldIds = { id, "aria-describedby": describedBy || undefined, "aria-invalid": errors.length > 0 || undefined };
  return (
    <div class="field">
      <label for={id}>
        {props.label}
        {props.optional && <span class="quiet"> (optional)</span>}
      </label>
      {props.children(ids)}
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      <div id={`${id}-errors`}>
        <ErrorList errors={errors} />
      </div>
    </div>
  );
}
