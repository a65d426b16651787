// A token's requests per day, as a heat strip of 13 weeks and as a table.
import { useState } from "preact/hooks";
import type { DailyCounts } from "../api/types";
import { countedPermissions, heatLevel, requestsByDay, total } from "../domain/daily-counts";
import { plural } from "../domain/labels";
import { formatUtcDay } from "../domain/time";
import { Options } from "../ui/choice";

const ALL = "";

export function RequestsPerDay({ counts, now }: { counts: readonly DailyCounts[]; now: number }) {
  const [chosen, setChosen] = useState(ALL);
  if (counts.length === 0) return null;
  const days = requestsByDay(counts, chosen === ALL ? null : chosen, now);
  const numbers = days.map(({ requests }) => requests);
  const max = Math.max(...numbers);
  const used = days.filter(({ requests }) => requests > 0);
  const summary = `${plural(total(numbers), "request")} on ${plural(used.length, "day")}, at most ${plural(max, "request")} a day`;
  const permissions = countedPermissions(counts).map((permission) => [permission, permission] as const);
  return (
    <>
      <h3>Requests per day</h3>
      <p>
        <label>
          {plural(total(numbers), "request")} in 13 weeks with{" "}
          <select value={chosen} onChange={(event) => setChosen(event.currentTarget.value)}>
            <Options of={[[ALL, "any permission"], ...permissions]} />
          </select>
        </label>
      </p>
      <div class="heat" role="img" aria-label={summary}>
        {days.map(({ day, requests }) => (
          <i key={day} class={`heat-${heatLevel(requests, max)}`} title={`${formatUtcDay(day)}: ${plural(requests, "request")}`} />
        ))}
      </div>
      <p class="hint">A column is a week, and today (UTC) is last. Counts can be too low, and leave out requests answered from a gateway’s cache.</p>
      <details>
        <summary>Show as a table</summary>
        <table class="counts">
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Requests</th>
            </tr>
          </thead>
          <tbody>
            {used.toReversed().map(({ day, requests }) => (
              <tr key={day}>
                <th scope="row">
                  <time dateTime={day}>{formatUtcDay(day)}</time>
                </th>
                <td>{new Intl.NumberFormat().format(requests)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}
