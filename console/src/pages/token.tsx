// The page of one token: details, actions, usage, request test and history.
import { useCallback, useEffect, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Token } from "../api/types";
import { caller } from "../auth/session";
import { useCatalog } from "../data/catalog";
import { dismissals } from "../data/dismissals";
import { hasDraft } from "../data/drafts";
import { insights as allInsights, forgetInsights, requestInsights } from "../data/token-insights";
import { applyTokenChange, readToken, withEtag, type TokenWithEtag } from "../data/tokens";
import { whyNotChange, whyNotEdit, whyNotEnable, whyNotManage } from "../domain/abilities";
import { concerns } from "../domain/concerns";
import { clientText, DISABLED_REASONS, REVOKE_REASONS } from "../domain/labels";
import { hasExpired } from "../domain/time";
import { listHash } from "../router";
import { useStore } from "../store";
import { Actor } from "../ui/actor";
import { ConcernMark } from "../ui/concern-mark";
import { CopyButton } from "../ui/copy-button";
import { Heading } from "../ui/heading";
import { Icon, type IconName } from "../ui/icon";
import { Loading } from "../ui/loading";
import { NewTokenLink } from "../ui/new-token-link";
import { ProblemNote } from "../ui/problem-note";
import { StatusBadge } from "../ui/status-badge";
import { showMessage } from "../ui/status-message";
import { Time, useNow } from "../ui/time";
import { CallableRoutes } from "../ui/callable-routes";
import { useAction, type Action } from "../ui/use-action";
import { TokenApprovals } from "./token-approvals";
import { DeleteDialog, DisableDialog, revocationDraft, RevokeDialog, RotateDialog } from "./token-dialogs";
import { Editable, isEditable, restoredEditing } from "./token-edit";
import { Explain } from "./token-explain";
import { History } from "./token-history";
import type { AddGrant, TokenPartProps } from "./token-props";
import { UsageSection } from "./token-usage";

type OpenDialog = "rotate" | "disable" | "revoke" | "delete";

export function TokenPage({ id }: { id: string }) {
  const [loaded, setLoaded] = useState<TokenWithEtag | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const read = useCallback(async () => {
    try {
      const now = await readToken(id);
      setLoaded(now);
      setProblem(null);
      applyTokenChange(now.token);
      return now;
    } catch (error) {
      setProblem(Problem.from(error));
      return null;
    }
  }, [id]);
  const hidden = whyNotManage(caller());
  useEffect(() => {
    if (hidden === null) void read();
  }, [read]);
  const isUnknown = problem?.kind === "not_found" || problem?.kind === "invalid_id";
  return (
    <>
      <p class="back">
        <a href={listHash()} data-return>
          ← Tokens
        </a>
      </p>
      {problem && (
        <>
          {loaded === null && <Heading title="Token">{isUnknown ? "Token not found" : "Couldn’t load this token"}</Heading>}
          <ProblemNote problem={problem}>
            {problem.status !== 403 && !isUnknown && (
              <button type="button" onClick={read}>
                Try again
              </button>
            )}
          </ProblemNote>
        </>
      )}
      {hidden !== null && (
        <>
          <Heading title="Token">Token</Heading>
          <p class="note warn">{hidden}</p>
        </>
      )}
      {hidden === null && loaded === null && problem === null && <Loading what="the token" />}
      {loaded !== null && <TokenView loaded={loaded} setLoaded={setLoaded} read={read} />}
    </>
  );
}

function TokenView({ loaded, setLoaded, read }: { loaded: TokenWithEtag; setLoaded: (loaded: TokenWithEtag) => void; read: TokenPartProps["read"] }) {
  const { token } = loaded;
  const now = useNow();
  const insights = useStore(allInsights).get(token.id);
  const catalog = useCatalog();
  const revoked = token.status === "revoked";
  const [openDialog, setOpenDialog] = useState<OpenDialog | null>(() =>
    !revoked && whyNotChange(caller(), token) === null && hasDraft(revocationDraft(token)) ? "revoke" : null,
  );
  const [editing, setEditing] = useState(() => restoredEditing(token));
  /** Counts the user's changes to the token's approvals, which are in its history. */
  const [decisions, setDecisions] = useState(0);
  const found = concerns(token, insights, now, useStore(dismissals));
  useEffect(() => requestInsights([token]), [token]);

  const changed = (next: TokenWithEtag, message: string) => {
    forgetInsights(token.id);
    setLoaded(next);
    applyTokenChange(next.token);
    setOpenDialog(null);
    showMessage(message);
  };
  const enabling = useAction(async () => {
    const enabled = await unwrap(api.POST("/tokens/{id}/enable", { params: { path: { id: token.id } } }));
    changed(withEtag(enabled), `“${token.name}” enabled.`);
    return "again";
  });
  const onAdd: AddGrant = editing === null && isEditable(token) ? (addition) => setEditing({ part: "grants", addition }) : null;
  const dialog = { loaded, now, read, onClose: () => setOpenDialog(null), onDone: changed };

  return (
    <article class="token">
      <div class="title">
        <Heading title={token.name}>{token.name}</Heading>
        <StatusBadge token={token} />
      </div>
      <p class="beside">
        <code>{token.id}</code> <CopyButton text={token.id} label="Copy the ID" />
      </p>
      {token.status === "disabled" && token.disabled_reason !== null && (
        <p class="note warn">
          Disabled {token.disabled_at !== null && <Time at={token.disabled_at} now={now} />} {DISABLED_REASONS[token.disabled_reason]}
          {token.disabled_by !== null && (
            <>
              {" "}
              (<Actor by={token.disabled_by} />)
            </>
          )}
          . Requests are rejected.
          {token.disabled_reason === "secret_reuse" && " Find out who still has the old secret before enabling: the next use disables the token again."}
        </p>
      )}
      {revoked && token.revoked_at !== null && (
        <p class="note">
          Revoked{" "}
          {token.revoked_by !== null && (
            <>
              by <Actor by={token.revoked_by} />{" "}
            </>
          )}
          <Time at={token.revoked_at} now={now} />
          {token.revoked_reason !== null && ` · ${REVOKE_REASONS[token.revoked_reason]}`}
          {token.revoked_comment !== null && ` · “${token.revoked_comment}”`}
        </p>
      )}
      <Summary token={token} now={now} />
      <TokenActions token={token} enabling={enabling} open={setOpenDialog} />
      {enabling.problem && <ProblemNote problem={enabling.problem} />}
      {/* Below the buttons, so that they do not move when the concerns load. */}
      {found.length > 0 && (
        <p class="marks">
          {found.map((concern) => (
            <ConcernMark key={concern} {...{ concern, token, now }} insights={insights} />
          ))}
        </p>
      )}
      <div class="columns">
        <section aria-labelledby="details">
          <h2 id="details">Details</h2>
          <Editable loaded={loaded} catalog={catalog} now={now} read={read} onDone={changed} open={editing} setOpen={setEditing} />
          <dl class="facts">
            <dt>Created</dt>
            <dd>
              <Time at={token.created_at} now={now} /> by <Actor by={token.created_by} />
              {token.via !== null && ` via ${token.via}`}
            </dd>
            {token.rotated_at !== null && (
              <>
                <dt>Secret</dt>
                <dd>
                  Rotated <Time at={token.rotated_at} now={now} />
                  {token.status === "active" && token.previous_secret_until !== null && (
                    <>
                      . Old secret works until <Time at={token.previous_secret_until} />
                    </>
                  )}
                </dd>
              </>
            )}
          </dl>
        </section>
        {!revoked && (
          <section aria-labelledby="can-call">
            <h2 id="can-call">Access</h2>
            {token.status === "disabled" && <p class="hint">No access while disabled. When enabled:</p>}
            {token.status === "expired" && <p class="hint">Expired: no access now. Rotate it with a new expiration to restore this access:</p>}
            <CallableRoutes catalog={catalog} grants={token.grants} />
          </section>
        )}
      </div>
      <TokenApprovals token={token} catalog={catalog} now={now} onChanged={() => setDecisions((count) => count + 1)} />
      <UsageSection loaded={loaded} now={now} onDone={changed} read={read} onAdd={onAdd} />
      <Explain token={token} onAdd={onAdd} />
      <History token={token} version={`${loaded.etag} ${decisions}`} now={now} />
      {openDialog === "rotate" && <RotateDialog {...dialog} />}
      {openDialog === "disable" && <DisableDialog {...dialog} />}
      {openDialog === "revoke" && <RevokeDialog {...dialog} />}
      {openDialog === "delete" && <DeleteDialog {...dialog} />}
    </article>
  );
}

/** What matters most, at a glance. */
function Summary({ token, now }: { token: Token; now: number }) {
  const { expires_at: expires, last_used_at: used } = token;
  return (
    <dl class="summary">
      <div>
        <dt>Owner</dt>
        <dd class="lines">{token.owner}</dd>
      </div>
      {token.revoked_at === null && (
        <div>
          <dt>{hasExpired(token, now) ? "Expired" : "Expires"}</dt>
          <dd>{expires === null ? "Never" : <Time at={expires} now={now} future={!hasExpired(token, now)} />}</dd>
        </div>
      )}
      <div>
        <dt>Last used</dt>
        <dd>
          {used === null ? (
            "Never"
          ) : (
            <>
              <Time at={used} now={now} />
              <span class="quiet">{clientText(token.last_used_ip, token.last_used_user_agent)}</span>
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** What the caller may not do is disabled, with the reason. */
function TokenActions({ token, enabling, open }: { token: Token; enabling: Action; open: (dialog: OpenDialog) => void }) {
  const me = caller();
  const denied = whyNotChange(me, token);
  const notEdited = denied ?? whyNotEdit(token);
  const notEnabled = denied ?? whyNotEnable(me, token);
  const revoked = token.status === "revoked";
  const disabled = token.status === "disabled";
  const reasons = [revoked ? denied : notEdited, disabled ? notEnabled : null].filter((reason) => reason !== null);
  const button = (label: string, icon: IconName, dialog: OpenDialog, reason: string | null, className = "") => (
    <button type="button" class={className} disabled={reason !== null} aria-describedby={reason === null ? undefined : "why-not"} onClick={() => open(dialog)}>
      <Icon name={icon} />
      {label}
    </button>
  );
  return (
    <>
      <div class="actions">
        {!revoked && button("Rotate", "rotate", "rotate", notEdited, "primary")}
        {token.status === "active" && button("Disable", "pause", "disable", denied)}
        {disabled && (
          <button type="button" disabled={notEnabled !== null} aria-disabled={enabling.busy} aria-describedby={notEnabled === null ? undefined : "why-not"} onClick={enabling.submit}>
            <Icon name="play" />
            {enabling.busy ? "Enabling…" : "Enable"}
          </button>
        )}
        <NewTokenLink text="Duplicate" icon="copy" class="button" query={`?from=${token.id}`} />
        <span class="apart">
          {!revoked && button("Revoke", "ban", "revoke", denied, "danger")}
          {button("Delete", "trash", "delete", denied, "plain danger-link")}
        </span>
      </div>
      {reasons.length > 0 && (
        <p class="hint" id="why-not">
          {[...new Set(reasons)].join(" ")}
        </p>
      )}
    </>
  );
}
