// The small parts that every page is made of: times, notes, fields, copying, what was just done.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { onSignOut } from "../auth/session";
import { Problem } from "../api/problem";
import type { FieldError, Token } from "../api/types";
import { concernText, CONCERNS, type Concern, type Facts } from "../domain/concerns";
import { atTime, exactly, fromNow } from "../domain/time";
import { DISABLED_BECAUSE, STATUSES } from "../domain/labels";
import { createStore, useStore } from "../store";

/** The time of now, anew every half minute. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** A time in the viewer's zone; the exact one on hover. */
export function Time({ at, now }: { at: string; now?: number }) {
  return (
    <time dateTime={at} title={exactly(at)}>
      {now === undefined ? atTime(at) : fromNow(at, now)}
    </time>
  );
}

export function StatusBadge({ token }: { token: Token }) {
  const why = token.disabled_reason === null ? undefined : DISABLED_BECAUSE[token.disabled_reason];
  return (
    <span class={`badge ${token.status}`} title={why}>
      {STATUSES[token.status]}
    </span>
  );
}

export function ConcernMark({ concern, token, facts, now }: { concern: Concern; token: Token; facts: Facts | undefined; now: number }) {
  return (
    <span class={`mark ${concern}`} title={CONCERNS[concern]}>
      {concernText(concern, token, facts, now)}
    </span>
  );
}

const NO_FIELDS: readonly string[] = [];

/** What went wrong, and what one can do; `fields` say what is wrong with them by themselves. */
export function ProblemNote({ problem, fields = NO_FIELDS, children }: { problem: Problem; fields?: readonly string[]; children?: ComponentChildren }) {
  const note = useRef<HTMLDivElement>(null);
  useEffect(() => note.current?.scrollIntoView({ block: "nearest" }), [problem]);
  return (
    <div ref={note} class="note bad" role="alert">
      <p>
        <strong>{problem.title}.</strong> {problem.detail}
      </p>
      <ErrorList errors={problem.beside(fields)} named />
      <p>{problem.remedy}</p>
      {children}
      {problem.requestId && problem.status >= 500 && (
        <p class="quiet">
          Request <code>{problem.requestId}</code>
        </p>
      )}
    </div>
  );
}

function ErrorList({ errors, named = false }: { errors: readonly FieldError[]; named?: boolean }) {
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

export interface FieldIds {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

/** A label, its control, a hint, and what is wrong with it. */
export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  errors?: readonly FieldError[];
  optional?: boolean;
  children: (ids: FieldIds) => ComponentChildren;
}) {
  const id = useId();
  const errors = props.errors ?? [];
  const described = [props.hint ? `${id}-hint` : "", errors.length > 0 ? `${id}-errors` : ""].filter(Boolean).join(" ");
  const ids: FieldIds = { id, "aria-describedby": described || undefined, "aria-invalid": errors.length > 0 || undefined };
  return (
    <div class="field">
      <label for={id}>
        {props.label}
        {props.optional && <span class="quiet"> (optional)</span>}
      </label>
      {props.children(ids)}
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      <div id={`${id}-errors`}>
        <ErrorList errors={errors} />
      </div>
    </div>
  );
}

/** What is wrong with a group of controls. */
export function GroupErrors({ errors }: { errors: readonly FieldError[] }) {
  return <ErrorList errors={errors} />;
}

export function CopyButton({ text, label, onCopied, primary = false }: { text: string; label: string; onCopied?: () => void; primary?: boolean }) {
  const [state, setState] = useState<"ready" | "copied" | "failed">("ready");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
      onCopied?.();
    } catch {
      setState("failed");
    }
  }
  useEffect(() => {
    if (state !== "copied") return undefined;
    const timer = setTimeout(() => setState("ready"), 4000);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <>
      <button type="button" class={primary ? "primary" : ""} onClick={copy} aria-label={label}>
        {state === "copied" ? "Copied" : "Copy"}
      </button>
      <span class="unseen" role="status">
        {state === "copied" ? "Copied" : ""}
      </span>
      {state === "failed" && <span class="hint">The browser did not allow it: select the text and copy it by hand.</span>}
    </>
  );
}

const said = createStore<string>("");
onSignOut(() => said.set(""));

/** Tells what was just done, on whatever page one is then. */
export function say(text: string): void {
  said.set("");
  said.set(text);
}

export function Said() {
  const text = useStore(said);
  useEffect(() => {
    const timer = setTimeout(() => said.set(""), 8000);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="said" role="status">
      {text && (
        <p>
          {text} <button type="button" class="plain" aria-label="Dismiss" onClick={() => said.set("")}>✕</button>
        </p>
      )}
    </div>
  );
}

/** The page's own heading: named in the title, and where reading begins after a change of page. */
export function Heading({ children, title }: { children: ComponentChildren; title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Portcullis`;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      Loading {what}…
    </p>
  );
}
