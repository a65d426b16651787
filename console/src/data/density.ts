// Whether the list has compact rows. It is in local storage: a choice for every visit.
import { createStore } from "../store";

const STORED = "portcullis-compact";

export const compact = createStore<boolean>(read());

export function setCompact(on: boolean): void {
  compact.set(on);
  try {
    if (on) localStorage.setItem(STORED, "1");
    else localStorage.removeItem(STORED);
  } catch {
    // Without storage, the choice lasts until the page is reloaded.
  }
}

function read(): boolean {
  try {
    return localStorage.getItem(STORED) !== null;
  } catch {
    return false;
  }
}
