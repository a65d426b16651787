// The activity of all tokens: who did what, and when.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { ActivityEvent } from "../api/types";
import { caller } from "../auth/session";
import { readActivity, type Activity } from "../data/activity";
import { whyNotManage } from "../domain/abilities";
import { activityCsv, activityHash, activityJson, byDay, filterOf, parametersOf, PASSIVE, VERBS, type ActivityFilter } from "../domain/activity";
import { clientText, plural } from "../domain/labels";
import { exactTime, formatLongDate, formatTime, localDay } from "../domain/time";
import { replace, route } from "../router";
import { useStore } from "../store";
import { Actor, TokenLink } from "../ui/actor";
import { download } from "../ui/download";
import { EventDetail } from "../ui/event-detail";
import { Heading } from "../ui/heading";
import { LoadMore } from "../ui/load-more";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { showMessage } from "../ui/status-message";
import { useNow } from "../ui/time";
import { ActivityFilters } from "./activity-filters";

/** Events to add at a time. */
const STEP = 50;
/** Events in an export at most. */
const MAX_EXPORTED = 10_000;

export function ActivityPage() {
  const { query } = useStore(route);
  const filter = useMemo(() => filterOf(query), [query]);
  const now = useNow();
  const parameters = useMemo(() => parametersOf(filter, Date.now()), [filter]);
  const [activity, setActivity] = useState<Activity | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const run = useRef(0);
  const hidden = whyNotManage(caller());

  /** Loads further events; null if another filter was chosen before they came. */
  async function load(before: Activity | null, wanted: number): Promise<Activity | null> {
    const thisRun = ++run.current;
    setBusy(true);
    setProblem(null);
    try {
      const read = await readActivity(parameters, before, wanted);
      if (thisRun !== run.current) return null;
      setActivity(read);
      return read;
    } catch (error) {
      if (thisRun === run.current) setProblem(Problem.from(error));
      return null;
    } finally {
      if (thisRun === run.current) setBusy(false);
    }
  }
  useEffect(() => {
    setActivity(null);
    if (hidden === null) void load(null, STEP);
    return () => void run.current++;
  }, [parameters]);

  async function save(extension: string, type: string, format: (events: readonly ActivityEvent[]) => string) {
    let all = activity;
    while (all !== null && all.cursor !== null && all.items.length < MAX_EXPORTED) all = await load(all, 100);
    if (all === null) return;
    download(`activity-${localDay(new Date())}.${extension}`, type, format(all.items));
    if (all.cursor !== null) showMessage(`Exported the newest ${plural(all.items.length, "event")}. Choose a shorter period for the others.`);
  }

  const change = (part: Partial<ActivityFilter>) => replace(activityHash({ ...filter, ...part }));
  const events = activity?.items ?? [];
  const actors = [...new Set(events.flatMap(({ by }) => by ?? []))].toSorted();
  return (
    <>
      <Heading title="Activity">Activity</Heading>
      {hidden === null ? <ActivityFilters filter={filter} change={change} actors={actors} now={now} /> : <p class="note warn">{hidden}</p>}
      {problem && (
        <ProblemNote problem={problem}>
          {problem.status !== 403 && (
            <p>
              <button type="button" onClick={() => load(activity, STEP)}>
                Try again
              </button>
            </p>
          )}
        </ProblemNote>
      )}
      {activity !== null && (
        <div class="count quiet">
          <p role="status">{busy ? `Loading… ${plural(events.length, "event")} so far` : countText(activity)}</p>
          {events.length > 0 && !busy && (
            <>
              <button type="button" class="plain link" onClick={() => save("csv", "text/csv", activityCsv)}>
                Export CSV
              </button>
              <button type="button" class="plain link" onClick={() => save("json", "application/json", activityJson)}>
                Export JSON
              </button>
            </>
          )}
        </div>
      )}
      {activity === null && busy && <Loading what="the activity" />}
      {activity !== null && events.length === 0 && !busy && (
        <div class="empty">
          <h2>No matching events</h2>
          <p>{activity.cursor === null ? "Try a longer period, or other filters." : "None so far: the search can continue."}</p>
        </div>
      )}
      {byDay(events, (at) => localDay(new Date(at))).map(([day, ofDay]) => (
        <section key={day} aria-labelledby={`day-${day}`}>
          <h2 id={`day-${day}`} class="day">
            {formatLongDate(`${day}T12:00`)}
          </h2>
          <ol class="activity">
            {ofDay.map((event) => (
              <ActivityItem key={`${event.token_id}${event.id}`} event={event} now={now} />
            ))}
          </ol>
        </section>
      ))}
      {activity !== null && activity.cursor !== null && (
        <LoadMore busy={busy} more={() => void load(activity, STEP)} />
      )}
    </>
  );
}

function countText({ items, cursor }: Activity): string {
  return cursor === null ? plural(items.length, "event") : `The newest ${plural(items.length, "event")}`;
}

function ActivityItem({ event, now }: { event: ActivityEvent; now: number }) {
  const { kind, by, token_id: id, owner } = event;
  const verb = VERBS[kind];
  const token = (
    <strong>
      <TokenLink id={id}>
        <code>{id}</code>
      </TokenLink>
    </strong>
  );
  return (
    <li class={kind}>
      <time dateTime={event.at} title={exactTime(event.at)}>
        {formatTime(event.at)}
      </time>
      <div class="grow">
        <p>
          {by !== null && by !== `token:${id}` && verb !== undefined ? (
            <>
              <strong>
                <Actor by={by} />
              </strong>{" "}
              {verb} {token}
            </>
          ) : (
            <>
              {token} {PASSIVE[kind]}
            </>
          )}
        </p>
        <EventDetail event={event} now={now} />
        <p class="quiet">
          Owner: {owner}
          {(event.source_ip ?? event.user_agent) !== null && " ·"}
          {clientText(event.source_ip, event.user_agent)}
        </p>
      </div>
    </li>
  );
}
