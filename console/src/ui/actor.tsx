// Who made a change.
import { useEffect, useState } from "preact/hooks";
import { readTokenName } from "../data/token-names";
import { actor } from "../domain/labels";
import { tokenHash } from "../router";

/** A token is shown by its name, as a link, if the caller may see it. */
export function Actor({ by }: { by: string }) {
  const id = by.startsWith("token:") ? by.slice("token:".length) : null;
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    if (id !== null) void readTokenName(id).then((read) => current && setName(read));
    return () => {
      current = false;
    };
  }, [id]);
  return id !== null && name !== null ? <a href={tokenHash(id)}>{name}</a> : <>{actor(by)}</>;
}
