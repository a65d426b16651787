// Names of the tokens that made changes.
import { onSignOut } from "../auth/session";
import { readToken, tokenList } from "./tokens";

let names = new Map<string, Promise<string | null>>();
onSignOut(() => (names = new Map()));

/** The token's name; null if the caller may not see the token. */
export function readTokenName(id: string): Promise<string | null> {
  const listed = tokenList.get().tokens.find((token) => token.id === id);
  if (listed) return Promise.resolve(listed.name);
  const name = names.get(id) ?? readToken(id).then(({ token }) => token.name, () => null);
  names.set(id, name);
  return name;
}
