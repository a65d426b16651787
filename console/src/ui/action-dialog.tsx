// A dialog with one action. If the action fails, the dialog stays open and shows the error.
import type { ComponentChildren } from "preact";
import type { Problem } from "../api/problem";
import { ProblemNote } from "./problem-note";
import { Dialog } from "./dialog";
import { useAction } from "./use-action";

export function ActionDialog(props: {
  title: string;
  /** Label of the submit button. */
  action: string;
  danger?: boolean;
  fields?: readonly string[];
  onClose: () => void;
  act: () => Promise<void>;
  /** Reloads what has changed, so that the user can retry. */
  onFailed?: (problem: Problem) => Promise<unknown>;
  children: (problem: Problem | null) => ComponentChildren;
}) {
  const { busy, problem, submit } = useAction(props.act, props.onFailed);
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={submit}>
        {props.children(problem)}
        {problem && (
          <ProblemNote problem={problem} fields={props.fields ?? []}>
            {problem.status === 412 && <p>This token just changed. Check it, then try again.</p>}
          </ProblemNote>
        )}
        <p class="actions">
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" class={props.danger ? "danger" : "primary"} disabled={busy}>
            {props.action}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
