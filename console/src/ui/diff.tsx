// A difference, line by line: not told by colour alone.
import { diffLines, folded } from "../domain/diff";

const SIGN = { same: " ", removed: "−", added: "+" } as const;
const SAID = { same: "", removed: "Taken away: ", added: "Added: " } as const;

export function Diff({ before, after, label, whole = false }: { before: readonly string[]; after: readonly string[]; label: string; whole?: boolean }) {
  const lines = diffLines(before, after);
  const shown = whole ? lines : folded(lines);
  if (lines.every(({ kind }) => kind === "same") && !whole) return <p>Nothing is different.</p>;
  return (
    // It scrolls, and so has to be reached by keyboard.
    <ol class="diff" aria-label={label} tabIndex={0}>
      {shown.map((line, index) =>
        line === null ? (
          <li key={index} class="left-out">
            …
          </li>
        ) : (
          <li key={index} class={line.kind}>
            <span aria-hidden="true">{SIGN[line.kind]}</span>
            <span class="unseen">{SAID[line.kind]}</span>
            <code>{line.text}</code>
          </li>
        ),
      )}
    </ol>
  );
}
