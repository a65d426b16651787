// The expiration field: a preset number of days, a date, or never.
import { useId } from "preact/hooks";
import type { FieldError } from "../api/types";
import { formatDateTime, DAY, endOfDay, localDay } from "../domain/time";
import { Choice } from "./choice";
import { FieldGroup } from "./field";

export type Expiry = { kind: "keep" } | { kind: "days"; days: number } | { kind: "date"; day: string } | { kind: "never" };

const PRESET_DAYS = [7, 30, 60, 90];

/** The fields of a request that creates or rotates a token. */
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

/** What is wrong with the value, before it is sent. */
export function expiryErrors(expiry: Expiry): FieldError[] {
  return expiry.kind === "date" && endOfDay(expiry.day) === null ? [{ field: "expires_at", message: "Pick a date." }] : [];
}

export function ExpiryField(props: { value: Expiry; onChange: (value: Expiry) => void; errors: readonly FieldError[]; keep?: string; now: number }) {
  const { value, onChange, now } = props;
  const name = useId();
  const tomorrow = localDay(new Date(now + DAY));
  const choice = (label: string, selected: boolean, next: Expiry) => (
    <Choice name={name} label={label} checked={selected} onChange={() => onChange(next)} />
  );
  return (
    <FieldGroup label="Expiration" errors={props.errors}>
      <div class="choices">
        {props.keep !== undefined && choice(props.keep, value.kind === "keep", { kind: "keep" })}
        {PRESET_DAYS.map((days) => choice(`${days} days`, value.kind === "days" && value.days === days, { kind: "days", days }))}
        {choice("Custom date", value.kind === "date", { kind: "date", day: localDay(new Date(now + 30 * DAY)) })}
        {choice("Never", value.kind === "never", { kind: "never" })}
      </div>
      {value.kind === "days" && <p class="hint">Expires {formatDateTime(new Date(now + value.days * DAY))}</p>}
      {value.kind === "date" && (
        <label class="beside">
          Expires at the end of{" "}
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
          A token that never expires stays usable forever if it leaks. Set an expiration and rotate before then: only the secret changes.
        </p>
      )}
    </FieldGroup>
  );
}
