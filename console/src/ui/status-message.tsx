// The message that confirms an action.
import { useEffect } from "preact/hooks";
import { onSignOut } from "../auth/session";
import { createStore, useStore } from "../store";

const message = createStore<string>("");
onSignOut(() => message.set(""));

/** Shows a message for 8 seconds, also across a change of page. */
export function showMessage(text: string): void {
  message.set("");
  message.set(text);
}

export function StatusMessage() {
  const text = useStore(message);
  useEffect(() => {
    const timer = setTimeout(() => message.set(""), 8000);
    return () => clearTimeout(timer);
  }, [text]);
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
