// The keyboard's shortcuts, and the list of them.
import { createStore, useStore } from "../store";
import { Choice } from "./choice";
import { Dialog } from "./dialog";

/** Whether a letter alone does something. Who speaks to their computer has to be able to stop that (WCAG 2.2, 2.1.4). */
const letters = createStore(true);

const KEYS: [string[], string][] = [
  [["/"], "Search the tokens"],
  [["n"], "New token"],
  [["g"], "The tokens"],
  [["c"], "The catalog"],
  [["j", "↓"], "Next token of the list"],
  [["k", "↑"], "Token before"],
  [["Enter"], "Open it"],
  [["Esc"], "Close a dialog, or leave the search"],
  [["?"], "This"],
];

/** Whether a key belongs to a field, a dialog or the browser, and not to a shortcut. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  if (event.key.length === 1 && !letters.get()) return true;
  const target = event.target;
  return target instanceof HTMLElement && (target.closest("input, textarea, select, dialog, [contenteditable]") !== null || document.querySelector("dialog[open]") !== null);
}

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const on = useStore(letters);
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, does]) => (
          <div key={does}>
            <dt>
              {keys.map((key, index) => (
                <>
                  {index > 0 && " or "}
                  <kbd>{key}</kbd>
                </>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <Choice label="Letters and signs alone are keys, until this tab is loaded anew" checked={on} onChange={letters.set} />
      <p class="actions">
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      </p>
    </Dialog>
  );
}
