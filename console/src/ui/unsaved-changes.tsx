// The way out of a page that would lose something: it is held, and asked about.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { setGuard } from "../router";
import { Dialog } from "./dialog";

export interface WayOut {
  /** What goes on, once the answer is to leave; null while nobody wants to. */
  goOn: (() => void) | null;
  /** Asks before something that is no link, as a link would. */
  ask: (goOn: () => void) => void;
  stay: () => void;
}

export function useWayOut(held: boolean): WayOut {
  const [goOn, setGoOn] = useState<(() => void) | null>(null);
  // The guard is lifted by the answer itself: after the next paint is too late for a navigation in between.
  const ask = (next: () => void) =>
    setGoOn(() => () => {
      setGuard(null);
      next();
    });
  // Before the paint, so that no navigation slips between what is typed and the guard.
  useLayoutEffect(() => {
    setGuard(held ? ask : null);
    return () => setGuard(null);
  }, [held]);
  return { goOn, ask, stay: () => setGoOn(null) };
}

/** Stay, or what `others` has besides; and to leave, where that is not `impossible`. */
export function LeaveDialog(props: {
  way: WayOut;
  title: string;
  leave?: string;
  danger?: boolean;
  impossible?: boolean;
  others?: ComponentChildren;
  children: ComponentChildren;
}) {
  const { way, title, leave = "Leave", danger = false, impossible = false } = props;
  if (way.goOn === null) return null;
  return (
    <Dialog title={title} onClose={way.stay}>
      <p>{props.children}</p>
      <p class="actions">
        <button type="button" class="primary" onClick={way.stay}>
          Stay here
        </button>
        {props.others}
        {!impossible && (
          <button type="button" {...(danger ? { class: "danger" } : {})} onClick={way.goOn}>
            {leave}
          </button>
        )}
      </p>
    </Dialog>
  );
}
