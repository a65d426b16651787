// Dialogs that approve, reject and withdraw a request, and that end an approval.
import { useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import type { Approval } from "../api/types";
import { approve, endApproval, readApproval, reject } from "../data/approvals";
import { APPROVAL_ACTIONS, durations, durationText, isOpenTo, termsText, type ApprovalAction } from "../domain/approvals";
import { delayText } from "../domain/labels";
import { formatDateTime } from "../domain/time";
import { ActionDialog } from "../ui/action-dialog";
import { Outcome } from "../ui/approval-outcome";
import { Options } from "../ui/choice";
import { Field } from "../ui/field";
import { showMessage } from "../ui/status-message";
import { DiscardDialog, useUnsavedChanges } from "../ui/unsaved-changes";
import { useDraft, useRestoredDraft } from "../ui/use-draft";

interface Props {
  approval: Approval;
  action: ApprovalAction;
  now: number;
  onChanged: (approval: Approval) => void;
  onClose: () => void;
}

export const decisionDraft = ({ id }: Approval, action: ApprovalAction): string => `approvals/${id}/${action}`;

export function ApprovalDialog({ approval, action, now, onChanged, onClose }: Props) {
  const { id, token_name: token, owner, permission, resource, reason, uses } = approval;
  const draftName = decisionDraft(approval, action);
  const restored = useRestoredDraft<{ comment: string; seconds: number }>(draftName);
  const [comment, setComment] = useState(restored?.comment ?? "");
  const choices = durations(approval);
  const [seconds, setSeconds] = useState(restored?.seconds ?? approval.valid_for);
  const dirty = comment.trim() !== "";
  const unsaved = useUnsavedChanges(dirty);
  useDraft(draftName, { comment, seconds }, dirty);
  /** Whether it was decided or ended while the dialog is open. */
  const over = !isOpenTo(action, approval);
  const isDecision = action === "approve" || action === "reject";
  async function act() {
    if (isDecision) {
      const decided = action === "reject" ? await reject(id, comment) : await approve(id, seconds === approval.valid_for ? null : seconds, comment);
      onChanged(decided);
      const until = decided.expires_at === null ? "" : ` until ${formatDateTime(decided.expires_at)}`;
      onClose();
      showMessage(`${action === "reject" ? "Rejected" : "Approved"} ${permission} on ${resource}${until}.`);
    } else {
      const ended = await endApproval(id);
      onChanged(ended.approval);
      onClose();
      showMessage(`${action === "withdraw" ? "Request withdrawn" : "Approval ended"}.${delayText(ended.effectiveBy, "It stops")}`);
    }
  }
  /** Shows what became of a request that was decided in between. */
  const readAgain = async ({ kind }: Problem) => {
    if (kind === "approval_decided") await readApproval(id).then(onChanged, () => {});
  };
  return (
    <ActionDialog
      {...APPROVAL_ACTIONS[action]}
      danger={action !== "approve"}
      focus={isDecision}
      over={over}
      fields={["valid_for", "comment"]}
      onClose={() => (over ? onClose() : unsaved.discard(onClose))}
      act={act}
      onFailed={readAgain}
    >
      {(problem) => (
        <>
          <p>
            <strong>
              <code>{permission}</code> on <code>{resource}</code>
            </strong>{" "}
            for the token <strong>{token}</strong> of {owner}
          </p>
          <p class="reason lines">{reason}</p>
          {over && <Outcome approval={approval} now={now} />}
          {!over && !isDecision && <p>{action === "withdraw" ? "The token can request it again." : "The next request that needs it is denied. The token can request another approval."}</p>}
          {!over && action === "approve" && (
            <Field label="Valid for" hint={`Allows ${termsText(uses, seconds)}.`} errors={problem?.at("valid_for") ?? []}>
              {(ids) => (
                <select {...ids} value={String(seconds)} onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
                  <Options of={choices.map((each) => [String(each), durationText(each)])} />
                </select>
              )}
            </Field>
          )}
          {!over && isDecision && (
            <Field label="Comment" optional errors={problem?.at("comment") ?? []}>
              {(ids) => <textarea {...ids} rows={2} maxLength={500} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />}
            </Field>
          )}
          <DiscardDialog unsaved={unsaved} />
        </>
      )}
    </ActionDialog>
  );
}
