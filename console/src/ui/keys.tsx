// The keyboard's shortcuts, and the list of them.
import { Dialog } from "./dialog";

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
  const target = event.target;
  return target instanceof HTMLElement && (target.closest("input, textarea, select, dialog, [contenteditable]") !== null || document.querySelector("dialog[open]") !== null);
}

export function KeysDialog({ onClose }: { onClose: () => void }) {
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
      <p class="actions">
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      </p>
    </Dialog>
  );
}
