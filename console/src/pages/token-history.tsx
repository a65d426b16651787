// The events of a token, newest first.
import { useEffect, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Event, Token } from "../api/types";
import { clientText, EVENTS } from "../domain/labels";
import { activityHash } from "../domain/activity";
import { Actor } from "../ui/actor";
import { EventDetail } from "../ui/event-detail";
import { LoadMore } from "../ui/load-more";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { Time } from "../ui/time";

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
              <EventDetail event={event} now={now} />
            </li>
          ))}
        </ol>
      )}
      {cursor !== null && (
        <LoadMore busy={false} more={() => void load(cursor)} />
      )}
      <p>
        <a href={activityHash({ actor: `token:${token.id}` })}>What this token did to other tokens</a>
      </p>
    </section>
  );
}
