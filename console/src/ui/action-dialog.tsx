// A dialog with one action. If it fails, the dialog stays and shows the reason.
import type { ComponentChildren } from "preact";
import type { Problem } from "../api/problem";
import { ProblemNote } from "./problem-note";
import { Dialog } from "./dialog";
import { useAction } from "./use-action";

export function ActionDialog(props: {
  title: string;
  /** The label of the button. */
  does: string;
  danger?: boolean;
  fields?: readonly string[];
  onClose: () => void;
  act: () => Promise<void>;
  /** Reads again what was changed in the meantime, so that one can go on. */
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
            {problem.status === 412 && <p>What is known of it was read again just now. Do it once more if it is still right.</p>}
          </ProblemNote>
        )}
        <p class="actions">
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" class={props.danger ? "danger" : "primary"} disabled={busy}>
            {props.does}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
