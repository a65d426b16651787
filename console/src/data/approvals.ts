// Approvals: the pending requests that the caller may see, which the badge counts and the inbox shows, and pages of others.
import { api, unwrap, unwrapWithRetry } from "../api/client";
import { Problem } from "../api/problem";
import type { Approval } from "../api/types";
import { onSignOut, session } from "../auth/session";
import { isOpen, withKnown, type ApprovalStatus } from "../domain/approvals";
import { createStore } from "../store";
import { readPages, type Pages } from "./pages";

export interface Inbox {
  /** Pending requests. While the inbox is shown, also those that were decided in the meantime, and the one that a link names. */
  requests: readonly Approval[];
  /** Whether there are further pending requests. */
  isPartial: boolean;
  /** Null until the first load. */
  loadedAt: number | null;
  problem: Problem | null;
}

const EMPTY: Inbox = { requests: [], isPartial: false, loadedAt: null, problem: null };
/** Minimum time in milliseconds between two loads in the background. */
const MIN_AGE = 15_000;
/** Time in milliseconds between loads while the inbox is shown, and while only its badge is. */
export const INBOX_INTERVAL = MIN_AGE + 1000;
export const BADGE_INTERVAL = 60_000;
/** Pending requests to load at most. */
const MAX_PENDING = 1000;
/** Requests at most to keep that are no longer pending. It takes a call to find out what became of one. */
const MAX_KEPT = 20;

export const inbox = createStore<Inbox>(EMPTY);

let isShown = false;
let run = 0;
let startedAt = 0;

onSignOut(() => {
  run++;
  startedAt = 0;
  inbox.set(EMPTY);
});

export interface ApprovalFilter {
  status?: ApprovalStatus;
  token?: string;
  /** Whether pending requests are left out. */
  decided?: boolean;
}

/** Loads at least `wanted` further approvals, as `readPages` does. */
export function readApprovals({ decided, ...filter }: ApprovalFilter, before: Pages<Approval> | null, wanted: number): Promise<Pages<Approval>> {
  const read = async (page: { limit: number; cursor?: string }) => {
    const { data } = await unwrapWithRetry(() => api.GET("/approvals", { params: { query: { ...filter, ...page } } }));
    return { items: data.approvals.filter(({ status }) => !decided || status !== "pending"), cursor: data.next_cursor };
  };
  return readPages(read, before, wanted);
}

export async function readApproval(id: string): Promise<Approval> {
  // Any other ID could form the path of another route.
  if (!/^[0-9A-HJKMNP-TV-Z]{26}$/.test(id)) throw Problem.local("not_found");
  return (await unwrap(api.GET("/approvals/{id}", { params: { path: { id } } }))).data;
}

/** Approves for so many seconds, or for as long as is offered if that is null. */
export async function approve(id: string, seconds: number | null, comment: string): Promise<Approval> {
  const body = { ...bodyOf(comment), ...(seconds === null ? {} : { valid_for: `${seconds}s` }) };
  return (await unwrap(api.POST("/approvals/{id}/approve", { params: { path: { id } }, body }))).data;
}

export async function reject(id: string, comment: string): Promise<Approval> {
  return (await unwrap(api.POST("/approvals/{id}/reject", { params: { path: { id } }, body: bodyOf(comment) }))).data;
}

const bodyOf = (comment: string) => (comment.trim() ? { comment } : {});

/** Withdraws a request, or ends an approval. `effectiveBy` is the time from which no request uses it. */
export async function endApproval(id: string): Promise<{ approval: Approval; effectiveBy: string }> {
  const { effective_by: effectiveBy, ...approval } = (await unwrap(api.DELETE("/approvals/{id}", { params: { path: { id } } }))).data;
  return { approval, effectiveBy };
}

/** Loads the pending requests, if the last load is at least `minAge` milliseconds ago. */
export async function loadInbox(minAge = MIN_AGE): Promise<void> {
  if (Date.now() - startedAt < minAge || isExpired()) return;
  startedAt = Date.now();
  const thisRun = ++run;
  try {
    const { items, cursor } = await readApprovals({ status: "pending" }, null, MAX_PENDING);
    const others = isShown ? inbox.get().requests.filter(({ id }) => !items.some((approval) => approval.id === id)) : [];
    const kept = await Promise.all(others.slice(0, MAX_KEPT).map((approval) => (isOpen(approval) ? readApproval(approval.id).catch(() => null) : approval)));
    if (thisRun !== run) return;
    inbox.set({ requests: withKnown([...items, ...kept.filter((approval) => approval !== null)], inbox.get().requests), isPartial: cursor !== null, loadedAt: Date.now(), problem: null });
  } catch (error) {
    if (thisRun === run) inbox.set({ ...inbox.get(), problem: Problem.from(error) });
  }
}

/** Applies what became of a request, or adds it. */
export function applyApproval(approval: Approval): void {
  const now = inbox.get();
  inbox.set({ ...now, requests: [...now.requests.filter(({ id }) => id !== approval.id), approval] });
}

/** While the inbox is shown, it keeps the requests that are no longer pending. */
export function setInboxShown(shown: boolean): void {
  isShown = shown;
  if (!shown) inbox.set({ ...inbox.get(), requests: inbox.get().requests.filter(({ status }) => status === "pending") });
}

/** In the background, an expired session is not reported: the user may be in the middle of a form. */
function isExpired(): boolean {
  const now = session.get();
  if (now.state !== "in") return true;
  const expires = now.me.expires_at;
  return expires !== null && Date.parse(expires) <= Date.now();
}
