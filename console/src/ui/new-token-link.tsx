// A link to the form for a new token, which `query` fills in. Disabled, with the reason, if the caller may not create tokens.
import { caller } from "../auth/session";
import { whyNotCreate } from "../domain/abilities";
import { Icon, type IconName } from "./icon";

interface Props {
  text: string;
  class?: string;
  current?: boolean;
  query?: string;
  icon?: IconName;
}

export function NewTokenLink({ text, class: className, current = false, query = "", icon }: Props) {
  const denied = whyNotCreate(caller());
  const disabled = denied === null ? { href: `#/new${query}` } : { role: "link" as const, "aria-disabled": true, title: denied };
  return (
    <a class={className} aria-current={current ? "page" : undefined} {...disabled}>
      {icon && <Icon name={icon} />}
      {text}
    </a>
  );
}
