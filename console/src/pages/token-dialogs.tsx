// What ends or interrupts something, asked about first: each says what will break.
import { useState } from "preact/hooks";
import { answer, api } from "../api/client";
import { Problem } from "../api/problem";
import type { RevokeReason, Rotation, Token, TokenWithSecret } from "../api/types";
import { caller } from "../auth/session";
import { keepSecret } from "../data/new-secret";
import { noteDeleted, noteToken, withEtag } from "../data/tokens";
import { covers } from "../domain/grants";
import { lastUse, REVOKE_REASONS } from "../domain/labels";
import { atTime } from "../domain/time";
import { go, replace } from "../router";
import { ActionDialog } from "../ui/action-dialog";
import { ErrorList } from "../ui/error-list";
import { Field } from "../ui/field";
import { say } from "../ui/status-message";
import { Choice, Options } from "../ui/choice";
import { ExpiryField, expiryFields, type Expiry } from "../ui/expiry";
import type { TokenPartProps } from "./token-props";

type Props = TokenPartProps & { onClose: () => void };

type QuestionProps = Omit<Parameters<typeof ActionDialog>[0], "onFailed"> & { token: Token; read?: Props["read"] };

function Question({ token, read, children, ...props }: QuestionProps) {
  const readAgain = async ({ status, kind }: Problem) => (status === 412 || kind === "already_rotated") && read?.();
  return (
    <ActionDialog {...props} onFailed={readAgain}>
      {(problem) => (
        <>
          {children(problem)}
          {isOwn(token) && <p class="note warn">This is the token that you are signed in with. You will be signed out.</p>}
        </>
      )}
    </ActionDialog>
  );
}

function isOwn(token: Token): boolean {
  const me = caller();
  return me.principal_type === "token" && me.token_id === token.id;
}

const OVERLAPS: [string, string][] = [
  ["", "Not at all"],
  ["1h", "1 hour"],
  ["1d", "1 day"],
  ["3d", "3 days"],
  ["7d", "7 days"],
];

export function RotateDialog({ known: { token, etag }, now, read, onClose }: Props) {
  const expired = token.status === "expired";
  const [overlap, setOverlap] = useState(expired ? "" : "1d");
  const [expiry, setExpiry] = useState<Expiry>(expired ? { kind: "days", days: 30 } : { kind: "keep" });
  const [key, setKey] = useState(() => crypto.randomUUID());
  async function rotate() {
    const body: Rotation = { ...expiryFields(expiry), ...(overlap ? { overlap } : {}) };
    const header = { "If-Match": etag, "Idempotency-Key": key };
    const { data } = await answer(api.POST("/tokens/{id}/rotate", { params: { path: { id: token.id }, header }, body })).catch((error: unknown) => {
      // What one asks for after this is another rotation.
      if (error instanceof Problem && error.kind === "already_rotated") setKey(crypto.randomUUID());
      throw error;
    });
    noteToken(keepSecret("rotated", data as TokenWithSecret));
    go("#/secret");
  }
  return (
    <Question token={token} title={`Rotate “${token.name}”`} does="Rotate" read={read} onClose={onClose} act={rotate} fields={["overlap", "expires_in", "expires_at"]}>
      {(problem) => (
        <>
          <p>It gets a new secret, shown once. Name, permissions and history stay. {lastUse(token, now)}</p>
          {!expired && (
            <Field label="The present secret works on for" errors={problem?.at("overlap") ?? []}>
              {(ids) => (
                <select {...ids} value={overlap} onChange={(event) => setOverlap(event.currentTarget.value)}>
                  <Options of={OVERLAPS} />
                </select>
              )}
            </Field>
          )}
          {overlap === "" && !expired && <p class="note warn">Whatever uses the present secret is refused from the next request on, until it has the new one.</p>}
          {token.previous_secret_until !== null && (
            <p class="note warn">The secret before the present one still works until {atTime(token.previous_secret_until)}. It ends now.</p>
          )}
          <ExpiryField
            value={expiry}
            onChange={setExpiry}
            now={now}
            errors={[...(problem?.at("expires_in") ?? []), ...(problem?.at("expires_at") ?? [])]}
            {...(expired ? {} : { keep: "As it is" })}
          />
        </>
      )}
    </Question>
  );
}

export function DisableDialog({ known: { token, etag }, now, read, onClose, onDone }: Props) {
  async function disable() {
    const params = { path: { id: token.id }, header: { "If-Match": etag } };
    onDone(withEtag(await answer(api.POST("/tokens/{id}/disable", { params }))), `“${token.name}” is disabled. It opens nothing until somebody enables it.`);
  }
  return (
    <Question token={token} title={`Disable “${token.name}”?`} does="Disable" danger read={read} onClose={onClose} act={disable}>
      {() => (
        <>
          <p>
            <strong>{lastUse(token, now)}</strong>
          </p>
          <p>Whatever uses it is refused until somebody enables it again. Its secret stays.</p>
        </>
      )}
    </Question>
  );
}

export function RevokeDialog({ known: { token }, now, onClose, onDone }: Props) {
  const [reason, setReason] = useState<RevokeReason | "">("");
  const [comment, setComment] = useState("");
  const [flush, setFlush] = useState(false);
  const admin = covers(caller().grants, "tokens:admin", "tokens");
  async function revoke() {
    const body = { ...(reason ? { reason } : {}), ...(comment.trim() ? { comment } : {}) };
    const params = { path: { id: token.id }, ...(flush ? { query: { flush: "true" as const } } : {}) };
    const { data, etag } = await answer(api.POST("/tokens/{id}/revoke", { params, body }));
    const { effective_by: by, flushed: _flushed, ...revoked } = data;
    const later = Date.parse(by) > Date.now() + 2000 ? ` It is refused everywhere from ${atTime(by)} on.` : "";
    onDone({ token: revoked, etag }, `“${token.name}” is revoked.${later}`);
  }
  return (
    <Question token={token} title={`Revoke “${token.name}”?`} does="Revoke for good" danger onClose={onClose} act={revoke} fields={["reason", "comment"]}>
      {(problem) => (
        <>
          <p>
            <strong>{lastUse(token, now)}</strong>
          </p>
          <p>Whatever uses it will be refused, for good: there is no way back. Its record stays in the list for a while.</p>
          <fieldset class="field">
            <legend>
              Why<span class="quiet"> (optional)</span>
            </legend>
            <div class="choices">
              {(Object.entries(REVOKE_REASONS) as [RevokeReason, string][]).map(([value, text]) => (
                <Choice key={value} name="reason" label={text} checked={reason === value} onChange={() => setReason(value)} />
              ))}
            </div>
            <ErrorList errors={problem?.at("reason") ?? []} />
          </fieldset>
          <Field label="Comment" optional errors={problem?.at("comment") ?? []}>
            {(ids) => <textarea {...ids} rows={2} maxLength={500} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />}
          </Field>
          {admin && (
            <Choice label="Also make the gateways forget what they remember of it, so that it ends at once everywhere" checked={flush} onChange={setFlush} />
          )}
        </>
      )}
    </Question>
  );
}

export function DeleteDialog({ known: { token }, now, onClose }: Props) {
  const alive = token.status === "active" || token.status === "disabled";
  async function remove() {
    await answer(api.DELETE("/tokens/{id}", { params: { path: { id: token.id } } }));
    noteDeleted(token.id);
    replace("#/tokens");
    say(`“${token.name}” is deleted.`);
  }
  return (
    <Question token={token} title={`Delete “${token.name}”?`} does="Delete it and its record" danger onClose={onClose} act={remove}>
      {() => (
        <>
          <p>
            <strong>{lastUse(token, now)}</strong>
          </p>
          <p>
            {alive && "Whatever uses it will be refused, for good. "}
            Its record goes, too: no list shows it any more. Only the deployment’s activity says who deleted it.
          </p>
          {alive && <p>To end it and keep the record, revoke it instead.</p>}
        </>
      )}
    </Question>
  );
}
