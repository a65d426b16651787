// A modal dialog. It is a native `dialog`, so the browser traps the focus and closes it on Escape.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { useNavigationGuard } from "./navigation-guard";

/** While the dialog is `locked`, neither the user nor a navigation closes it. */
export function Dialog({ title, onClose, locked = false, children }: { title: string; onClose: () => void; locked?: boolean; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useNavigationGuard(locked, () => {});
  // The focus returns at once, so that the next key does not reach the page's body.
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const shown = dialog.current;
    return () => {
      shown?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  // After the key that opens it: the browser would close an open dialog with that Escape.
  useEffect(() => dialog.current?.showModal(), []);
  const close = (event: Event) => {
    event.preventDefault();
    if (!locked) onClose();
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={close}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // Chromium does not let `cancel` prevent the second of two closings, and forms below must not see the key.
        event.stopPropagation();
        close(event);
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
