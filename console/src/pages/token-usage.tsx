// The usage of a token by permission, the removal of unused permissions, and recent denials.
import { useEffect, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Usage } from "../api/types";
import { caller } from "../auth/session";
import { withEtag } from "../data/tokens";
import { whyNotChange, whyNotEdit } from "../domain/abilities";
import { grantLines } from "../domain/grants";
import { plural } from "../domain/labels";
import { DAY, formatUtcDay } from "../domain/time";
import { ActionDialog } from "../ui/action-dialog";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { Options } from "../ui/choice";
import { Diff } from "../ui/diff";
import { Denials } from "./token-denials";
import { RequestsPerDay } from "./token-requests";
import type { AddGrant, TokenPartProps } from "./token-props";

const SPANS = [7, 30, 90, 365];

export function UsageSection({ loaded, now, read, onDone, onAdd }: TokenPartProps & { onAdd: AddGrant }) {
  const { token, etag } = loaded;
  const [days, setDays] = useState(90);
  const [usage, setUsage] = useState<Usage | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [confirming, setConfirming] = useState(false);
  useEffect(() => {
    let current = true;
    unwrap(api.GET("/tokens/{id}/usage", { params: { path: { id: token.id }, query: { days } } })).then(
      ({ data }) => current && setUsage(data),
      (error: unknown) => current && setProblem(Problem.from(error)),
    );
    return () => {
      current = false;
    };
  }, [token.id, etag, days]);
  const isLive = token.status === "active" || token.status === "disabled";
  const changeable = isLive && whyNotChange(caller(), token) === null && whyNotEdit(token) === null;
  const before = grantLines(token.grants);
  const after = usage === null ? before : grantLines(usage.suggested_grants);
  const allUsed = before.join("\n") === after.join("\n");
  return (
    <>
      <section aria-labelledby="usage">
        <h2 id="usage">Usage</h2>
        {problem && <ProblemNote problem={problem} />}
        {usage === null && problem === null && <Loading what="the usage" />}
        {usage !== null && (
          <>
            <p>
              <label>
                {usage.used} of {plural(usage.permissions.length, "permission")} used in the last{" "}
                <select value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
                  <Options of={SPANS.map((span) => [String(span), `${span} days`])} />
                </select>
              </label>
            </p>
            {!usage.complete && <p class="note warn">Usage is incomplete: gateways cache decisions, or there were too many distinct uses.</p>}
            <UsageChart usage={usage} now={now} />
            {changeable && usage.used > 0 && usage.complete && !allUsed && (
              <p>
                <button type="button" onClick={() => setConfirming(true)}>
                  Remove unused permissions
                </button>
              </p>
            )}
            {changeable && usage.used > 0 && allUsed && <p class="hint">All permissions are in use.</p>}
            <RequestsPerDay counts={usage.daily_counts} now={now} />
            {confirming && (
              <TightenDialog {...{ loaded, usage, before, after, read, onDone }} onClose={() => setConfirming(false)} />
            )}
          </>
        )}
      </section>
      {usage !== null && <Denials denials={usage.recent_denials} {...{ token, now, onAdd }} />}
    </>
  );
}

/** A timeline for each permission, with the day of its last use. */
function UsageChart({ usage, now }: { usage: Usage; now: number }) {
  const today = Math.floor(now / DAY);
  const first = today - usage.days + 1;
  const ordered = usage.permissions.toSorted((a, b) => (b.last_used_on ?? "").localeCompare(a.last_used_on ?? "") || a.permission.localeCompare(b.permission));
  return (
    <table class="usage">
      <caption>Last use per permission (UTC)</caption>
      <thead>
        <tr>
          <th scope="col">Permission</th>
          <th scope="col">
            <span class="days">
              <span>{formatUtcDay(isoDay(first))}</span>
              <span>{formatUtcDay(isoDay(today))}</span>
            </span>
          </th>
          <th scope="col">Last used</th>
        </tr>
      </thead>
      <tbody>
        {ordered.map(({ permission, last_used_on: day }) => {
          const place = day === null ? -1 : Math.floor(Date.parse(`${day}T00:00:00Z`) / DAY) - first;
          return (
            <tr key={permission}>
              <th scope="row">
                <code>{permission}</code>
              </th>
              <td>
                <span class={`track ${place < 0 ? "none" : ""}`} aria-hidden="true">
                  {place >= 0 && <span class="used-on" style={{ left: `${((place + 0.5) / usage.days) * 100}%` }} />}
                </span>
              </td>
              <td>{day === null ? "Never" : <time dateTime={day}>{formatUtcDay(day)}</time>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function isoDay(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

type TightenProps = Omit<TokenPartProps, "now"> & { usage: Usage; before: string[]; after: string[]; onClose: () => void };

function TightenDialog({ loaded, usage, before, after, read, onDone, onClose }: TightenProps) {
  async function tighten() {
    const params = { path: { id: loaded.token.id }, header: { "If-Match": loaded.etag } };
    const tightened = await unwrap(api.POST("/tokens/{id}/tighten", { params, body: { days: usage.days } }));
    onClose();
    onDone(withEtag(tightened), "Unused permissions removed.");
  }
  const readAgain = async ({ status }: Problem) => status === 412 && read();
  return (
    <ActionDialog title="Remove unused permissions?" label="Remove" pending="Removing…" onClose={onClose} act={tighten} onFailed={readAgain}>
      {() => (
        <>
          <p>
            {usage.summary}. Jobs that run less often than every {usage.days} days don’t show up here. Check what will be removed.
          </p>
          <Diff before={before} after={after} label="Permissions, before and after" showAll />
        </>
      )}
    </ActionDialog>
  );
}
