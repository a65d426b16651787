// The navigation's link to the approvals, with the number of requests that the caller may decide.
import { useCallback, useEffect } from "preact/hooks";
import type { Caller } from "../api/types";
import { BADGE_INTERVAL, inbox, loadInbox } from "../data/approvals";
import { useCatalog } from "../data/catalog";
import { loadTokens, tokenList } from "../data/tokens";
import { whyNotManage } from "../domain/abilities";
import { maySeeOthers, ruleOf, whyNotDecide } from "../domain/approvals";
import { useStore } from "../store";
import { Icon } from "./icon";
import { useRefresh } from "./use-refresh";

/** Only for callers who may see requests. */
export function ApprovalsLink({ me, current }: { me: Caller; current: boolean }) {
  const { requests, isPartial } = useStore(inbox);
  const { tokens } = useStore(tokenList);
  const isShown = maySeeOthers(me) || tokens.some(({ owner }) => owner === me.owner);
  const catalog = useCatalog(me.principal_type === "token");
  useEffect(() => {
    if (isShown) void loadInbox();
    else if (whyNotManage(me) === null) void loadTokens(15_000);
  }, [isShown]);
  useRefresh(useCallback(() => void loadInbox(), []), BADGE_INTERVAL, isShown);
  if (!isShown) return null;
  const count = requests.filter((approval) => approval.status === "pending" && whyNotDecide(me, approval, ruleOf(catalog, approval.permission)) === null).length;
  return (
    <a href="#/approvals" aria-current={current ? "page" : undefined}>
      <Icon name="approval" />
      Approvals
      {count > 0 && (
        <span class="counter">
          {count}
          {isPartial && "+"}
          <span class="unseen"> to decide</span>
        </span>
      )}
    </a>
  );
}
