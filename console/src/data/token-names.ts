// Names of tokens that events are about, or that made changes.
import { onSignOut } from "../auth/session";
import { readToken, tokenList } from "./tokens";

let names = new Map<string, Promise<string | null>>();
onSignOut(() => (names = new Map()));

/** Calls in flight at most. */
const MAX_CONCURRENT = 4;
let running = 0;
const waiting: (() => void)[] = [];

/** Waits until fewer than MAX_CONCURRENT calls are in flight. */
async function limited<T>(call: () => Promise<T>): Promise<T> {
  if (running >= MAX_CONCURRENT) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await call();
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/** The token's name; null if the caller may not see the token. */
export function readTokenName(id: string): Promise<string | null> {
  const listed = tokenList.get().tokens.find((token) => token.id === id);
  if (listed) return Promise.resolve(listed.name);
  const name = names.get(id) ?? limited(() => readToken(id)).then(({ token }) => token.name, () => null);
  names.set(id, name);
  return name;
}
