// The session. The credential is a variable of this module and stored nowhere else. After a reload and in
// a new tab, the provider signs the user in again without a page, while its own session lasts.
import { API, api, authorizeWith, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Caller } from "../api/types";
import { providerName } from "../domain/provider-name";
import { createStore } from "../store";
import { forgetSignIn, hasSignedOut, lastIssuer, rememberSignIn, rememberSignOut } from "./last-sign-in";
import { discover, exchangeCode, InteractionRequired, readIssuer, redirectToProvider, refresh, revoke, SignInError, takeCallback } from "./oidc";
import type { PendingSignIn, Provider, Tokens } from "./oidc";

type Credential = { kind: "token"; secret: string } | { kind: "session"; provider: Provider; tokens: Tokens };

export type Session =
  | { state: "starting" }
  /** `why` is a message for the user; `byUser` is whether the user signed out. */
  | { state: "out"; why: string | null; byUser: boolean }
  | { state: "in"; me: Caller };

export const session = createStore<Session>({ state: "starting" });

let credential: Credential | null = null;
let refreshing: Promise<void> | null = null;
const signOutListeners = new Set<(byUser: boolean) => void>();

/** Registers a function that clears data of the user on sign-out, by the user or because the session expired. */
export function onSignOut(listener: (byUser: boolean) => void): void {
  signOutListeners.add(listener);
}

/** Whether a sign-out must wait, because a new secret is still shown. */
let isSignOutDeferred: () => boolean = () => false;
/** The reason of a sign-out that waits. */
let deferredReason: string | null = null;

export function deferSignOutWhile(condition: () => boolean): void {
  isSignOutDeferred = condition;
}

export function completeDeferredSignOut(): void {
  const why = deferredReason;
  deferredReason = null;
  if (why !== null) endSession(why);
}

/** Keeps the owner's unsaved entries when the session expires; null if there are none. */
let keepDrafts: (owner: string) => "kept" | "lost" | null = () => null;

export function keepDraftsWith(keep: typeof keepDrafts): void {
  keepDrafts = keep;
}

/** Sessions are refreshed this many milliseconds before they expire. */
const REFRESH_MARGIN = 60_000;
/** The console warns this many milliseconds before the session expires. */
const EXPIRY_WARNING = 5 * 60_000;

authorizeWith({
  async bearer() {
    if (credential?.kind !== "session") return credential?.secret ?? null;
    if (credential.tokens.expiresAt - REFRESH_MARGIN < Date.now() && credential.tokens.refreshToken !== null) {
      refreshing ??= renew(credential.provider, credential.tokens.refreshToken).finally(() => {
        refreshing = null;
      });
      await refreshing;
    }
    return credential?.kind === "session" ? credential.tokens.idToken : null;
  },
  refused(bearer) {
    const current = credential?.kind === "session" ? credential.tokens.idToken : credential?.secret;
    const now = session.get();
    if (now.state !== "in" || bearer !== current) return;
    const why =
      credential?.kind === "token"
        ? "This token has expired, or was disabled or revoked. Sign in again."
        : "Your session has expired. Sign in again to continue where you left off.";
    if (isSignOutDeferred()) {
      deferredReason = why;
      return;
    }
    const drafts = keepDrafts(now.me.owner);
    endSession(drafts === null ? why : `${why} Your unsaved changes ${drafts === "kept" ? "are kept in this tab" : "were lost"}.`);
  },
});

const SIGNED_OUT: Session = { state: "out", why: null, byUser: true };

/** Starts the console: completes a sign-in if the provider has just redirected back, or begins a silent one. */
export async function start(): Promise<void> {
  const { parameters, pending } = takeCallback();
  try {
    if (parameters !== null) await completeSignIn(parameters, pending);
    // A sign-in that did not come back is not tried again: nothing redirects in a loop.
    else if (pending !== null || !(await signInSilently())) session.set(SIGNED_OUT);
  } catch (error) {
    forgetSignIn();
    if (error instanceof InteractionRequired) session.set(SIGNED_OUT);
    else endSession(signInErrorText(error));
  }
}

async function completeSignIn(parameters: URLSearchParams, pending: PendingSignIn | null): Promise<void> {
  const provider = await discoverProvider();
  credential = { kind: "session", provider, tokens: await exchangeCode(provider, parameters, pending) };
  await loadCaller();
  rememberSignIn(provider.issuer);
}

/** Leaves for the provider at which this browser last signed in, to come back without a page. False if there is none. */
async function signInSilently(): Promise<boolean> {
  const issuer = lastIssuer();
  const provider = issuer && (await discover(API));
  if (!provider || provider.issuer !== issuer) return false;
  await redirectToProvider(provider, "none");
  return true;
}

export async function signIn(): Promise<void> {
  await redirectToProvider(await discoverProvider(), hasSignedOut() ? "login" : undefined);
}

/** Leaves for the provider before the session expires. Unsaved entries are kept. */
export async function signInAgain(): Promise<void> {
  const provider = await discoverProvider();
  const now = session.get();
  if (now.state === "in") keepDrafts(now.me.owner);
  await redirectToProvider(provider);
}

/** Whether the session is about to expire and nothing but a new sign-in prevents that. */
export function isExpiring(me: Caller, now: number): boolean {
  const isRenewed = credential?.kind === "session" && credential.tokens.refreshToken !== null;
  return me.expires_at !== null && Date.parse(me.expires_at) - now < EXPIRY_WARNING && !isRenewed;
}

async function discoverProvider(): Promise<Provider> {
  const provider = await discover(API);
  if (provider === null) throw new SignInError("Single sign-on isn’t set up. Use an API token.");
  return provider;
}

/** The name of the sign-in provider; null if single sign-on isn't set up. */
export async function readProviderName(): Promise<string | null> {
  const issuer = await readIssuer(API);
  return issuer && providerName(issuer, API);
}

const NOT_ACCEPTED = "That token wasn’t accepted. It may be incomplete, expired, disabled or revoked.";

/** The API token that the user entered is not valid. */
export class RejectedToken extends Error {}

export async function signInWithToken(secret: string): Promise<void> {
  credential = { kind: "token", secret };
  try {
    await loadCaller();
  } catch (error) {
    credential = null;
    if (error instanceof Problem && error.status === 401) throw new RejectedToken(NOT_ACCEPTED);
    throw error;
  }
  // Reloading must not continue as the provider's user.
  forgetSignIn();
}

export function signOut(): void {
  const last = credential;
  endSession("You’ve signed out.", true);
  if (last?.kind !== "session") return;
  rememberSignOut();
  if (last.tokens.refreshToken !== null) void revoke(last.provider, last.tokens.refreshToken);
}

/** The message for a failed sign-in. */
export function signInErrorText(error: unknown): string {
  if (error instanceof SignInError || error instanceof RejectedToken) return error.message;
  const problem = Problem.from(error);
  if (problem.status === 401) return NOT_ACCEPTED;
  return `${problem.title}. ${problem.remedy}`;
}

async function loadCaller(): Promise<void> {
  const { data } = await unwrap(api.GET("/me"));
  session.set({ state: "in", me: data });
}

async function renew(provider: Provider, refreshToken: string): Promise<void> {
  try {
    const tokens = await refresh(provider, refreshToken);
    if (credential?.kind === "session") {
      credential = { kind: "session", provider, tokens };
      updateExpiration(tokens);
    }
  } catch {
    // Keep the current ID token: it is valid until the service rejects it.
    if (credential?.kind === "session") credential = { ...credential, tokens: { ...credential.tokens, refreshToken: null } };
  }
}

/** Updates the session's expiration. */
function updateExpiration(tokens: Tokens): void {
  const now = session.get();
  if (now.state !== "in" || now.me.principal_type !== "session") return;
  session.set({ state: "in", me: { ...now.me, expires_at: new Date(tokens.expiresAt).toISOString() } });
}

function endSession(why: string, byUser = false): void {
  credential = null;
  deferredReason = null;
  for (const listener of signOutListeners) listener(byUser);
  session.set({ state: "out", why, byUser });
}

/** The signed-in caller. Throws when signed out. */
export function caller(): Caller {
  const now = session.get();
  if (now.state !== "in") throw new Error("not signed in");
  return now.me;
}
