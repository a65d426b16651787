// What of a token is used, as a picture by day, and taking away the rest.
import { useEffect, useState } from "preact/hooks";
import { answer, api } from "../api/client";
import { Problem } from "../api/problem";
import type { Usage } from "../api/types";
import { withEtag } from "../data/tokens";
import { grantLines } from "../domain/grants";
import { DAY, onUtcDay } from "../domain/time";
import { ActionDialog } from "../ui/action-dialog";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { Options } from "../ui/choice";
import { Diff } from "../ui/diff";
import type { TokenPartProps } from "./token-props";

const SPANS = [7, 30, 90, 365];

export function UsageSection({ known, now, read, onDone }: TokenPartProps) {
  const { token, etag } = known;
  const [days, setDays] = useState(90);
  const [usage, setUsage] = useState<Usage | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    let current = true;
    answer(api.GET("/tokens/{id}/usage", { params: { path: { id: token.id }, query: { days } } })).then(
      ({ data }) => current && setUsage(data),
      (error: unknown) => current && setProblem(Problem.from(error)),
    );
    return () => {
      current = false;
    };
  }, [token.id, etag, days]);
  const changeable = token.status === "active" || token.status === "disabled";
  const before = grantLines(token.grants);
  const after = usage === null ? before : grantLines(usage.suggested_grants);
  const tight = before.join("\n") === after.join("\n");
  return (
    <section aria-labelledby="usage">
      <h2 id="usage">What it uses</h2>
      {problem && <ProblemNote problem={problem} />}
      {usage === null && problem === null && <Loading what="its usage" />}
      {usage !== null && (
        <>
          <p>
            {usage.summary}.{" "}
            <label>
              Look back{" "}
              <select value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
                <Options of={SPANS.map((span) => [String(span), `${span} days`])} />
              </select>
            </label>
          </p>
          {!usage.complete && <p class="note warn">Not every use is known, because gateways remember answers, or there were too many kinds of use.</p>}
          <Picture usage={usage} now={now} />
          {changeable && usage.used > 0 && usage.complete && !tight && (
            <p>
              <button type="button" onClick={() => setAsking(true)}>
                Take away what it does not use
              </button>
            </p>
          )}
          {changeable && usage.used > 0 && tight && <p class="hint">It has no more than it uses.</p>}
          {asking && (
            <TightenDialog {...{ known, usage, before, after, read, onDone }} onClose={() => setAsking(false)} />
          )}
        </>
      )}
    </section>
  );
}

/** A line of days for each permission. The service keeps the last day of each. */
function Picture({ usage, now }: { usage: Usage; now: number }) {
  const today = Math.floor(now / DAY);
  const first = today - usage.days + 1;
  const ordered = usage.permissions.toSorted((a, b) => (b.last_used_on ?? "").localeCompare(a.last_used_on ?? "") || a.permission.localeCompare(b.permission));
  return (
    <table class="usage">
      <caption>The last day, in UTC, on which each permission was used</caption>
      <thead>
        <tr>
          <th scope="col">Permission</th>
          <th scope="col">
            <span class="days">
              <span>{onUtcDay(isoDay(first))}</span>
              <span>{onUtcDay(isoDay(today))}</span>
            </span>
          </th>
          <th scope="col">Last used on</th>
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
              <td>{day === null ? "Not yet" : <time dateTime={day}>{onUtcDay(day)}</time>}</td>
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

function TightenDialog({ known, usage, before, after, read, onDone, onClose }: TightenProps) {
  async function tighten() {
    const params = { path: { id: known.token.id }, header: { "If-Match": known.etag } };
    const tightened = await answer(api.POST("/tokens/{id}/tighten", { params, body: { days: usage.days } }));
    onClose();
    onDone(withEtag(tightened), "It has now no more than it uses.");
  }
  const readAgain = async ({ status }: Problem) => status === 412 && read();
  return (
    <ActionDialog title="Take away what it does not use?" does="Take it away" onClose={onClose} act={tighten} onFailed={readAgain}>
      {() => (
        <>
          <p>
            {usage.summary}. What runs more rarely than every {usage.days} days, a yearly job perhaps, is not among that: look at what goes.
          </p>
          <Diff before={before} after={after} label="What it may do, before and after" whole />
        </>
      )}
    </ActionDialog>
  );
}
