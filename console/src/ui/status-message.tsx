// The message that says what was just done.
import { useEffect } from "preact/hooks";
import { onSignOut } from "../auth/session";
import { createStore, useStore } from "../store";

const said = createStore<string>("");
onSignOut(() => said.set(""));

/** Shows a message, on whatever page is open then. */
export function say(text: string): void {
  said.set("");
  said.set(text);
}

export function StatusMessage() {
  const text = useStore(said);
  useEffect(() => {
    const timer = setTimeout(() => said.set(""), 8000);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="said" role="status">
      {text && (
        <p>
          {text} <button type="button" class="plain" aria-label="Dismiss" onClick={() => said.set("")}>✕</button>
        </p>
      )}
    </div>
  );
}
