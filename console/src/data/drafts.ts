// Unsaved entries of forms, which outlive a session that expires. They are in session storage, because signing in leaves
// the page; from the expiration until the next sign-in, never during a session. Tokens in them are cut to their IDs.
import { isRecord } from "../api/problem";
import { keepDraftsWith, onSignOut, session } from "../auth/session";
import { withoutSecrets } from "../domain/redaction";

const STORED = "portcullis.drafts";

/** The drafts of the forms that are open and changed, by name. */
const open = new Map<string, unknown>();
/** Drafts of an expired session that no form has taken yet. */
let restored = new Map<string, unknown>();

/** Registers the draft of an open form. Returns a function that removes it. */
export function registerDraft(name: string, draft: unknown): () => void {
  open.set(name, draft);
  return () => {
    open.delete(name);
  };
}

/** Whether the last session expired with a draft of this name. */
export const hasDraft = (name: string): boolean => restored.has(name);

/** The draft of this name that the last session left, only once. */
export function takeDraft(name: string): unknown {
  const draft = restored.get(name);
  restored.delete(name);
  return draft;
}

keepDraftsWith((owner) => {
  if (open.size === 0) return null;
  const kept = { owner, drafts: Object.fromEntries(open) };
  try {
    sessionStorage.setItem(STORED, JSON.stringify(kept, (_, value: unknown) => (typeof value === "string" ? withoutSecrets(value) : value)));
    return "kept";
  } catch {
    return "lost";
  }
});

onSignOut((byUser) => {
  open.clear();
  restored.clear();
  if (byUser) sessionStorage.removeItem(STORED);
});

session.subscribe(() => {
  const now = session.get();
  const stored = now.state === "in" ? sessionStorage.getItem(STORED) : null;
  if (now.state !== "in" || stored === null) return;
  sessionStorage.removeItem(STORED);
  restored = draftsOf(now.me.owner, stored);
});

/** The stored drafts, if they are this owner's. */
function draftsOf(owner: string, stored: string): Map<string, unknown> {
  let kept: unknown = null;
  try {
    kept = JSON.parse(stored);
  } catch {}
  if (!isRecord(kept) || kept["owner"] !== owner || !isRecord(kept["drafts"])) return new Map();
  return new Map(Object.entries(kept["drafts"]));
}
