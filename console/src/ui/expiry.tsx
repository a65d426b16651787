// The expiration field: a preset number of days, a date, or never.
import { useId } from "preact/hooks";
import type { FieldError } from "../api/types";
import { caller } from "../auth/session";
import { plural } from "../domain/labels";
import { lifetimes } from "../domain/lifetimes";
import { formatDate, formatDateTime, DAY, endOfDay, localDay, toSecond } from "../domain/time";
import { Choice } from "./choice";
import { Field, FieldGroup } from "./field";

export type Expiry = { kind: "keep" } | { kind: "days"; days: number } | { kind: "date"; day: string } | { kind: "never" };

/** The expiration of a new token or secret: the deployment's default, within the caller's limits. */
export function initialExpiry(): Expiry {
  const { preselected } = lifetimes(caller(), Date.now());
  return preselected === null ? { kind: "keep" } : { kind: "days", days: preselected };
}

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

/** The expiration of an existing token: null is never. Not for "keep" and incomplete dates. */
export function expirationOf(expiry: Expiry): string | null {
  if (expiry.kind === "date") return endOfDay(expiry.day);
  return expiry.kind === "days" ? toSecond(new Date(Date.now() + expiry.days * DAY)) : null;
}

/** What is wrong with the value, before it is sent. */
export function expiryErrors(expiry: Expiry): FieldError[] {
  if (expiry.kind !== "date") return [];
  const end = endOfDay(expiry.day);
  const { latest } = lifetimes(caller(), Date.now());
  if (end === null) return [{ field: "expires_at", message: "Pick a date." }];
  if (latest === null || Date.parse(end) <= latest) return [];
  return [{ field: "expires_at", message: `Pick a date up to ${formatDate(lastDayBefore(latest))}.` }];
}

/** A time on the last day that ends by then. */
const lastDayBefore = (latest: number): Date => new Date(latest - DAY + 1000);

export function ExpiryField(props: { value: Expiry; onChange: (value: Expiry) => void; errors: readonly FieldError[]; keep?: string; now: number }) {
  const { value, onChange, now } = props;
  const name = useId();
  const why = useId();
  const { presets, latest, reason } = lifetimes(caller(), now);
  const tomorrow = localDay(new Date(now + DAY));
  const inAMonth = localDay(new Date(now + 30 * DAY));
  const lastDay = latest === null ? "9999-12-31" : localDay(lastDayBefore(latest));
  const choice = (label: string, selected: boolean, next: Expiry) => (
    <Choice name={name} label={label} checked={selected} onChange={() => onChange(next)} />
  );
  return (
    <FieldGroup label="Expiration" errors={value.kind === "date" ? [] : props.errors}>
      <div class="choices">
        {props.keep !== undefined && choice(props.keep, value.kind === "keep", { kind: "keep" })}
        {presets.map((days) => choice(plural(days, "day"), value.kind === "days" && value.days === days, { kind: "days", days }))}
        {choice("Custom date", value.kind === "date", { kind: "date", day: inAMonth < lastDay ? inAMonth : lastDay })}
        <Choice name={name} label="Never" checked={value.kind === "never"} onChange={() => onChange({ kind: "never" })} disabledBy={latest === null ? undefined : why} />
      </div>
      {latest !== null && (
        <p class="hint" id={why}>
          {reason}
        </p>
      )}
      {value.kind === "days" && <p class="hint">Expires {formatDateTime(new Date(now + value.days * DAY))}</p>}
      {value.kind === "date" && (
        <Field label="Expires at the end of" errors={props.errors}>
          {(ids) => (
            <input
              {...ids}
              type="date"
              min={tomorrow}
              max={lastDay}
              value={value.day}
              required
              onInput={(event) => onChange({ kind: "date", day: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      {value.kind === "never" && (
        <p class="note warn">
          A token that never expires stays usable forever if it leaks. Set an expiration and rotate before then: only the secret changes.
        </p>
      )}
    </FieldGroup>
  );
}
