// Client of the HTTP API. It adds the credential and throws a `Problem` for each error response.
import createClient, { type Middleware } from "openapi-fetch";
import { Problem } from "./problem";
import type { paths } from "./schema";

/** Base URL of the API. The console is served below it. */
export const API = new URL("..", document.baseURI).href.replace(/\/$/, "");

interface Authority {
  /** The current bearer token; null when signed out. */
  bearer(): Promise<string | null>;
  /** The service rejected this bearer token with 401. */
  refused(bearer: string | null): void;
}

let authority: Authority = { bearer: () => Promise.resolve(null), refused: () => {} };

export function authorizeWith(next: Authority): void {
  authority = next;
}

const credentials: Middleware = {
  async onRequest({ request }) {
    const bearer = await authority.bearer();
    if (bearer !== null) request.headers.set("Authorization", `Bearer ${bearer}`);
    return request;
  },
  onResponse({ request, response }) {
    const sent = request.headers.get("Authorization");
    if (response.status === 401) authority.refused(sent?.replace(/^Bearer /, "") ?? null);
  },
  /** The network failed, or the browser blocked the request. */
  onError({ request }) {
    const isRead = request.method === "GET" || request.url.endsWith("/explain");
    const isRepeatable = request.headers.has("Idempotency-Key");
    return Problem.local(isRead ? "unreachable" : isRepeatable ? "unreachable_repeatable" : "unreachable_change");
  },
};

export const api = createClient<paths>({
  baseUrl: API,
  cache: "no-store",
  credentials: "omit",
  referrerPolicy: "no-referrer",
});
api.use(credentials);

export interface ApiResponse<T> {
  data: T;
  etag: string;
}

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Returns the data of a successful response. Throws a `Problem` otherwise. */
export async function unwrap<T>(call: Promise<Result<T>>): Promise<ApiResponse<T>> {
  const { data, error, response } = await call.catch((failure: unknown) => {
    throw failure instanceof Problem ? failure : Problem.local("unexpected_response");
  });
  if (!response.ok) {
    const document = typeof error === "string" ? parseJson(error) : error;
    throw new Problem(response.status, document, response.headers.get("x-amzn-requestid"));
  }
  // The service only sends objects. Anything else comes from a proxy.
  if (response.status !== 204 && (typeof data !== "object" || data === null)) throw Problem.local("unexpected_response");
  return { data: data as T, etag: response.headers.get("etag") ?? "" };
}

/** Like `unwrap`, but retries up to 4 times with backoff on 429 and 5xx. Only for reads, and for changes that can be repeated. */
export async function unwrapWithRetry<T>(call: () => Promise<Result<T>>): Promise<ApiResponse<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await unwrap(call());
    } catch (error) {
      const busy = error instanceof Problem && (error.status === 429 || error.status >= 500);
      if (!busy || attempt === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
