// OpenID Connect sign-in: the authorization code flow with PKCE (RFC 7636), checking `state`,
// `nonce` and `iss` (RFC 9207). Session storage holds these values during the redirect, never a
// token.
import { isRecord } from "../api/problem";

const STORED = "portcullis.sign-in";
/** Milliseconds to wait for the sign-in settings, which a silent sign-in needs before the first page. */
const SETTINGS_TIMEOUT = 10_000;

export interface Provider {
  issuer: string;
  clientId: string;
  scopes: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  revocationEndpoint: string | null;
  sendsIssuer: boolean;
}

export interface Tokens {
  idToken: string;
  refreshToken: string | null;
  /** In milliseconds since 1970. */
  expiresAt: number;
}

/** What the provider may show: nothing, or the sign-in although it has a session. */
type Prompt = "none" | "login";

export interface PendingSignIn {
  state: string;
  nonce: string;
  verifier: string;
  hash: string;
  prompt?: Prompt | undefined;
}

/** A load of the page during a sign-in. */
export interface Callback {
  /** The parameters with which the provider redirected back; null if it did not. */
  parameters: URLSearchParams | null;
  pending: PendingSignIn | null;
}

/** A failed sign-in. The message is shown to the user. */
export class SignInError extends Error {
  override name = "SignInError";
}

/** The provider wants to ask the user, which a silent sign-in does not allow. */
export class InteractionRequired extends SignInError {}

/** The errors that mean so (OpenID Connect Core 1.0, 3.1.2.6). */
const INTERACTION_ERRORS = new Set(["login_required", "interaction_required", "consent_required", "account_selection_required"]);

/** Reads the provider's redirect, and removes it from the URL and the session storage. */
export function takeCallback(): Callback {
  const parameters = new URLSearchParams(location.search);
  const stored = sessionStorage.getItem(STORED);
  sessionStorage.removeItem(STORED);
  const pending = stored === null ? null : readPendingSignIn(stored);
  if (!parameters.has("state") || !(parameters.has("code") || parameters.has("error"))) return { parameters: null, pending };
  history.replaceState(null, "", `${location.pathname}${pending?.hash ?? location.hash}`);
  return { parameters, pending };
}

/** The issuer that the service names; null if single sign-on isn't set up. */
export async function readIssuer(api: string): Promise<string | null> {
  return (await readResource(api))?.issuer ?? null;
}

/** The provider that the service names; null if single sign-on isn't set up. */
export async function discover(api: string): Promise<Provider | null> {
  const resource = await readResource(api);
  if (resource === null) return null;
  const { issuer, clientId, scopes } = resource;
  const metadata = await fetchDocument(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (metadata["issuer"] !== issuer) throw new SignInError("The sign-in provider’s issuer doesn’t match this service’s settings. Contact your administrator.");
  const authorizationEndpoint = string(metadata["authorization_endpoint"]);
  const tokenEndpoint = string(metadata["token_endpoint"]);
  if (authorizationEndpoint === null || tokenEndpoint === null) throw new SignInError("The sign-in provider’s configuration is incomplete. Contact your administrator.");
  return {
    issuer,
    clientId,
    scopes,
    authorizationEndpoint,
    tokenEndpoint,
    revocationEndpoint: string(metadata["revocation_endpoint"]),
    sendsIssuer: metadata["authorization_response_iss_parameter_supported"] === true,
  };
}

/** The service's sign-in metadata (RFC 9728). */
async function readResource(api: string): Promise<Pick<Provider, "issuer" | "clientId" | "scopes"> | null> {
  const resource = await fetchDocument(`${api}/.well-known/oauth-protected-resource`);
  const servers = resource["authorization_servers"];
  const issuer = Array.isArray(servers) ? string(servers[0]) : null;
  const clientId = string(resource["client_id"]);
  const scopes = resource["scopes_supported"];
  if (issuer === null || clientId === null) return null;
  return { issuer, clientId, scopes: Array.isArray(scopes) ? scopes.join(" ") : "openid" };
}

/** Redirects the browser to the provider. */
export async function redirectToProvider(provider: Provider, prompt?: Prompt): Promise<void> {
  const pending: PendingSignIn = { state: random(), nonce: random(), verifier: random(), hash: location.hash || "#/tokens", prompt };
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const url = new URL(provider.authorizationEndpoint);
  const parameters: Record<string, string> = {
    response_type: "code",
    client_id: provider.clientId,
    redirect_uri: redirectUri(),
    scope: provider.scopes,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: "S256",
    ...(prompt && { prompt }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  sessionStorage.setItem(STORED, JSON.stringify(pending));
  // A silent sign-in leaves no entry to go back to.
  if (prompt === "none") location.replace(url);
  else location.assign(url);
}

/** Exchanges the provider's code for tokens. */
export async function exchangeCode(provider: Provider, parameters: URLSearchParams, pending: PendingSignIn | null): Promise<Tokens> {
  if (pending === null || parameters.get("state") !== pending.state) {
    throw new SignInError("This sign-in was started in another tab or already used. Please sign in again.");
  }
  const issuer = parameters.get("iss");
  if (issuer === null ? provider.sendsIssuer : issuer !== provider.issuer) {
    throw new SignInError("The response came from an unexpected provider. Please sign in again.");
  }
  const error = parameters.get("error");
  if (error !== null) {
    const message = refusal(error, parameters.get("error_description"));
    throw pending.prompt === "none" && INTERACTION_ERRORS.has(error) ? new InteractionRequired(message) : new SignInError(message);
  }
  const response = await tokenRequest(provider, {
    grant_type: "authorization_code",
    code: parameters.get("code") ?? "",
    redirect_uri: redirectUri(),
    code_verifier: pending.verifier,
  });
  return readTokens(provider, response, pending.nonce, null);
}

export async function refresh(provider: Provider, refreshToken: string): Promise<Tokens> {
  const response = await tokenRequest(provider, { grant_type: "refresh_token", refresh_token: refreshToken });
  return readTokens(provider, response, null, refreshToken);
}

/** Revokes a refresh token at the provider (RFC 7009). Errors are ignored. */
export async function revoke(provider: Provider, refreshToken: string): Promise<void> {
  if (provider.revocationEndpoint === null) return;
  const body = new URLSearchParams({ token: refreshToken, token_type_hint: "refresh_token", client_id: provider.clientId });
  await fetch(provider.revocationEndpoint, { method: "POST", body, credentials: "omit" }).catch(() => {});
}

function redirectUri(): string {
  return new URL(".", location.origin + location.pathname).href;
}

async function tokenRequest(provider: Provider, form: Record<string, string>): Promise<Record<string, unknown>> {
  const body = new URLSearchParams({ ...form, client_id: provider.clientId });
  const response = await fetch(provider.tokenEndpoint, { method: "POST", body, credentials: "omit", cache: "no-store" }).catch(() => null);
  if (response === null) throw new SignInError("The sign-in provider isn’t responding. Try again in a minute.");
  const fields: unknown = await response.json().catch(() => null);
  if (!isRecord(fields)) throw new SignInError("The sign-in provider sent an invalid response. Try again in a minute.");
  if (!response.ok) throw new SignInError(refusal(string(fields["error"]) ?? "", string(fields["error_description"])));
  return fields;
}

/** The signature is not checked here: the ID token came straight from the provider, and the service verifies it. */
function readTokens(provider: Provider, response: Record<string, unknown>, nonce: string | null, previousRefreshToken: string | null): Tokens {
  const idToken = string(response["id_token"]);
  const claims = idToken === null ? null : readClaims(idToken);
  if (idToken === null || claims === null) throw new SignInError("The sign-in provider returned no ID token. Contact your administrator.");
  const audience = claims["aud"];
  const forUs = Array.isArray(audience) ? audience.includes(provider.clientId) : audience === provider.clientId;
  const sameNonce = nonce === null || claims["nonce"] === nonce;
  if (claims["iss"] !== provider.issuer || !forUs || !sameNonce) {
    throw new SignInError("The sign-in response didn’t match the request. Please sign in again.");
  }
  const expires = claims["exp"];
  return { idToken, refreshToken: string(response["refresh_token"]) ?? previousRefreshToken, expiresAt: typeof expires === "number" ? expires * 1000 : Date.now() };
}

function readClaims(jwt: string): Record<string, unknown> | null {
  try {
    const payload = (jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(claims) ? claims : null;
  } catch {
    return null;
  }
}

function readPendingSignIn(stored: string): PendingSignIn | null {
  let pending: unknown = null;
  try {
    pending = JSON.parse(stored);
  } catch {}
  if (!isRecord(pending)) return null;
  const { state, nonce, verifier, hash, prompt } = pending;
  const complete = [state, nonce, verifier, hash].every((value) => typeof value === "string");
  return complete ? { state, nonce, verifier, hash, prompt } as PendingSignIn : null;
}

function refusal(error: string, description: string | null): string {
  if (error === "access_denied") return "Sign-in was cancelled or denied.";
  if (error === "invalid_grant") return "This sign-in expired or was already used. Please sign in again.";
  return `The sign-in provider returned an error: ${description ?? error}`;
}

async function fetchDocument(url: string): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(SETTINGS_TIMEOUT);
  const response = await fetch(url, { credentials: "omit", cache: "no-store", signal }).catch(() => null);
  const fields: unknown = await response?.json().catch(() => null);
  if (!response?.ok || !isRecord(fields)) throw new SignInError("Couldn’t load the sign-in settings. Try again in a minute.");
  return fields;
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function string(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
