// The tokens that are selected in the list, by ID.
import { onSignOut } from "../auth/session";
import { createStore } from "../store";

export const selection = createStore<ReadonlySet<string>>(new Set());

onSignOut(() => selection.set(new Set()));

export function select(ids: Iterable<string>, selected: boolean): void {
  const next = new Set(selection.get());
  for (const id of ids) {
    if (selected) next.add(id);
    else next.delete(id);
  }
  selection.set(next);
}
