// Changes of several tokens, one call after the other. All of them can be repeated.
import { api, unwrapWithRetry } from "../api/client";
import { Problem } from "../api/problem";
import type { Grounds, Token } from "../api/types";

const MAX_CONCURRENT = 4;

/** Changes a token, and returns it. */
export type Change = (token: Token) => Promise<Token>;

/** Changes the tokens in their order until `isStopped`. `settled` gets each changed token, or the one that failed and why. */
export async function changeAll(tokens: readonly Token[], change: Change, settled: (token: Token, problem: Problem | null) => void, isStopped: () => boolean): Promise<void> {
  const queue = [...tokens];
  const work = async () => {
    while (!isStopped()) {
      const token = queue.shift();
      if (!token) return;
      try {
        settled(await change(token), null);
      } catch (error) {
        settled(token, Problem.from(error));
      }
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, work));
}

/** `onEffective` gets the time from which no request with the token is allowed. */
export function revocation(body: Grounds, flush: boolean, onEffective: (by: string) => void): Change {
  return async ({ id }) => {
    const params = { path: { id }, ...(flush ? { query: { flush: "true" as const } } : {}) };
    const { data } = await unwrapWithRetry(() => api.POST("/tokens/{id}/revoke", { params, body }));
    const { effective_by: by, flushed: _flushed, ...token } = data;
    onEffective(by);
    return token;
  };
}

export const disabling: Change = async ({ id }) => (await unwrapWithRetry(() => api.POST("/tokens/{id}/disable", { params: { path: { id } } }))).data;

export function extension(until: string | null): Change {
  return async ({ id }) => {
    const { data, etag } = await unwrapWithRetry(() => api.GET("/tokens/{id}", { params: { path: { id } } }));
    // Another caller may have extended it by more.
    if (data.expires_at === null || (until !== null && data.expires_at >= until)) return data;
    const params = { path: { id }, header: { "If-Match": etag } };
    const headers = { "Content-Type": "application/merge-patch+json" };
    return (await unwrapWithRetry(() => api.PATCH("/tokens/{id}", { params, headers, body: { expires_at: until } }))).data;
  };
}
