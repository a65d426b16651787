// When a token ends: a usual number of days, a date of one's own, or never.
import { useId } from "preact/hooks";
import type { FieldError } from "../api/types";
import { DAY, endOfDay, localDay, onDate } from "../domain/time";
import { ErrorList } from "./error-list";
import { Choice } from "./choice";

export type Expiry = { kind: "keep" } | { kind: "days"; days: number } | { kind: "date"; day: string } | { kind: "never" };

const USUAL = [7, 30, 60, 90];

/** As the API takes it, for a token that is made or rotated. */
export function expiryFields(expiry: Expiry): { expires_in?: string; expires_at?: string | null } {
  switch (expiry.kind) {
    case "keep":
      return {};
    case "days":
      return { expires_in: `${expiry.days}d` };
    case "date":
      return { expires_at: endOfDay(expiry.day) ?? "" };
    case "never":
      return { expires_at: null };
  }
}

export function ExpiryField(props: { value: Expiry; onChange: (value: Expiry) => void; errors: readonly FieldError[]; keep?: string; now: number }) {
  const { value, onChange, now } = props;
  const name = useId();
  const tomorrow = localDay(new Date(now + DAY));
  const choice = (label: string, selected: boolean, next: Expiry) => (
    <Choice name={name} label={label} checked={selected} onChange={() => onChange(next)} />
  );
  return (
    <fieldset class="field">
      <legend>Expires</legend>
      <div class="choices">
        {props.keep !== undefined && choice(props.keep, value.kind === "keep", { kind: "keep" })}
        {USUAL.map((days) => choice(`${days} days`, value.kind === "days" && value.days === days, { kind: "days", days }))}
        {choice("On a date", value.kind === "date", { kind: "date", day: localDay(new Date(now + 30 * DAY)) })}
        {choice("Never", value.kind === "never", { kind: "never" })}
      </div>
      {value.kind === "days" && <p class="hint">It ends on {onDate(new Date(now + value.days * DAY))}.</p>}
      {value.kind === "date" && (
        <label class="beside">
          Last day{" "}
          <input
            type="date"
            min={tomorrow}
            max="9999-12-31"
            value={value.day}
            required
            onInput={(event) => onChange({ kind: "date", day: event.currentTarget.value })}
          />
        </label>
      )}
      {value.kind === "never" && (
        <p class="note warn">
          A token that never ends works for whoever finds it, in whichever year. Choose an end, and rotate it before: that keeps everything but the
          secret.
        </p>
      )}
      <ErrorList errors={props.errors} />
    </fieldset>
  );
}
