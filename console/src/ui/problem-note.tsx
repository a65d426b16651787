// An error message with advice on what to do.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/problem";
import { ErrorList } from "./error-list";

const NO_FIELDS: readonly string[] = [];

/** `fields` are left out: their form fields show their errors. */
export function ProblemNote({ problem, fields = NO_FIELDS, children }: { problem: Problem; fields?: readonly string[]; children?: ComponentChildren }) {
  const note = useRef<HTMLDivElement>(null);
  const listed = problem.beside(fields);
  const highlighted = new Set(problem.errors.filter((error) => !listed.includes(error)).map(({ field }) => field.replace(/\[\d+\]$/, ""))).size;
  useEffect(() => note.current?.scrollIntoView({ block: "nearest" }), [problem]);
  return (
    <div ref={note} class="note bad" role="alert">
      <p>
        <strong>{problem.kind === "invalid_request" && highlighted > 0 ? fixText(highlighted) : problem.title}.</strong> {problem.detail} {problem.remedy}
      </p>
      <ErrorList errors={listed} named />
      {children}
      {problem.requestId && problem.status >= 500 && (
        <p class="quiet">
          Request ID: <code>{problem.requestId}</code>
        </p>
      )}
    </div>
  );
}

function fixText(count: number): string {
  return count === 1 ? "Fix the highlighted field" : `Fix the ${count} highlighted fields`;
}
