// The message that confirms an action. It has its own row above the page, so it covers nothing.
import { onSignOut } from "../auth/session";
import { route } from "../router";
import { createStore, useStore } from "../store";

const message = createStore<string>("");
onSignOut(() => message.set(""));
route.subscribe(() => message.set(""));

/** Shows a message until it is dismissed, another follows, or the page changes. */
export function showMessage(text: string): void {
  message.set("");
  message.set(text);
}

export function StatusMessage() {
  const text = useStore(message);
  return (
    <div class="status-message" role="status">
      {text && (
        <p>
          {text} <button type="button" class="plain" aria-label="Dismiss" onClick={() => message.set("")}>✕</button>
        </p>
      )}
    </div>
  );
}
