// Reason, comment and options of a revocation.
import type { Problem } from "../api/problem";
import type { Grounds, RevokeReason } from "../api/types";
import { caller } from "../auth/session";
import { covers } from "../domain/grants";
import { REVOKE_REASONS } from "../domain/labels";
import { Choice } from "./choice";
import { Field, FieldGroup } from "./field";

export interface Revocation {
  reason: RevokeReason | "";
  comment: string;
  /** Whether to clear the gateways' caches. */
  flush: boolean;
}

export const NO_GROUNDS: Revocation = { reason: "", comment: "", flush: false };

export function groundsOf({ reason, comment }: Revocation): Grounds {
  return { ...(reason ? { reason } : {}), ...(comment.trim() ? { comment } : {}) };
}

export function RevocationFields({ value, onChange, problem }: { value: Revocation; onChange: (value: Revocation) => void; problem: Problem | null }) {
  return (
    <>
      <FieldGroup label="Reason" optional errors={problem?.at("reason") ?? []}>
        <div class="choices">
          {(Object.entries(REVOKE_REASONS) as [RevokeReason, string][]).map(([reason, text]) => (
            <Choice key={reason} name="reason" label={text} checked={value.reason === reason} onChange={() => onChange({ ...value, reason })} />
          ))}
        </div>
      </FieldGroup>
      <Field label="Comment" optional errors={problem?.at("comment") ?? []}>
        {(ids) => <textarea {...ids} rows={2} maxLength={500} value={value.comment} onInput={(event) => onChange({ ...value, comment: event.currentTarget.value })} />}
      </Field>
      {covers(caller().grants, "tokens:admin", "tokens") && (
        <Choice label="Also clear gateway caches, to take effect immediately" checked={value.flush} onChange={(flush) => onChange({ ...value, flush })} />
      )}
    </>
  );
}
