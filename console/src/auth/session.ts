// Who is signed in. The credential stands in this module's memory alone: a reload, a closed tab
// and signing out all forget it.
import { answer, api, API, authorizeWith } from "../api/client";
import { Problem } from "../api/problem";
import type { Caller } from "../api/types";
import { holdsSomething } from "../router";
import { createStore } from "../store";
import { discover, finish, leaveForProvider, refresh, revoke, SignInFailed, takeReturned } from "./oidc";
import type { Provider, Tokens } from "./oidc";

type Credential = { kind: "token"; secret: string } | { kind: "session"; provider: Provider; tokens: Tokens };

export type Session =
  | { state: "starting" }
  /** `why` is a sentence about how it came to that; `wanted`, whether the person did it. */
  | { state: "out"; why: string | null; wanted: boolean }
  | { state: "in"; me: Caller };

export const session = createStore<Session>({ state: "starting" });

let credential: Credential | null = null;
let refreshing: Promise<void> | null = null;
const forgetters = new Set<() => void>();

/** What is to be forgotten, too, when somebody signs out. */
export function onSignOut(forgetter: () => void): void {
  forgetters.add(forgetter);
}

/** What is still to be seen through (a secret that is shown once) though the service refuses the session. */
let held: () => boolean = () => false;
let endedWhy: string | null = null;

export function holdSession(whether: () => boolean): void {
  held = whether;
}

export function letSessionGo(): void {
  const why = endedWhy;
  endedWhy = null;
  if (why !== null) forget(why);
}

/** A minute before a session ends, another one is fetched. */
const EARLY = 60_000;

authorizeWith({
  async bearer() {
    if (credential?.kind !== "session") return credential?.secret ?? null;
    if (credential.tokens.expiresAt - EARLY < Date.now() && credential.tokens.refreshToken !== null) {
      refreshing ??= renew(credential.provider, credential.tokens.refreshToken).finally(() => {
        refreshing = null;
      });
      await refreshing;
    }
    return credential?.kind === "session" ? credential.tokens.idToken : null;
  },
  refused(bearer) {
    const current = credential?.kind === "session" ? credential.tokens.idToken : credential?.secret;
    if (session.get().state !== "in" || bearer !== current) return;
    const why =
      credential?.kind === "token"
        ? "The service does not take this token any more: it has ended or was disabled. Sign in again."
        : "Your session has ended. Sign in again, and you are back where you were.";
    if (held()) endedWhy = why;
    else forget(holdsSomething() ? `${why} What you had entered and not saved is lost.` : why);
  },
});

/** Called first of all: takes up a sign-in that the provider has just answered. */
export async function start(): Promise<void> {
  const returned = takeReturned();
  if (returned === null) {
    session.set({ state: "out", why: null, wanted: true });
    return;
  }
  try {
    const provider = await discover(API);
    if (provider === null) throw new SignInFailed("This service has no sign-in provider. Use an API token.");
    credential = { kind: "session", provider, tokens: await finish(provider, returned) };
    await enter();
  } catch (error) {
    forget(sentence(error));
  }
}

export async function signIn(): Promise<void> {
  const provider = await discover(API);
  if (provider === null) throw new SignInFailed("This service has no sign-in provider. Use an API token.");
  await leaveForProvider(provider);
}

/** Whether there is a provider to sign in at; true as well where that cannot be found out just now. */
export async function hasProvider(): Promise<boolean> {
  return (await discover(API).catch(() => undefined)) !== null;
}

export async function signInWithToken(secret: string): Promise<void> {
  credential = { kind: "token", secret };
  try {
    await enter();
  } catch (error) {
    credential = null;
    throw error;
  }
}

export function signOut(): void {
  const last = credential;
  forget("You are signed out. Nothing of the session is left in this browser tab.", true);
  if (last?.kind === "session" && last.tokens.refreshToken !== null) void revoke(last.provider, last.tokens.refreshToken);
}

/** Why signing in failed, in a sentence or two. */
export function sentence(error: unknown): string {
  if (error instanceof SignInFailed) return error.message;
  const problem = Problem.from(error);
  if (problem.status === 401) return "The service does not take it. Check that it is whole and has not ended.";
  return [problem.detail ?? `${problem.title}.`, problem.remedy].join(" ");
}

async function enter(): Promise<void> {
  const { data } = await answer(api.GET("/me"));
  session.set({ state: "in", me: data });
}

async function renew(provider: Provider, refreshToken: string): Promise<void> {
  try {
    const tokens = await refresh(provider, refreshToken);
    if (credential?.kind === "session") {
      credential = { kind: "session", provider, tokens };
      nextSession(tokens);
    }
  } catch {
    // The session of before goes on until the service refuses it, which then says so.
    if (credential?.kind === "session") credential = { ...credential, tokens: { ...credential.tokens, refreshToken: null } };
  }
}

/** Shows until when the session lasts now. */
function nextSession(tokens: Tokens): void {
  const now = session.get();
  if (now.state !== "in" || now.me.principal_type !== "session") return;
  session.set({ state: "in", me: { ...now.me, expires_at: new Date(tokens.expiresAt).toISOString() } });
}

function forget(why: string, wanted = false): void {
  credential = null;
  endedWhy = null;
  for (const forgetter of forgetters) forgetter();
  session.set({ state: "out", why, wanted });
}

/** The caller, on pages that are shown to somebody who is signed in. */
export function caller(): Caller {
  const now = session.get();
  if (now.state !== "in") throw new Error("nobody is signed in");
  return now.me;
}
