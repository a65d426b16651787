// The errors of one field or of a whole request.
import type { EntryError } from "../api/problem";

export function ErrorList({ errors, named = false }: { errors: readonly EntryError[]; named?: boolean }) {
  if (errors.length === 0) return null;
  return (
    <ul class="errors">
      {errors.map(({ field, message, entry }) => (
        <li key={field + message}>
          {named ? (
            <>
              <code>{field}</code> {message}
            </>
          ) : entry !== undefined ? (
            <>
              <code>{entry}</code> {message}
              {message.endsWith(".") ? "" : "."}
            </>
          ) : (
            sentence(`${entryText(field)}${message}`)
          )}
        </li>
      ))}
    </ul>
  );
}

/** The service's messages are parts of a sentence. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

/** The entry that the error is about, counted from 1. */
function entryText(field: string): string {
  const index = /\[(\d+)\]$/.exec(field)?.[1];
  return index === undefined ? "" : `Entry ${Number(index) + 1} `;
}
