// The approvals of a token: pending requests, live approvals and past ones.
import { useCallback, useState } from "preact/hooks";
import type { Approval, Catalog, Token } from "../api/types";
import { INBOX_INTERVAL, loadInbox } from "../data/approvals";
import { isOpen } from "../domain/approvals";
import { LoadMore } from "../ui/load-more";
import { ProblemNote } from "../ui/problem-note";
import { useApprovals } from "../ui/use-approvals";
import { useRefresh } from "../ui/use-refresh";
import { ApprovalList } from "./approval-list";

interface Props {
  token: Token;
  catalog: Catalog | null;
  now: number;
  /** Reloads the token's history. */
  onChanged: () => void;
}

export function TokenApprovals({ token, catalog, now, onChanged }: Props) {
  /** Counts the loads. */
  const [version, setVersion] = useState(0);
  const reload = useCallback(() => setVersion((count) => count + 1), []);
  const { approvals: all, problem, busy, more } = useApprovals({ token: token.id }, `${version} ${token.status}`);
  useRefresh(reload, INBOX_INTERVAL, all?.some(isOpen) ?? false);
  const changed = () => {
    onChanged();
    reload();
    void loadInbox(0);
  };
  if (all === null || (all.length === 0 && more === null)) return problem && problem.status !== 403 ? <ProblemNote problem={problem} /> : null;
  const rank = ({ status }: Approval) => (status === "pending" ? 0 : status === "approved" ? 1 : 2);
  return (
    <section aria-labelledby="approvals">
      <h2 id="approvals">Approvals</h2>
      {problem && <ProblemNote problem={problem} />}
      <ApprovalList approvals={all.toSorted((a, b) => rank(a) - rank(b))} catalog={catalog} now={now} label="Approvals" ofToken onChanged={changed} />
      {more && <LoadMore busy={busy} more={more} />}
    </section>
  );
}
