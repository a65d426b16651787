// The errors of one field or of a whole request.
import type { FieldError } from "../api/types";

export function ErrorList({ errors, named = false }: { errors: readonly FieldError[]; named?: boolean }) {
  if (errors.length === 0) return null;
  return (
    <ul class="errors">
      {errors.map(({ field, message }) => (
        <li key={field + message}>
          {named ? <code>{field}</code> : entry(field)} {message}
        </li>
      ))}
    </ul>
  );
}

/** Which entry of a list is meant, counted as people count. */
function entry(field: string): string {
  const index = /\[(\d+)\]$/.exec(field)?.[1];
  return index === undefined ? "" : `No. ${Number(index) + 1}`;
}
