// The secret of a token that was just created or rotated. Leaving its page clears it.
import type { Token, TokenWithSecret } from "../api/types";
import { completeDeferredSignOut, deferSignOutWhile, onSignOut } from "../auth/session";

export interface NewSecret {
  secret: string;
  token: Token;
  origin: "created" | "rotated";
}

let newSecret: NewSecret | null = null;

onSignOut(clearNewSecret);
deferSignOutWhile(() => newSecret !== null);
addEventListener("pagehide", clearNewSecret);

/** Stores the secret for its page, and returns the token without it. */
export function setNewSecret(origin: NewSecret["origin"], { token: secret, ...token }: TokenWithSecret): Token {
  newSecret = { secret, token, origin };
  return token;
}

export function getNewSecret(): NewSecret | null {
  return newSecret;
}

export function clearNewSecret(): void {
  newSecret = null;
  completeDeferredSignOut();
}
