// The one secret that has just been made, until its page is left: then nothing has it any more.
import type { Token, TokenWithSecret } from "../api/types";
import { holdSession, letSessionGo, onSignOut } from "../auth/session";

export interface Fresh {
  secret: string;
  token: Token;
  made: "created" | "rotated";
}

let fresh: Fresh | null = null;

onSignOut(dropSecret);
holdSession(() => fresh !== null);
addEventListener("pagehide", dropSecret);

/** Keeps a secret for the page that shows it, and gives the token without it. */
export function keepSecret(made: Fresh["made"], { token: secret, ...token }: TokenWithSecret): Token {
  fresh = { secret, token, made };
  return token;
}

export function currentSecret(): Fresh | null {
  return fresh;
}

export function dropSecret(): void {
  fresh = null;
  letSessionGo();
}
