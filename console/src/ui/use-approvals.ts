// Approvals with a filter, a part at a time.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Approval } from "../api/types";
import { readApprovals, type ApprovalFilter } from "../data/approvals";
import type { Pages } from "../data/pages";

/** Approvals to add at a time. */
const STEP = 20;

interface Approvals {
  /** Null until they are loaded. */
  approvals: readonly Approval[] | null;
  problem: Problem | null;
  busy: boolean;
  /** Loads further ones; null at the end. */
  more: (() => void) | null;
}

/** They are loaded again when `version` changes, as many as there were. */
export function useApprovals(filter: ApprovalFilter, version: unknown): Approvals {
  const key = JSON.stringify(filter);
  const [page, setPage] = useState<(Pages<Approval> & { key: string }) | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const run = useRef(0);
  const current = page?.key === key ? page : null;
  async function load(before: Pages<Approval> | null, wanted: number) {
    const thisRun = ++run.current;
    setBusy(true);
    let failure: Problem | null = null;
    const read = await readApprovals(filter, before, wanted).catch((error: unknown) => void (failure = Problem.from(error)));
    if (thisRun !== run.current) return;
    if (read) setPage({ ...read, key });
    setProblem(failure);
    setBusy(false);
  }
  useEffect(() => {
    void load(null, Math.max(STEP, current?.items.length ?? 0));
    return () => void run.current++;
  }, [key, version]);
  const more = current === null || current.cursor === null ? null : () => void (busy || load(current, STEP));
  return { approvals: current?.items ?? null, problem, busy, more };
}
