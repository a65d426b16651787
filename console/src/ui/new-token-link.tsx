// A link to the form for a new token. Disabled, with the reason, if the caller may not create tokens.
import { caller } from "../auth/session";
import { whyNotCreate } from "../domain/abilities";

export function NewTokenLink({ text, class: className, current = false }: { text: string; class?: string; current?: boolean }) {
  const denied = whyNotCreate(caller());
  const disabled = denied === null ? { href: "#/new" } : { role: "link" as const, "aria-disabled": true, title: denied };
  return (
    <a class={className} aria-current={current ? "page" : undefined} {...disabled}>
      {text}
    </a>
  );
}
