// Signing in at the operator's OpenID Connect provider: the code flow with PKCE (RFC 7636), with
// `state`, `nonce` and `iss` (RFC 9207) checked. Between the way there and the way back only
// what proves that both are one stands in the session storage; never a token.
import { isRecord } from "../api/problem";

const STORED = "portcullis.sign-in";

export interface Provider {
  issuer: string;
  clientId: string;
  scopes: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  revocationEndpoint: string | null;
  namesItself: boolean;
}

export interface Tokens {
  idToken: string;
  refreshToken: string | null;
  /** In milliseconds since 1970. */
  expiresAt: number;
}

interface Pending {
  state: string;
  nonce: string;
  verifier: string;
  hash: string;
}

/** What stood in the address when the provider sent the browser back. */
export interface Returned {
  parameters: URLSearchParams;
  pending: Pending | null;
}

/** Why signing in did not work, for the person who tried. */
export class SignInFailed extends Error {
  override name = "SignInFailed";
}

/** Takes the provider's answer out of the address and out of the storage, before anything else happens. */
export function takeReturned(): Returned | null {
  const parameters = new URLSearchParams(location.search);
  const stored = sessionStorage.getItem(STORED);
  sessionStorage.removeItem(STORED);
  if (!parameters.has("state") || !(parameters.has("code") || parameters.has("error"))) return null;
  const pending = stored === null ? null : readPending(stored);
  history.replaceState(null, "", `${location.pathname}${pending?.hash ?? location.hash}`);
  return { parameters, pending };
}

/** The provider that the service names, or null where people do not sign in. */
export async function discover(api: string): Promise<Provider | null> {
  const resource = await document(`${api}/.well-known/oauth-protected-resource`);
  const servers = resource["authorization_servers"];
  const issuer = Array.isArray(servers) ? string(servers[0]) : null;
  const clientId = string(resource["client_id"]);
  if (issuer === null || clientId === null) return null;
  const metadata = await document(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (metadata["issuer"] !== issuer) throw new SignInFailed("The sign-in provider does not call itself what the service calls it.");
  const authorizationEndpoint = string(metadata["authorization_endpoint"]);
  const tokenEndpoint = string(metadata["token_endpoint"]);
  if (authorizationEndpoint === null || tokenEndpoint === null) throw new SignInFailed("The sign-in provider does not say where to sign in.");
  const scopes = resource["scopes_supported"];
  return {
    issuer,
    clientId,
    scopes: Array.isArray(scopes) ? scopes.join(" ") : "openid",
    authorizationEndpoint,
    tokenEndpoint,
    revocationEndpoint: string(metadata["revocation_endpoint"]),
    namesItself: metadata["authorization_response_iss_parameter_supported"] === true,
  };
}

/** Sends the browser to the provider. */
export async function leaveForProvider(provider: Provider): Promise<void> {
  const pending: Pending = { state: random(), nonce: random(), verifier: random(), hash: location.hash || "#/tokens" };
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const url = new URL(provider.authorizationEndpoint);
  const question: Record<string, string> = {
    response_type: "code",
    client_id: provider.clientId,
    redirect_uri: redirectUri(),
    scope: provider.scopes,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(question)) url.searchParams.set(name, value);
  sessionStorage.setItem(STORED, JSON.stringify(pending));
  location.assign(url);
}

/** Turns what the provider sent back into tokens. */
export async function finish(provider: Provider, { parameters, pending }: Returned): Promise<Tokens> {
  if (pending === null || parameters.get("state") !== pending.state) {
    throw new SignInFailed("This sign-in was not begun in this tab, or was begun twice. Sign in once more.");
  }
  const issuer = parameters.get("iss");
  if (issuer === null ? provider.namesItself : issuer !== provider.issuer) {
    throw new SignInFailed("The answer came from another provider than the one that was asked. Sign in once more.");
  }
  const error = parameters.get("error");
  if (error !== null) throw new SignInFailed(refusal(error, parameters.get("error_description")));
  const answer = await tokenRequest(provider, {
    grant_type: "authorization_code",
    code: parameters.get("code") ?? "",
    redirect_uri: redirectUri(),
    code_verifier: pending.verifier,
  });
  return readTokens(provider, answer, pending.nonce, null);
}

export async function refresh(provider: Provider, refreshToken: string): Promise<Tokens> {
  const answer = await tokenRequest(provider, { grant_type: "refresh_token", refresh_token: refreshToken });
  return readTokens(provider, answer, null, refreshToken);
}

/** Ends a refresh token at the provider, as far as it can be. */
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
  if (response === null) throw new SignInFailed("The sign-in provider did not answer. Try again in a minute.");
  const answer: unknown = await response.json().catch(() => null);
  if (!isRecord(answer)) throw new SignInFailed("The sign-in provider's answer cannot be read. Try again in a minute.");
  if (!response.ok) throw new SignInFailed(refusal(string(answer["error"]) ?? "", string(answer["error_description"])));
  return answer;
}

/** The ID token came from the provider itself over its own connection, and the service checks its signature. */
function readTokens(provider: Provider, answer: Record<string, unknown>, nonce: string | null, before: string | null): Tokens {
  const idToken = string(answer["id_token"]);
  const claims = idToken === null ? null : readClaims(idToken);
  if (idToken === null || claims === null) throw new SignInFailed("The sign-in provider gave no session. Tell whoever runs this service.");
  const audience = claims["aud"];
  const forUs = Array.isArray(audience) ? audience.includes(provider.clientId) : audience === provider.clientId;
  const sameNonce = nonce === null || claims["nonce"] === nonce;
  if (claims["iss"] !== provider.issuer || !forUs || !sameNonce) {
    throw new SignInFailed("The session that came back is not the one that was asked for. Sign in once more.");
  }
  const expires = claims["exp"];
  return { idToken, refreshToken: string(answer["refresh_token"]) ?? before, expiresAt: typeof expires === "number" ? expires * 1000 : Date.now() };
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

function readPending(stored: string): Pending | null {
  let pending: unknown = null;
  try {
    pending = JSON.parse(stored);
  } catch {}
  if (!isRecord(pending)) return null;
  const { state, nonce, verifier, hash } = pending;
  const whole = [state, nonce, verifier, hash].every((value) => typeof value === "string");
  return whole ? { state, nonce, verifier, hash } as Pending : null;
}

function refusal(error: string, description: string | null): string {
  if (error === "access_denied") return "You were not signed in, because somebody said no at the sign-in provider.";
  if (error === "invalid_grant") return "The sign-in took too long or was used already. Sign in once more.";
  return `The sign-in provider refused${description ? `: ${description}` : ` (${error}).`}`;
}

async function document(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, { credentials: "omit", cache: "no-store" }).catch(() => null);
  const answer: unknown = await response?.json().catch(() => null);
  if (!response?.ok || !isRecord(answer)) throw new SignInFailed("Where people sign in cannot be found out: no answer. Try again in a minute.");
  return answer;
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
