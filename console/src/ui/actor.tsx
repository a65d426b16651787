// Who made a change, and which token an event is about.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { readTokenName } from "../data/token-names";
import { activityHash } from "../domain/activity";
import { actor } from "../domain/labels";
import { tokenHash } from "../router";

/** A token is shown by its name, as a link, if the caller may see it. Users and trust rules link to what they did. */
export function Actor({ by }: { by: string }) {
  if (by.startsWith("token:")) return <TokenLink id={by.slice("token:".length)}>{actor(by)}</TokenLink>;
  return by.includes(":") ? <a href={activityHash({ actor: by })}>{actor(by)}</a> : <>{actor(by)}</>;
}

/** A token's name, as a link; the children until it is known, and if the token was deleted. */
export function TokenLink({ id, children }: { id: string; children: ComponentChildren }) {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    setName(null);
    void readTokenName(id).then((read) => current && setName(read));
    return () => {
      current = false;
    };
  }, [id]);
  return name === null ? <>{children}</> : <a href={tokenHash(id)}>{name}</a>;
}
