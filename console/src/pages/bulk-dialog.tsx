// The dialog that changes all selected tokens. It shows when they were last used, and what could not be changed; the rest
// can be tried again.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Token } from "../api/types";
import { caller } from "../auth/session";
import { changeAll, disabling, extension, revocation, type Change } from "../data/bulk";
import { select } from "../data/selection";
import { forgetInsights } from "../data/token-insights";
import { applyTokenChange } from "../data/tokens";
import { isSignedInWith } from "../domain/abilities";
import { BULK_ACTIONS, bulkPlan, lastUses, type BulkAction } from "../domain/bulk";
import { delayText, plural } from "../domain/labels";
import { tokenHash } from "../router";
import { Dialog } from "../ui/dialog";
import { expirationOf, expiryErrors, ExpiryField, initialExpiry, type Expiry } from "../ui/expiry";
import { Form, SubmitButton } from "../ui/form";
import { ProblemNote } from "../ui/problem-note";
import { groundsOf, NO_GROUNDS, RevocationFields, type Revocation } from "../ui/revocation-fields";
import { showMessage } from "../ui/status-message";
import { Time } from "../ui/time";
import { DiscardDialog, useUnsavedChanges } from "../ui/unsaved-changes";
import { useAction } from "../ui/use-action";
import { useDraft } from "../ui/use-draft";

export const BULK_DRAFT = "bulk";

/** What an expired session leaves of a dialog. */
export interface BulkDraft {
  name: BulkAction;
  /** Tokens that are not changed yet. */
  ids: string[];
  revocation: Revocation;
  expiry: Expiry;
}

interface Props {
  name: BulkAction;
  tokens: readonly Token[];
  restored: BulkDraft | null;
  now: number;
  onClose: () => void;
}

const EXPLANATIONS: Record<BulkAction, () => string> = {
  revoke: () => `Anything using them stops working. You can’t undo this. Revoked tokens stay in the list for ${plural(caller().deployment.retention_days, "day")}.`,
  disable: () => "Requests with them are rejected until you enable them again, each on its own page.",
  extend: () => "Only the expiration changes. Secrets and permissions stay the same.",
};

export function BulkDialog({ name, tokens, restored, now, onClose }: Props) {
  const { label, pending, done } = BULK_ACTIONS[name];
  /** The tokens that are not changed yet. The list behind the dialog changes during the run. */
  const [left, setLeft] = useState(tokens);
  const [grounds, setGrounds] = useState(restored?.revocation ?? NO_GROUNDS);
  const [expiry, setExpiry] = useState(restored?.expiry ?? firstExpiry);
  const [failed, setFailed] = useState<ReadonlyMap<string, Problem>>(new Map());
  /** The numbers of tokens of the current or last run. */
  const [progress, setProgress] = useState<{ done: number; of: number } | null>(null);
  const stopped = useRef(false);
  useEffect(() => () => void (stopped.current = true), []);

  const until = name === "extend" ? expirationOf(expiry) : null;
  const { targets, leftOut } = bulkPlan(name, caller(), left, until);
  const hasComment = grounds.comment.trim() !== "";
  const action = useAction(async () => {
    if (name === "extend") Problem.throwIfAny(expiryErrors(expiry));
    stopped.current = false;
    setFailed(new Map());
    setProgress({ done: 0, of: targets.length });
    const failures = new Map<string, Problem>();
    const changed = new Set<string>();
    let effectiveBy = "";
    const onEffective = (by: string) => (effectiveBy = by > effectiveBy ? by : effectiveBy);
    const changes: Record<BulkAction, Change> = { revoke: revocation(groundsOf(grounds), grounds.flush, onEffective), disable: disabling, extend: extension(until) };
    const settled = (token: Token, problem: Problem | null) => {
      if (problem === null) {
        changed.add(token.id);
        forgetInsights(token.id);
        applyTokenChange(token);
        select([token.id], false);
      } else failures.set(token.id, problem);
      setProgress({ done: changed.size, of: targets.length });
      setLeft((before) => before.filter(({ id }) => !changed.has(id)));
      setFailed(new Map(failures));
    };
    // The caller's own token is last, and stays if others are left: it is needed to try them again.
    const own = targets.filter((token) => isSignedInWith(caller(), token));
    const others = targets.filter((token) => !own.includes(token));
    await changeAll(others, changes[name], settled, () => stopped.current);
    if (changed.size === others.length) await changeAll(own, changes[name], settled, () => stopped.current);
    if (changed.size < targets.length) return "again";
    onClose();
    showMessage(`${plural(changed.size, "token")} ${done}.${delayText(effectiveBy, "They stop")}`);
    return undefined;
  });
  const { busy, problem } = action;
  /** Whether a run has ended before all tokens were changed. They stay selected. */
  const isPartial = progress !== null && !busy;
  const unsaved = useUnsavedChanges(hasComment && progress === null);
  const draft: BulkDraft = { name, ids: left.map(({ id }) => id), revocation: grounds, expiry };
  useDraft(BULK_DRAFT, draft, hasComment || progress !== null);
  const count = progress?.of ?? targets.length;
  const close = () => unsaved.discard(onClose);

  return (
    <Dialog title={count === 0 ? `Nothing to ${label.toLowerCase()}` : `${label} ${plural(count, "token")}?`} onClose={close} locked={busy}>
      <Form action={action}>
        {progress === null ? (
          <Introduction targets={targets} leftOut={leftOut} now={now}>
            {EXPLANATIONS[name]()}
          </Introduction>
        ) : (
          <Progress {...progress} busy={busy} text={`${progress.done} of ${plural(progress.of, "token")} ${done}`} />
        )}
        {failed.size > 0 && !busy && <Failures tokens={targets} failed={failed} />}
        {targets.length > 0 && !busy && name === "revoke" && <RevocationFields value={grounds} onChange={setGrounds} problem={problem} />}
        {!busy && name === "extend" && <ExpiryField value={expiry} onChange={setExpiry} errors={problem?.at("expires_at") ?? []} now={now} />}
        {targets.some((token) => isSignedInWith(caller(), token)) && name !== "extend" && <p class="note warn">You’re signed in with one of these tokens and will be signed out at the end.</p>}
        {problem && <ProblemNote problem={problem} fields={["expires_at"]} />}
        <p class="actions">
          {busy ? (
            <button type="button" onClick={() => (stopped.current = true)}>
              Stop
            </button>
          ) : (
            <button type="button" onClick={close}>
              {isPartial ? "Close" : "Cancel"}
            </button>
          )}
          <SubmitButton
            action={action}
            label={`${label} ${isPartial ? "the other" : ""} ${plural(targets.length, "token")}`}
            pending={pending}
            denied={targets.length === 0}
            class={name === "extend" ? "primary" : "danger"}
          />
        </p>
        <DiscardDialog unsaved={unsaved} />
      </Form>
    </Dialog>
  );
}

/** Without a default expiration, the user has to pick a date. */
function firstExpiry(): Expiry {
  const first = initialExpiry();
  return first.kind === "keep" ? { kind: "date", day: "" } : first;
}

/** Number of tokens that the dialog lists. */
const MAX_LISTED = 100;

function Introduction({ targets, leftOut, now, children }: { targets: readonly Token[]; leftOut: ReadonlyMap<string, number>; now: number; children: ComponentChildren }) {
  return (
    <>
      {targets.length > 0 && (
        <>
          <p>
            <strong>{lastUses(targets, now)}.</strong>
          </p>
          <p>{children}</p>
          {/* Focusable, so that it can be scrolled by keyboard. */}
          <ul class="bulk-tokens" aria-label="Tokens to change" tabIndex={0}>
            {targets.slice(0, MAX_LISTED).map((token) => (
              <li key={token.id}>
                <span>{token.name}</span>
                <span class="quiet">{token.last_used_at === null ? "Never used" : <Time at={token.last_used_at} now={now} />}</span>
              </li>
            ))}
            {targets.length > MAX_LISTED && <li class="quiet">and {plural(targets.length - MAX_LISTED, "more token")}</li>}
          </ul>
        </>
      )}
      {leftOut.size > 0 && <p class={targets.length > 0 ? "hint" : "note warn"}>Left out: {[...leftOut].map(([reason, count]) => `${plural(count, "token")} ${reason}`).join(", ")}.</p>}
    </>
  );
}

function Progress({ done, of, busy, text }: { done: number; of: number; busy: boolean; text: string }) {
  return (
    <>
      <progress max={of} value={done} aria-label="Progress" />
      <p role="status">{busy ? "" : `${text}.`}</p>
      {busy && <p class="quiet">{text}</p>}
    </>
  );
}

function Failures({ tokens, failed }: { tokens: readonly Token[]; failed: ReadonlyMap<string, Problem> }) {
  const named = tokens.filter(({ id }) => failed.has(id));
  return (
    <div class="note bad" role="alert">
      <p>
        <strong>{plural(named.length, "token")} failed:</strong>
      </p>
      <ul class="errors">
        {named.slice(0, MAX_LISTED).map(({ id, name }) => (
          <li key={id}>
            <a href={tokenHash(id)}>{name}</a>: {failed.get(id)?.title}
          </li>
        ))}
      </ul>
    </div>
  );
}
