// Guards of components that must not be left. The last one that was added decides.
import { useLayoutEffect } from "preact/hooks";
import { setGuard } from "../router";

type Guard = NonNullable<Parameters<typeof setGuard>[0]>;

let guards: Guard[] = [];

function update(next: Guard[]): void {
  guards = next;
  setGuard(guards.at(-1) ?? null);
}

/** A layout effect, so that no navigation comes between a render and its guard. */
export function useNavigationGuard(active: boolean, guard: Guard): void {
  useLayoutEffect(() => {
    if (!active) return undefined;
    update([...guards, guard]);
    return () => update(guards.filter((other) => other !== guard));
  }, [active]);
}

/** Lets the console itself leave: an effect would be too late for a navigation in the same task. */
export function releaseGuards(): void {
  update([]);
}
