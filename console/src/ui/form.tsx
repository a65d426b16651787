// A form with one action.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Action } from "./use-action";

/** After an error, the first invalid field takes the focus. */
export function Form(props: { action: Action; class?: string; onEscape?: () => void; children: ComponentChildren }) {
  const { busy, problem, submit } = props.action;
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (busy || problem === null) return;
    const invalid = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    const control = invalid?.matches("fieldset") ? (invalid.querySelector<HTMLElement>("[data-invalid]") ?? invalid.querySelector<HTMLElement>("input, select, textarea")) : invalid;
    control?.focus();
  }, [busy]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the keys are those of the controls inside
    <form
      ref={form}
      {...(props.class === undefined ? {} : { class: props.class })}
      noValidate
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !busy) props.onEscape?.();
        // Enter chooses nothing, so it must not submit either.
        if (event.key === "Enter" && event.target instanceof HTMLInputElement && ["checkbox", "radio"].includes(event.target.type)) event.preventDefault();
      }}
    >
      {props.children}
    </form>
  );
}

/** While the action runs, the button keeps the focus and shows `pending`, such as “Saving…”. With `focus`, it has the focus when its dialog opens. */
export function SubmitButton(props: { action: Action; label: string; pending: string; class?: string; denied?: boolean; focus?: boolean }) {
  const { busy } = props.action;
  return (
    <button type="submit" autofocus={props.focus} class={props.class ?? "primary"} disabled={props.denied ?? false} aria-disabled={busy}>
      {busy ? props.pending : props.label}
    </button>
  );
}
