// The events of a token, newest first.
import { useEffect, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { isRecord, Problem } from "../api/problem";
import type { Event, Grant, Token } from "../api/types";
import { grantLines } from "../domain/grants";
import { formatDateTime } from "../domain/time";
import { clientText, EVENTS, FIELDS, REVOKE_REASONS } from "../domain/labels";
import { Actor } from "../ui/actor";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { Time } from "../ui/time";
import { Diff } from "../ui/diff";

export function History({ token, version, now }: { token: Token; version: string; now: number }) {
  const [events, setEvents] = useState<Event[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  async function load(after: string | null) {
    setProblem(null);
    try {
      const query = after === null ? { limit: 20 } : { limit: 50, cursor: after };
      const { data } = await unwrap(api.GET("/tokens/{id}/events", { params: { path: { id: token.id }, query } }));
      const page = data.events as Event[];
      setEvents((before) => (after === null ? page : [...(before ?? []), ...page]));
      setCursor(data.next_cursor);
    } catch (error) {
      setProblem(Problem.from(error));
    }
  }
  useEffect(() => {
    void load(null);
  }, [token.id, version]);
  return (
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      {problem && <ProblemNote problem={problem} />}
      {events === null && problem === null && <Loading what="the history" />}
      {events?.length === 0 && <p>No activity yet</p>}
      {events !== null && events.length > 0 && (
        <ol class="timeline">
          {events.map((event) => (
            <li key={event.id} class={event.kind}>
              <p>
                <strong>{EVENTS[event.kind]}</strong>
                {event.by !== null && event.by !== `token:${token.id}` && (
                  <>
                    {" "}
                    by <Actor by={event.by} />
                  </>
                )}
                {clientText(event.source_ip, event.user_agent)}
                <span class="quiet">
                  {" "}
                  <Time at={event.at} now={now} />
                </span>
              </p>
              <Detail event={event} now={now} />
            </li>
          ))}
        </ol>
      )}
      {cursor !== null && (
        <button type="button" onClick={() => load(cursor)}>
          Load more
        </button>
      )}
    </section>
  );
}

function Detail({ event, now }: { event: Event; now: number }) {
  const detail: Record<string, unknown> = isRecord(event.detail) ? event.detail : {};
  const until = detail["previous_secret_until"];
  const reason = detail["reason"];
  const changes = Array.isArray(detail["changes"]) ? detail["changes"].filter(isRecord) : [];
  return (
    <>
      {event.kind === "secret_reuse" && (
        <p>
          A secret from before the last rotation was used: a client wasn’t updated, or the secret was stolen.
          {detail["disabled"] === true && " The token was disabled automatically."}
        </p>
      )}
      {event.kind === "rotated" && <p>{typeof until === "string" ? `The old secret ${Date.parse(until) > now ? "works" : "worked"} until ${formatDateTime(until)}.` : "The old secret stopped working immediately."}</p>}
      {event.kind === "disabled" && reason === "secret_reuse" && <p>Because an old secret was used.</p>}
      {event.kind === "revoked" && typeof reason === "string" && <p>{REVOKE_REASONS[reason as keyof typeof REVOKE_REASONS]}.</p>}
      {typeof detail["comment"] === "string" && <p>“{detail["comment"]}”</p>}
      {changes.map((change) => (
        <details key={String(change["field"])}>
          <summary>{FIELDS[String(change["field"])] ?? String(change["field"])}</summary>
          <Diff before={valueLines(change["field"], change["from"])} after={valueLines(change["field"], change["to"])} label="Before and after" showAll />
        </details>
      ))}
    </>
  );
}

function valueLines(field: unknown, value: unknown): string[] {
  if (field === "grants" && Array.isArray(value)) return grantLines(value as Grant[]);
  if (Array.isArray(value)) return value.length > 0 ? value.map(String) : ["any"];
  if (value === null) return [field === "expires_at" ? "never" : "none"];
  return field === "expires_at" ? [formatDateTime(String(value))] : String(value).split("\n");
}
