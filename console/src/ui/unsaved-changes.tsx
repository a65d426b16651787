// Asks before the user leaves a page with unsaved changes.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "./dialog";
import { releaseGuards, useNavigationGuard } from "./navigation-guard";

export interface UnsavedChanges {
  /** Continues with leaving; null while the user is not asked. */
  proceed: (() => void) | null;
  /** Calls `proceed`, after asking if there are unsaved changes. For actions that are no navigation. */
  discard: (proceed: () => void) => void;
  stay: () => void;
}

export function useUnsavedChanges(dirty: boolean): UnsavedChanges {
  const [proceed, setProceed] = useState<(() => void) | null>(null);
  const ask = (next: () => void) =>
    setProceed(() => () => {
      releaseGuards();
      next();
    });
  useNavigationGuard(dirty, ask);
  return { proceed, discard: (next) => (dirty ? ask(next) : next()), stay: () => setProceed(null) };
}

/** Offers to stay, `others`, and to leave unless that is `impossible`. */
export function LeaveDialog(props: {
  unsaved: UnsavedChanges;
  title: string;
  stay?: string;
  leave?: string;
  danger?: boolean;
  impossible?: boolean;
  others?: ComponentChildren;
  children: ComponentChildren;
}) {
  const { unsaved, title, stay = "Keep editing", leave = "Discard and leave", danger = false, impossible = false } = props;
  if (unsaved.proceed === null) return null;
  return (
    <Dialog title={title} onClose={unsaved.stay}>
      <p>{props.children}</p>
      <p class="actions">
        <button type="button" class="primary" onClick={unsaved.stay}>
          {stay}
        </button>
        {props.others}
        {!impossible && (
          <button type="button" {...(danger ? { class: "danger" } : {})} onClick={unsaved.proceed}>
            {leave}
          </button>
        )}
      </p>
    </Dialog>
  );
}

/** The question of an edit form, for leaving the page as well as for Cancel and Escape. */
export function DiscardDialog({ unsaved, saving = false }: { unsaved: UnsavedChanges; saving?: boolean }) {
  if (saving) {
    return (
      <LeaveDialog unsaved={unsaved} title="Saving your changes" stay="Stay" impossible>
        Wait until your changes are saved.
      </LeaveDialog>
    );
  }
  return (
    <LeaveDialog unsaved={unsaved} title="Discard your changes?" leave="Discard changes">
      You have unsaved changes.
    </LeaveDialog>
  );
}
