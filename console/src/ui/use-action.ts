// The submit action of a form or dialog: one call at a time, and its error.
import { useState } from "preact/hooks";
import { Problem } from "../api/problem";

export interface Action {
  busy: boolean;
  problem: Problem | null;
  setProblem: (problem: Problem | null) => void;
  submit: (event: Event) => void;
}

/**
 * `onFailed` runs before the problem is shown. The action stays busy after a success, because its form closes, unless
 * `act` returns "again".
 */
export function useAction(act: () => Promise<void | "again">, onFailed?: (problem: Problem) => Promise<unknown>): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  async function run() {
    setBusy(true);
    setProblem(null);
    try {
      if ((await act()) === "again") setBusy(false);
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
