// What a form or a dialog is there for: one call, made once at a time, and why it failed.
import { useState } from "preact/hooks";
import { Problem } from "../api/problem";

/** `busy` stays after a success, which leads away from the form. `onFailed` is awaited before the problem is shown. */
export function useAction(act: () => Promise<void>, onFailed?: (problem: Problem) => Promise<unknown>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  async function run() {
    setBusy(true);
    setProblem(null);
    try {
      await act();
    } catch (error) {
      const failed = Problem.from(error);
      await onFailed?.(failed);
      setProblem(failed);
      setBusy(false);
    }
  }
  const submit = (event: Event) => {
    event.preventDefault();
    if (!busy) void run();
  };
  return { busy, problem, setProblem, submit };
}
