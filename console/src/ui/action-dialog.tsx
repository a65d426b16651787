// A dialog with one action. It cannot be closed while the action runs. If the action fails, it stays open and shows
// the error.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/problem";
import { Dialog } from "./dialog";
import { Form, SubmitButton } from "./form";
import { ProblemNote } from "./problem-note";
import { useAction } from "./use-action";

export function ActionDialog(props: {
  title: string;
  /** Label of the submit button. */
  label: string;
  /** Its label while the action runs. */
  pending: string;
  danger?: boolean;
  /** Whether the submit button has the focus, so that Enter confirms. */
  focus?: boolean;
  /** Whether there is nothing left to do. */
  over?: boolean;
  fields?: readonly string[];
  onClose: () => void;
  act: () => Promise<void>;
  /** Reloads what has changed, so that the user can retry. */
  onFailed?: (problem: Problem) => Promise<unknown>;
  children: (problem: Problem | null) => ComponentChildren;
}) {
  const action = useAction(props.act, props.onFailed);
  const { busy, problem } = action;
  const close = useRef<HTMLButtonElement>(null);
  // The submit button, which may have the focus, disappears.
  useEffect(() => {
    if (props.over && !busy) close.current?.focus();
  }, [props.over, busy]);
  return (
    <Dialog title={props.title} onClose={props.onClose} locked={busy}>
      <Form action={action}>
        {props.children(problem)}
        {problem && <ProblemNote problem={problem} fields={props.fields ?? []} />}
        <p class="actions">
          <button ref={close} type="button" disabled={busy} onClick={props.onClose}>
            {props.over ? "Close" : "Cancel"}
          </button>
          {!props.over && <SubmitButton action={action} label={props.label} pending={props.pending} class={props.danger ? "danger" : "primary"} focus={props.focus ?? false} />}
        </p>
        <p class="hint" role="status">
          {busy && "In progress. This dialog closes when it’s done."}
        </p>
      </Form>
    </Dialog>
  );
}
