// The inbox of requests for approval, and those that were decided.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Approval, Catalog } from "../api/types";
import { caller } from "../auth/session";
import { applyApproval, inbox, INBOX_INTERVAL, loadInbox, readApproval, setInboxShown } from "../data/approvals";
import { useCatalog } from "../data/catalog";
import { APPROVAL_STATUSES, inOrder, ruleOf, statusOf, whyNotDecide } from "../domain/approvals";
import { plural } from "../domain/labels";
import { route, setQuery } from "../router";
import { useStore } from "../store";
import { Options } from "../ui/choice";
import { Heading } from "../ui/heading";
import { isTyping } from "../ui/keyboard-shortcuts";
import { LoadMore } from "../ui/load-more";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { useNow } from "../ui/time";
import { useApprovals } from "../ui/use-approvals";
import { useRefresh } from "../ui/use-refresh";
import { ApprovalList, elementOf } from "./approval-list";

const { pending: _pending, ...DECIDED } = APPROVAL_STATUSES;

/** The request `named` is that of a link. */
export function ApprovalsPage({ named }: { named: string | null }) {
  const { requests, isPartial, loadedAt, problem } = useStore(inbox);
  const [linkProblem, setLinkProblem] = useState<Problem | null>(null);
  const now = useNow();
  const catalog = useCatalog();
  /** Counts what makes the decided requests differ. */
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    setInboxShown(true);
    // The link in the navigation may just have loaded it.
    void loadInbox(2000);
    return () => setInboxShown(false);
  }, []);
  /** The request to focus as soon as it is rendered. */
  const toFocus = useRef<string | null>(null);
  useEffect(() => {
    setLinkProblem(null);
    if (named === null) return;
    readApproval(named).then(
      (approval) => {
        applyApproval(approval);
        toFocus.current = named;
      },
      (error: unknown) => setLinkProblem(Problem.from(error)),
    );
  }, [named]);
  useLayoutEffect(() => {
    const request = toFocus.current === null ? null : elementOf(toFocus.current);
    request?.focus();
    if (request) toFocus.current = null;
  });
  const refresh = useCallback(() => {
    void loadInbox();
    setChanges((count) => count + 1);
  }, []);
  useRefresh(refresh, INBOX_INTERVAL);
  const mayDecide = (approval: Approval) => whyNotDecide(caller(), approval, ruleOf(catalog, approval.permission)) === null;
  const ordered = useMemo(() => inOrder(requests, mayDecide), [requests, catalog]);
  useRequestKeys();
  const changed = (approval: Approval) => {
    applyApproval(approval);
    setChanges((count) => count + 1);
    void loadInbox(0);
  };
  const pending = requests.filter(({ status }) => status === "pending").length;
  return (
    <>
      <Heading title="Approvals">Approvals</Heading>
      <p class="hint">Tokens request an approval before they use a permission that needs one.</p>
      {linkProblem && <ProblemNote problem={linkProblem} />}
      {problem && (
        <ProblemNote problem={problem}>
          {problem.status !== 403 && (
            <p>
              <button type="button" onClick={() => loadInbox(0)}>
                Try again
              </button>
            </p>
          )}
        </ProblemNote>
      )}
      {loadedAt === null && problem === null && <Loading what="the requests" />}
      {loadedAt !== null && (
        <>
          <h2>Requests</h2>
          <p class="count quiet" role="status">
            {plural(pending, "pending request")}
            {isPartial && " and more"}
          </p>
          {requests.length === 0 ? <Empty /> : <ApprovalList approvals={ordered} catalog={catalog} now={now} label="Requests" onChanged={changed} />}
          <Decided catalog={catalog} now={now} changes={changes} shownAbove={requests} onChanged={changed} />
        </>
      )}
    </>
  );
}

function Empty() {
  return (
    <div class="empty">
      <p>No requests to decide. You see the requests of your tokens, and those on resources on which you have approvals:read or approvals:decide.</p>
      <p>
        The <a href="#/catalog">catalog</a> says which permissions need approval.
      </p>
    </div>
  );
}

interface DecidedProps {
  catalog: Catalog | null;
  now: number;
  changes: number;
  /** Those that the inbox shows. */
  shownAbove: readonly Approval[];
  onChanged: (approval: Approval) => void;
}

function Decided({ catalog, now, changes, shownAbove, onChanged }: DecidedProps) {
  const { query } = useStore(route);
  const status = statusOf(query);
  const { approvals, problem, busy, more } = useApprovals(status === null ? { decided: true } : { status }, changes);
  const above = new Set(shownAbove.map(({ id }) => id));
  const shown = approvals?.filter(({ id }) => !above.has(id));
  return (
    <section aria-labelledby="decided">
      <div class="title">
        <h2 id="decided">Earlier requests</h2>
        <label>
          Status{" "}
          <select value={status ?? ""} onChange={(event) => setQuery(event.currentTarget.value && `status=${event.currentTarget.value}`)}>
            <option value="">All</option>
            <Options of={Object.entries(DECIDED)} />
          </select>
        </label>
      </div>
      {problem && <ProblemNote problem={problem} />}
      {shown === undefined && problem === null && <Loading what="earlier requests" />}
      {shown?.length === 0 && more === null && <p class="hint">{status === null ? "None yet" : "No matches"}</p>}
      {shown !== undefined && shown.length > 0 && <ApprovalList approvals={shown} catalog={catalog} now={now} label="Earlier requests" onChanged={onChanged} />}
      {more && <LoadMore busy={busy} more={more} />}
    </section>
  );
}

/** `j` and `k` move the focus from request to request. From a focused request, the arrow keys do so too. */
function useRequestKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      const step = event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
      const all = [...document.querySelectorAll<HTMLElement>("[data-approval]")];
      const focused = document.activeElement?.closest<HTMLElement>("[data-approval]");
      if (step === 0 || (!focused && event.key.startsWith("Arrow"))) return;
      event.preventDefault();
      all[focused ? all.indexOf(focused) + step : 0]?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
