// The submit action of a form or dialog: one call at a time, and its error.
import { useState } from "preact/hooks";
import { Problem } from "../api/problem";

/** `busy` stays true after a success, because the form closes. `onFailed` runs before the problem is shown. */
export function useAction(act: () => Promise<void>, onFailed?: (problem: Problem) => Promise<unknown>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  async function run() {
    setBusy(true);
    setProblem(null);
    try {
      await act();
    } catch (error) {
      const failure = Problem.from(error);
      await onFailed?.(failure);
      setProblem(failure);
      setBusy(false);
    }
  }
  const submit = (event: Event) => {
    event.preventDefault();
    if (!busy) void run();
  };
  return { busy, problem, setProblem, submit };
}
