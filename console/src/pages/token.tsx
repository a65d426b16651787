// One token: everything that is known of it, and what can be done with it.
import { useCallback, useEffect, useState } from "preact/hooks";
import { answer, api } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog } from "../api/types";
import { readCatalogIfAllowed } from "../data/catalog";
import { facts, forgetFacts, wantFacts } from "../data/token-insights";
import { noteToken, readToken, withEtag, type TokenWithEtag } from "../data/tokens";
import { concerns } from "../domain/concerns";
import { actor, describeClient, DISABLED_BECAUSE, REVOKE_REASONS } from "../domain/labels";
import { useStore } from "../store";
import { ConcernMark } from "../ui/concern-mark";
import { CopyButton } from "../ui/copy-button";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { StatusBadge } from "../ui/status-badge";
import { say } from "../ui/status-message";
import { Time, useNow } from "../ui/time";
import { Reach } from "../ui/reach";
import { DeleteDialog, DisableDialog, RevokeDialog, RotateDialog } from "./token-dialogs";
import { Editable } from "./token-edit";
import { Explain } from "./token-explain";
import { History } from "./token-history";
import type { TokenPartProps } from "./token-props";
import { UsageSection } from "./token-usage";

type Ask = "rotate" | "disable" | "revoke" | "delete";

export function TokenPage({ id }: { id: string }) {
  const [known, setKnown] = useState<TokenWithEtag | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const read = useCallback(async () => {
    try {
      // Another address would be another call's.
      if (!/^[0-9A-Za-z]{16}$/.test(id)) throw new Problem(404, { title: "Not found", detail: "No token has such an id." }, null);
      const now = await readToken(id);
      setKnown(now);
      setProblem(null);
      noteToken(now.token);
      return now;
    } catch (error) {
      setProblem(Problem.from(error));
      return null;
    }
  }, [id]);
  useEffect(() => {
    void read();
  }, [read]);
  return (
    <>
      <p class="back">
        <a href="#/tokens">All tokens</a>
      </p>
      {problem && (
        <>
          {known === null && <Heading title="Token">The token cannot be shown</Heading>}
          <ProblemNote problem={problem}>
            <button type="button" onClick={read}>
              Try again
            </button>
          </ProblemNote>
        </>
      )}
      {known === null && problem === null && <Loading what="the token" />}
      {known !== null && <Shown known={known} setKnown={setKnown} read={read} />}
    </>
  );
}

function Shown({ known, setKnown, read }: { known: TokenWithEtag; setKnown: (known: TokenWithEtag) => void; read: TokenPartProps["read"] }) {
  const { token } = known;
  const now = useNow();
  const fact = useStore(facts).get(token.id);
  const [catalog, setCatalog] = useState<Catalog | null>(null);
  const [asking, setAsking] = useState<Ask | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const found = concerns(token, fact, now);
  const ended = token.status === "revoked";
  useEffect(() => {
    readCatalogIfAllowed().then(setCatalog, () => {});
  }, []);
  useEffect(() => wantFacts([token]), [token]);

  const changed = (next: TokenWithEtag, said: string) => {
    forgetFacts(token.id);
    setKnown(next);
    noteToken(next.token);
    setAsking(null);
    say(said);
  };
  async function enable() {
    setProblem(null);
    try {
      const enabled = await answer(api.POST("/tokens/{id}/enable", { params: { path: { id: token.id } } }));
      changed(withEtag(enabled), `“${token.name}” is enabled.`);
    } catch (error) {
      setProblem(Problem.from(error));
    }
  }
  const dialog = { known, now, read, onClose: () => setAsking(null), onDone: changed };

  return (
    <article class="token">
      <div class="title">
        <Heading title={token.name}>{token.name}</Heading>
        <StatusBadge token={token} />
      </div>
      <p class="beside">
        <code>{token.id}</code> <CopyButton text={token.id} label="Copy the id" />
      </p>
      {token.status === "disabled" && token.disabled_reason !== null && (
        <p class="note warn">
          It opens nothing now: {DISABLED_BECAUSE[token.disabled_reason]}
          {token.disabled_by !== null && `, by ${actor(token.disabled_by)}`}
          {token.disabled_at !== null && (
            <>
              , <Time at={token.disabled_at} now={now} />
            </>
          )}
          .{token.disabled_reason === "secret_reuse" && " Find out who has the old secret before you enable it: its next use disables the token again."}
        </p>
      )}
      {ended && token.revoked_at !== null && (
        <p class="note">
          Revoked <Time at={token.revoked_at} now={now} />
          {token.revoked_by !== null && ` by ${actor(token.revoked_by)}`}.{token.revoked_reason !== null && ` ${REVOKE_REASONS[token.revoked_reason]}.`}
          {token.revoked_comment !== null && ` “${token.revoked_comment}”`}
        </p>
      )}
      <div class="actions">
        {!ended && (
          <button type="button" onClick={() => setAsking("rotate")}>
            Rotate
          </button>
        )}
        {token.status === "active" && (
          <button type="button" onClick={() => setAsking("disable")}>
            Disable
          </button>
        )}
        {token.status === "disabled" && (
          <button type="button" onClick={enable}>
            Enable
          </button>
        )}
        {!ended && (
          <button type="button" class="danger" onClick={() => setAsking("revoke")}>
            Revoke
          </button>
        )}
        <button type="button" class="danger" onClick={() => setAsking("delete")}>
          Delete
        </button>
      </div>
      {problem && <ProblemNote problem={problem} />}
      {/* Below the buttons: what comes late must not move them while they are clicked. */}
      {found.length > 0 && (
        <p class="marks">
          {found.map((concern) => (
            <ConcernMark key={concern} {...{ concern, token, now }} facts={fact} />
          ))}
        </p>
      )}
      <div class="columns">
        <section aria-labelledby="facts">
          <h2 id="facts">What is known</h2>
          <Editable known={known} catalog={catalog} now={now} read={read} onDone={changed} />
          <dl class="facts">
            <dt>Owner</dt>
            <dd class="lines">{token.owner}</dd>
            <dt>Last used</dt>
            <dd>
              {token.last_used_at === null ? (
                "Never"
              ) : (
                <>
                  <Time at={token.last_used_at} now={now} />
                  {describeClient(token.last_used_ip, token.last_used_user_agent)}
                </>
              )}
            </dd>
            <dt>Created</dt>
            <dd>
              <Time at={token.created_at} now={now} /> by {actor(token.created_by)}
              {token.via !== null && ` for ${token.via}`}
            </dd>
            {token.rotated_at !== null && (
              <>
                <dt>Secret</dt>
                <dd>
                  Rotated <Time at={token.rotated_at} now={now} />
                  {token.previous_secret_until !== null && (
                    <>
                      ; the one before works until <Time at={token.previous_secret_until} />
                    </>
                  )}
                </dd>
              </>
            )}
          </dl>
        </section>
        <section aria-labelledby="can-call">
          <h2 id="can-call">What it can call</h2>
          {token.status !== "active" && <p class="hint">Nothing while it is {token.status}; if it were active:</p>}
          <Reach catalog={catalog} grants={token.grants} />
        </section>
      </div>
      <UsageSection known={known} now={now} onDone={changed} read={read} />
      <Explain token={token} />
      <History token={token} version={known.etag} now={now} />
      {asking === "rotate" && <RotateDialog {...dialog} />}
      {asking === "disable" && <DisableDialog {...dialog} />}
      {asking === "revoke" && <RevokeDialog {...dialog} />}
      {asking === "delete" && <DeleteDialog {...dialog} />}
    </article>
  );
}
