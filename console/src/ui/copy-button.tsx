// A button that copies text to the clipboard.
import { useEffect, useState } from "preact/hooks";

export function CopyButton({ text, label, onCopied, primary = false }: { text: string; label: string; onCopied?: () => void; primary?: boolean }) {
  const [state, setState] = useState<"ready" | "copied" | "failed">("ready");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
      onCopied?.();
    } catch {
      setState("failed");
    }
  }
  useEffect(() => {
    if (state !== "copied") return undefined;
    const timer = setTimeout(() => setState("ready"), 4000);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <>
      <button type="button" class={primary ? "primary" : ""} onClick={copy} aria-label={label}>
        {state === "copied" ? "Copied" : "Copy"}
      </button>
      <span class="unseen" role="status">
        {state === "copied" ? "Copied" : ""}
      </span>
      {state === "failed" && <span class="hint">Your browser blocked copying. Select the text and copy it manually.</span>}
    </>
  );
}
