// Calls of the HTTP API: where it is, with which credential, and an exception for each answer
// that is not a success.
import createClient, { type Middleware } from "openapi-fetch";
import { Problem } from "./problem";
import type { paths } from "./schema";

/** The API's own URL: the console is served right below it. */
export const API = new URL("..", document.baseURI).href.replace(/\/$/, "");

interface Authority {
  /** The bearer token of this moment; null where nobody is signed in. */
  bearer(): Promise<string | null>;
  /** The service does not take it any more. */
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
};

export const api = createClient<paths>({
  baseUrl: API,
  cache: "no-store",
  credentials: "omit",
  referrerPolicy: "no-referrer",
});
api.use(credentials);

export interface Answer<T> {
  data: T;
  etag: string;
}

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer to a call, or a `Problem`. */
export async function answer<T>(call: Promise<Result<T>>): Promise<Answer<T>> {
  const { data, error, response } = await call.catch((): never => {
    throw Problem.unanswered();
  });
  if (!response.ok) {
    const document = typeof error === "string" ? parsed(error) : error;
    throw new Problem(response.status, document, response.headers.get("x-amzn-requestid"));
  }
  // Whatever the service has to say is an object; anything else comes from somebody on the way.
  if (response.status !== 204 && (typeof data !== "object" || data === null)) throw Problem.unexpected();
  return { data: data as T, etag: response.headers.get("etag") ?? "" };
}

/** As `answer`, again after a while where the service is busy: for reads. */
export async function patiently<T>(call: () => Promise<Result<T>>): Promise<Answer<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await answer(call());
    } catch (error) {
      const busy = error instanceof Problem && (error.status === 429 || error.status >= 500);
      if (!busy || attempt === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
