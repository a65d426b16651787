// Forms whose entries survive a session that expires.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { registerDraft, takeDraft } from "../data/drafts";
import { showMessage } from "./status-message";

/** The draft that an expired session left; null if there is none. */
export function useRestoredDraft<T>(name: string): T | null {
  const [draft] = useState(() => takeDraft(name) as T | undefined);
  useEffect(() => {
    if (draft !== undefined) showMessage("Your unsaved changes were restored.");
  }, []);
  return draft ?? null;
}

/** Keeps this draft if the session expires while it is unsaved. */
export function useDraft(name: string, draft: unknown, dirty: boolean): void {
  useLayoutEffect(() => (dirty ? registerDraft(name, draft) : undefined));
}
