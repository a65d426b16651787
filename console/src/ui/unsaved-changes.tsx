// Asks before the user leaves a page with unsaved changes.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { setGuard } from "../router";
import { Dialog } from "./dialog";

export interface UnsavedChanges {
  /** Continues with leaving; null while the user is not asked. */
  proceed: (() => void) | null;
  /** Asks before an action that is not a navigation. */
  ask: (proceed: () => void) => void;
  stay: () => void;
}

export function useUnsavedChanges(dirty: boolean): UnsavedChanges {
  const [proceed, setProceed] = useState<(() => void) | null>(null);
  // The guard is removed before `proceed` runs: an effect would be too late for a navigation in between.
  const ask = (next: () => void) =>
    setProceed(() => () => {
      setGuard(null);
      next();
    });
  // A layout effect, so that no navigation comes between the input and the guard.
  useLayoutEffect(() => {
    setGuard(dirty ? ask : null);
    return () => setGuard(null);
  }, [dirty]);
  return { proceed, ask, stay: () => setProceed(null) };
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
