// Filters of the activity.
import { caller } from "../auth/session";
import { actorFrom, PERIODS, type ActivityFilter } from "../domain/activity";
import { covers } from "../domain/grants";
import { actor, EVENTS } from "../domain/labels";
import { DAY, localDay } from "../domain/time";
import { Options } from "../ui/choice";

interface Props {
  filter: ActivityFilter;
  change: (part: Partial<ActivityFilter>) => void;
  /** Actors to suggest. */
  actors: readonly string[];
  now: number;
}

export function ActivityFilters({ filter, change, actors, now }: Props) {
  const isCustom = filter.days === "";
  return (
    <div class="filters" role="search">
      <label>
        Period{" "}
        <select
          value={filter.days}
          onChange={({ currentTarget: { value } }) => change(value === "" ? { days: "", from: localDay(new Date(now - 7 * DAY)), to: localDay(new Date(now)) } : { days: value, from: "", to: "" })}
        >
          <Options of={Object.entries(PERIODS)} />
          <option value="">Custom dates</option>
        </select>
      </label>
      {isCustom && <DayField label="From" value={filter.from} onChange={(from) => change({ from })} />}
      {isCustom && <DayField label="To" value={filter.to} onChange={(to) => change({ to })} />}
      <label>
        Event{" "}
        <select value={filter.kind} onChange={(event) => change({ kind: event.currentTarget.value as ActivityFilter["kind"] })}>
          <option value="">All events</option>
          <Options of={Object.entries(EVENTS)} />
        </select>
      </label>
      {/* Applied on Enter and when the field is left: each change is a call. */}
      <label class="grow">
        By{" "}
        <input type="search" list="actors" placeholder="User or token ID" spellcheck={false} autocomplete="off" value={shown(filter.actor)} onChange={(event) => change({ actor: actorFrom(event.currentTarget.value) })} />
        <datalist id="actors">
          {actors.map((by) => (
            <option key={by} value={shown(by)}>
              {actor(by)}
            </option>
          ))}
        </datalist>
      </label>
      {covers(caller().grants, "tokens:admin", "tokens") && (
        <label class="grow">
          Owner{" "}
          <input type="search" placeholder="All owners" spellcheck={false} autocomplete="off" value={filter.owner} onChange={(event) => change({ owner: event.currentTarget.value.trim() })} />
        </label>
      )}
    </div>
  );
}

/** The text that stands for an actor in the field. */
const shown = (by: string): string => (actorFrom(by.replace(/^session:/, "")) === by ? by.replace(/^session:/, "") : by);

function DayField({ label, value, onChange }: { label: string; value: string; onChange: (day: string) => void }) {
  return (
    <label>
      {label} <input type="date" value={value} required onChange={(event) => event.currentTarget.value && onChange(event.currentTarget.value)} />
    </label>
  );
}
