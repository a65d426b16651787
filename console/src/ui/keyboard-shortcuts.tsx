// Keyboard shortcuts and the dialog that lists them.
import { createStore, useStore } from "../store";
import { Choice } from "./choice";
import { Dialog } from "./dialog";

/** Whether single-key shortcuts are on. Users of speech input must be able to turn them off (WCAG 2.2, 2.1.4). */
const singleKeys = createStore(true);

const KEYS: [string[], string][] = [
  [["/"], "Search tokens"],
  [["n"], "New token"],
  [["g"], "Go to tokens"],
  [["p"], "Go to approvals"],
  [["a"], "Go to activity"],
  [["c"], "Go to catalog"],
  [["j", "↓"], "Next token or request"],
  [["k", "↑"], "Previous token or request"],
  [["Enter"], "Open token"],
  [["x"], "Select token"],
  [["b"], "Go to the actions for selected tokens"],
  [["a"], "Approve the focused request"],
  [["r"], "Reject the focused request"],
  [["Esc"], "Close dialog or leave search"],
  [["?"], "Show this help"],
];

/** Whether a key press is meant for a field, a dialog or the browser instead of a shortcut. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  if (event.key.length === 1 && !singleKeys.get()) return true;
  const target = event.target;
  return target instanceof HTMLElement && (target.closest("input, textarea, select, dialog, [contenteditable]") !== null || document.querySelector("dialog[open]") !== null);
}

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const on = useStore(singleKeys);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, action]) => (
          <div key={action}>
            <dt>
              {keys.map((key, index) => (
                <>
                  {index > 0 && " or "}
                  <kbd>{key}</kbd>
                </>
              ))}
            </dt>
            <dd>{action}</dd>
          </div>
        ))}
      </dl>
      <Choice label="Single-key shortcuts (turns back on when you reload)" checked={on} onChange={singleKeys.set} />
      <p class="actions">
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      </p>
    </Dialog>
  );
}
