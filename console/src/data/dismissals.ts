// Dismissed concerns. They are in local storage, because reloading the page must not bring them back.
import { DISMISSAL_DAYS, type Dismissals } from "../domain/concerns";
import { DAY } from "../domain/time";
import { createStore } from "../store";

const STORED = "portcullis-dismissals";

export const dismissals = createStore<Dismissals>(read());

export function dismiss(key: string): void {
  // Read again: another tab may have dismissed others.
  write(new Map([...read(), [key, Date.now()]]));
}

export function restoreDismissed(): void {
  write(new Map());
}

/** The stored dismissals that have not expired. */
function read(): Dismissals {
  let stored: unknown = null;
  try {
    stored = JSON.parse(localStorage.getItem(STORED) ?? "{}");
  } catch {}
  const now = Date.now();
  const isCurrent = ([, at]: [string, unknown]) => typeof at === "number" && at <= now && now - at < DISMISSAL_DAYS * DAY;
  return new Map(Object.entries(stored ?? {}).filter(isCurrent));
}

function write(next: Dismissals): void {
  dismissals.set(next);
  try {
    if (next.size === 0) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, JSON.stringify(Object.fromEntries(next)));
  } catch {
    // Without storage, the dismissals last until the page is reloaded.
  }
}
