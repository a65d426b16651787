// A line diff. Signs and hidden text mark the changes, not only colour.
import { diffLines, onlyChanges } from "../domain/diff";

const SIGN = { same: " ", removed: "−", added: "+" } as const;
const SPOKEN = { same: "", removed: "Removed: ", added: "Added: " } as const;

export function Diff({ before, after, label, showAll = false }: { before: readonly string[]; after: readonly string[]; label: string; showAll?: boolean }) {
  const lines = diffLines(before, after);
  const shown = showAll ? lines : onlyChanges(lines);
  if (lines.every(({ kind }) => kind === "same") && !showAll) return <p>No changes</p>;
  return (
    // Focusable, so that it can be scrolled by keyboard.
    <ol class="diff" aria-label={label} tabIndex={0}>
      {shown.map((line, index) =>
        line === null ? (
          <li key={index} class="left-out">
            …
          </li>
        ) : (
          <li key={index} class={line.kind}>
            <span aria-hidden="true">{SIGN[line.kind]}</span>
            <span class="unseen">{SPOKEN[line.kind]}</span>
            <code>{line.text}</code>
          </li>
        ),
      )}
    </ol>
  );
}
