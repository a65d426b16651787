// Confirmation dialogs that say what will stop working.
import { useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Rotation, Token, TokenWithSecret } from "../api/types";
import { caller } from "../auth/session";
import { setNewSecret } from "../data/new-secret";
import { applyTokenChange, applyTokenDeletion, withEtag } from "../data/tokens";
import { isSignedInWith } from "../domain/abilities";
import { delayText, lastUse, plural } from "../domain/labels";
import { formatDateTime, formatDate } from "../domain/time";
import { go, returnToList } from "../router";
import { ActionDialog } from "../ui/action-dialog";
import { Field } from "../ui/field";
import { releaseGuards } from "../ui/navigation-guard";
import { showMessage } from "../ui/status-message";
import { DiscardDialog, useUnsavedChanges } from "../ui/unsaved-changes";
import { Options } from "../ui/choice";
import { expiryErrors, ExpiryField, expiryFields, initialExpiry, type Expiry } from "../ui/expiry";
import { groundsOf, NO_GROUNDS, RevocationFields, type Revocation } from "../ui/revocation-fields";
import { useDraft, useRestoredDraft } from "../ui/use-draft";
import type { TokenPartProps } from "./token-props";

type Props = TokenPartProps & { onClose: () => void };

type ConfirmDialogProps = Omit<Parameters<typeof ActionDialog>[0], "onFailed"> & { token: Token; read?: Props["read"] };

function ConfirmDialog({ token, read, children, ...props }: ConfirmDialogProps) {
  const readAgain = async ({ status, kind }: Problem) => (status === 412 || kind === "already_rotated") && read?.();
  return (
    <ActionDialog {...props} onFailed={readAgain}>
      {(problem) => (
        <>
          {children(problem)}
          {isSignedInWith(caller(), token) && <p class="note warn">You’re signed in with this token and will be signed out.</p>}
        </>
      )}
    </ActionDialog>
  );
}

const OVERLAPS: [string, string][] = [
  ["", "Don’t keep it"],
  ["1h", "1 hour"],
  ["1d", "1 day"],
  ["3d", "3 days"],
  ["7d", "7 days"],
];

export function RotateDialog({ loaded: { token, etag }, now, read, onClose }: Props) {
  const expired = token.status === "expired";
  const [overlap, setOverlap] = useState(expired ? "" : "1d");
  const [expiry, setExpiry] = useState<Expiry>(expired ? initialExpiry : { kind: "keep" });
  const [key, setKey] = useState(() => crypto.randomUUID());
  async function rotate() {
    Problem.throwIfAny(expiryErrors(expiry));
    const body: Rotation = { ...expiryFields(expiry), ...(overlap ? { overlap } : {}) };
    const header = { "If-Match": etag, "Idempotency-Key": key };
    const { data } = await unwrap(api.POST("/tokens/{id}/rotate", { params: { path: { id: token.id }, header }, body })).catch((error: unknown) => {
      // The next attempt is another rotation, with its own key.
      if (error instanceof Problem && error.kind === "already_rotated") setKey(crypto.randomUUID());
      throw error;
    });
    applyTokenChange(setNewSecret("rotated", data as TokenWithSecret));
    releaseGuards();
    go("#/secret");
  }
  return (
    <ConfirmDialog token={token} title={`Rotate “${token.name}”`} label="Rotate" pending="Rotating…" read={read} onClose={onClose} act={rotate} fields={["overlap", "expires_in", "expires_at"]}>
      {(problem) => (
        <>
          <p>
            <strong>{lastUse(token, now)}</strong>
          </p>
          <p>Creates a new secret, shown once. Permissions stay the same.</p>
          {!expired && (
            <Field label="Keep the old secret working for" errors={problem?.at("overlap") ?? []}>
              {(ids) => (
                <select {...ids} value={overlap} onChange={(event) => setOverlap(event.currentTarget.value)}>
                  <Options of={OVERLAPS} />
                </select>
              )}
            </Field>
          )}
          {overlap === "" && !expired && <p class="note warn">Anything using the old secret stops working immediately.</p>}
          {token.previous_secret_until !== null && (
            <p class="note warn">An even older secret (valid until {formatDateTime(token.previous_secret_until)}) stops working now.</p>
          )}
          <ExpiryField
            value={expiry}
            onChange={setExpiry}
            now={now}
            errors={[...(problem?.at("expires_in") ?? []), ...(problem?.at("expires_at") ?? [])]}
            {...(expired ? {} : { keep: `Keep current (${token.expires_at === null ? "never" : formatDate(token.expires_at)})` })}
          />
        </>
      )}
    </ConfirmDialog>
  );
}

export function DisableDialog({ loaded: { token, etag }, now, read, onClose, onDone }: Props) {
  async function disable() {
    const params = { path: { id: token.id }, header: { "If-Match": etag } };
    onDone(withEtag(await unwrap(api.POST("/tokens/{id}/disable", { params }))), `“${token.name}” disabled.`);
  }
  return (
    <ConfirmDialog token={token} title={`Disable “${token.name}”?`} label="Disable" pending="Disabling…" danger read={read} onClose={onClose} act={disable}>
      {() => (
        <>
          <p>
            <strong>{lastUse(token, now)}</strong>
          </p>
          <p>Requests with this token are rejected until you enable it again.</p>
        </>
      )}
    </ConfirmDialog>
  );
}

export const revocationDraft = ({ id }: Token): string => `tokens/${id}/revoke`;

export function RevokeDialog({ loaded: { token }, now, onClose, onDone }: Props) {
  const restored = useRestoredDraft<Revocation>(revocationDraft(token));
  const [draft, setDraft] = useState(restored ?? NO_GROUNDS);
  const dirty = draft.comment.trim() !== "";
  const unsaved = useUnsavedChanges(dirty);
  useDraft(revocationDraft(token), draft, dirty);
  async function revoke() {
    const params = { path: { id: token.id }, ...(draft.flush ? { query: { flush: "true" as const } } : {}) };
    const { data, etag } = await unwrap(api.POST("/tokens/{id}/revoke", { params, body: groundsOf(draft) }));
    const { effective_by: by, flushed: _flushed, ...revoked } = data;
    onDone({ token: revoked, etag }, `“${token.name}” revoked.${delayText(by, "It stops")}`);
  }
  return (
    <ConfirmDialog token={token} title={`Revoke “${token.name}”?`} label="Revoke token" pending="Revoking…" danger onClose={() => unsaved.discard(onClose)} act={revoke} fields={["reason", "comment"]}>
      {(problem) => (
        <>
          <p>
            <strong>{lastUse(token, now)}</strong>
          </p>
          <p>Anything using this token stops working. You can’t undo this. The token stays in the list for {plural(caller().deployment.retention_days, "day")}.</p>
          <RevocationFields value={draft} onChange={setDraft} problem={problem} />
          <DiscardDialog unsaved={unsaved} />
        </>
      )}
    </ConfirmDialog>
  );
}

export function DeleteDialog({ loaded: { token }, now, onClose }: Props) {
  const isUsable = token.status === "active" || token.status === "disabled";
  async function remove() {
    await unwrap(api.DELETE("/tokens/{id}", { params: { path: { id: token.id } } }));
    applyTokenDeletion(token.id);
    releaseGuards();
    returnToList();
    showMessage(`“${token.name}” deleted.`);
  }
  return (
    <ConfirmDialog token={token} title={`Delete “${token.name}”?`} label="Delete token" pending="Deleting…" danger onClose={onClose} act={remove}>
      {() => (
        <>
          <p>
            <strong>{lastUse(token, now)}</strong>
          </p>
          <p>
            {isUsable ? "Anything using this token stops working. This also deletes" : "This deletes"} the token’s record and history. An administrator can still see who deleted
            it.
          </p>
          {isUsable && <p>To keep the record, revoke it instead.</p>}
        </>
      )}
    </ConfirmDialog>
  );
}
