// Requests for approval and what became of them, with the dialogs that decide and end them.
import { useEffect, useState } from "preact/hooks";
import type { Approval, Catalog } from "../api/types";
import { caller } from "../auth/session";
import { hasDraft } from "../data/drafts";
import { APPROVAL_ACTIONS, APPROVAL_STATUSES, linkHost, mayEnd, permissionEntry, ruleOf, termsText, whyNotDecide, type ApprovalAction } from "../domain/approvals";
import { covers } from "../domain/grants";
import { tokenHash } from "../router";
import { Outcome } from "../ui/approval-outcome";
import { isTyping } from "../ui/keyboard-shortcuts";
import { Time } from "../ui/time";
import { ApprovalDialog, decisionDraft } from "./approval-dialogs";

interface Props {
  approvals: readonly Approval[];
  catalog: Catalog | null;
  now: number;
  label: string;
  /** Whether all of them are of the token whose page this is. */
  ofToken?: boolean;
  /** Gets each approval that the user has changed, or that turned out to be changed. */
  onChanged: (approval: Approval) => void;
}

export function ApprovalList({ approvals, catalog, now, label, ofToken = false, onChanged }: Props) {
  const [open, setOpen] = useState<{ id: string; action: ApprovalAction } | null>(null);
  const find = (id: string | undefined) => approvals.find((approval) => approval.id === id);
  const actions = (approval: Approval) => actionsFor(approval, catalog, ofToken);
  const start = (approval: Approval, action: ApprovalAction) => {
    // The dialog returns the focus to the request: its buttons disappear.
    elementOf(approval.id)?.focus();
    setOpen({ id: approval.id, action });
  };
  useEffect(() => {
    const restored = approvals.find((approval) => hasDraft(decisionDraft(approval, "approve")) || hasDraft(decisionDraft(approval, "reject")));
    if (restored && actions(restored).length > 0) start(restored, hasDraft(decisionDraft(restored, "approve")) ? "approve" : "reject");
  }, [approvals]);
  const opened = find(open?.id);
  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the keys are those of the focused request */}
      <ul
        class="approvals"
        aria-label={label}
        onKeyDown={(event) => {
          const action = (["approve", "reject"] as const).find((each) => APPROVAL_ACTIONS[each].shortcut === event.key);
          const approval = event.target instanceof Element && find(event.target.closest<HTMLElement>("[data-approval]")?.dataset["approval"]);
          if (!action || !approval || isTyping(event)) return;
          // Not the activity's key, whether or not the user may decide.
          event.preventDefault();
          if (actions(approval).includes(action)) start(approval, action);
        }}
      >
        {approvals.map((approval) => (
          <ApprovalItem key={approval.id} {...{ approval, catalog, now, ofToken }} actions={actions(approval)} onAction={(action) => start(approval, action)} />
        ))}
      </ul>
      {opened && open && <ApprovalDialog approval={opened} action={open.action} now={now} onChanged={onChanged} onClose={() => setOpen(null)} />}
    </>
  );
}

export const elementOf = (id: string): HTMLElement | null => document.querySelector(`[data-approval="${id}"]`);

/** What the caller may do with it now. */
function actionsFor(approval: Approval, catalog: Catalog | null, ofToken: boolean): ApprovalAction[] {
  if (approval.status === "pending" && whyNotDecide(caller(), approval, ruleOf(catalog, approval.permission)) === null) return ["approve", "reject"];
  if (!mayEnd(caller(), approval)) return [];
  return approval.status === "approved" ? ["end"] : approval.status === "pending" && ofToken ? ["withdraw"] : [];
}

interface ItemProps {
  approval: Approval;
  catalog: Catalog | null;
  now: number;
  ofToken: boolean;
  actions: readonly ApprovalAction[];
  onAction: (action: ApprovalAction) => void;
}

function ApprovalItem({ approval, catalog, now, ofToken, actions, onAction }: ItemProps) {
  const { id, token_id, token_name, owner, permission, resource, reason, link, status, uses, valid_for, created_at, comment } = approval;
  const { description, approval: rule } = permissionEntry(catalog?.permissions[permission]);
  const host = link === null ? null : linkHost(link);
  const isPending = status === "pending";
  const isVisible = owner === caller().owner || covers(caller().grants, "tokens:admin", "tokens");
  const denied = isPending ? whyNotDecide(caller(), approval, rule) : null;
  return (
    <li>
      <article data-approval={id} tabIndex={0} aria-labelledby={`approval-${id}`} class={status}>
        <div class="grow">
          <h3 id={`approval-${id}`}>
            <code>{permission}</code> on <code>{resource}</code> <span class={`badge ${status}`}>{APPROVAL_STATUSES[status]}</span>
          </h3>
          <p class="reason lines">{reason}</p>
          {link !== null && host !== null && (
            <p>
              <a href={link} target="_blank" rel="noreferrer">
                {host}
                <span aria-hidden="true"> ↗</span>
                <span class="unseen"> (opens in a new tab)</span>
              </a>
            </p>
          )}
          <p class="quiet">
            Requested <Time at={created_at} now={now} />
            {!ofToken && (
              <>
                {" "}
                by the token {isVisible ? <a href={tokenHash(token_id)}>{token_name}</a> : token_name} of {owner}
              </>
            )}
          </p>
          {isPending && (
            <p class="quiet">
              {description && `${description}: `}
              {termsText(uses, valid_for)}
            </p>
          )}
          <Outcome approval={approval} now={now} />
          {comment !== null && <p class="lines">“{comment}”</p>}
          {denied !== null && <p class="hint">{denied}</p>}
        </div>
        {actions.length > 0 && (
          <p class="actions">
            {actions.map((action) => (
              <button
                key={action}
                type="button"
                class={action === "approve" ? "primary" : "danger"}
                aria-describedby={`approval-${id}`}
                aria-keyshortcuts={APPROVAL_ACTIONS[action].shortcut}
                onClick={() => onAction(action)}
              >
                {APPROVAL_ACTIONS[action].label}
              </button>
            ))}
          </p>
        )}
      </article>
    </li>
  );
}
