// Approvals: in which words they are shown, and who may decide and end them. docs/approvals.md has the rules.
import type { Approval, ApprovalRule, Caller, Catalog, Grant } from "../api/types";
import { whyNotChange } from "./abilities";
import { covers, has } from "./grants";

export type ApprovalStatus = Approval["status"];

export const APPROVAL_STATUSES: Record<ApprovalStatus, string> = {
  pending: "Pending",
  approved: "Approved",
  rejected: "Rejected",
  lapsed: "Lapsed",
  expired: "Expired",
  used: "Used",
  ended: "Ended",
};

/** What the caller can do with a request or an approval, and the texts of its dialog. A shortcut works on the focused request. */
export const APPROVAL_ACTIONS = {
  approve: { title: "Approve this request?", label: "Approve", pending: "Approving…", shortcut: "a" },
  reject: { title: "Reject this request?", label: "Reject", pending: "Rejecting…", shortcut: "r" },
  withdraw: { title: "Withdraw this request?", label: "Withdraw", pending: "Withdrawing…", shortcut: undefined },
  end: { title: "End this approval?", label: "End approval", pending: "Ending…", shortcut: undefined },
};

export type ApprovalAction = keyof typeof APPROVAL_ACTIONS;

/** Whether its status allows an action. */
export const isOpenTo = (action: ApprovalAction, { status }: Approval): boolean => status === (action === "end" ? "approved" : "pending");

/** Whether it is still to be decided, used or ended. */
export const isOpen = ({ status }: Approval): boolean => status === "pending" || status === "approved";

/** The status that a query asks for; null is every status but pending. */
export function statusOf(query: string): ApprovalStatus | null {
  const status = new URLSearchParams(query).get("status") ?? "";
  return Object.hasOwn(APPROVAL_STATUSES, status) && status !== "pending" ? (status as ApprovalStatus) : null;
}

export const approvalHash = (id: string): string => `#/approvals/${id}`;

/** A permission of the catalog: its description, and the approval that a token needs for it. */
export interface PermissionEntry {
  description: string;
  approval: ApprovalRule | null;
}

export function permissionEntry(entry: Catalog["permissions"][string] | undefined): PermissionEntry {
  if (typeof entry !== "object") return { description: entry ?? "", approval: null };
  return { description: entry.description ?? "", approval: entry.approval ?? null };
}

/** The rule of a permission; null if there is none, or if the catalog is not known. */
export const ruleOf = (catalog: Catalog | null, permission: string): ApprovalRule | null => permissionEntry(catalog?.permissions[permission]).approval;

/** The permissions that a token with these grants can only use with an approval, on some resource at least. */
export function permissionsWithApproval(catalog: Catalog | null, grants: readonly Grant[]): string[] {
  const isHeld = (permission: string | undefined) => permission !== undefined && has(grants, permission);
  return Object.keys(catalog?.permissions ?? {}).filter((permission) => {
    const rule = ruleOf(catalog, permission);
    return rule && isHeld(permission) && !isHeld(rule.unless);
  });
}

/** “15 minutes”. */
export function durationText(seconds: number): string {
  const [size, unit] = seconds % 3600 === 0 ? [3600, "hour"] : seconds % 60 === 0 ? [60, "minute"] : [1, "second"];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** The seconds of a duration such as `15m`. */
export function secondsOf(duration: string): number {
  const size = { s: 1, m: 60, h: 3600 }[duration.slice(-1)] ?? 0;
  return Number(duration.slice(0, -1)) * size;
}

/** What an approval allows: “any number of requests for 15 minutes”. */
export function termsText(uses: "any" | "once", seconds: number): string {
  return `${uses === "once" ? "one request within" : "any number of requests for"} ${durationText(seconds)}`;
}

/** What a rule of the catalog says, in sentences. */
export function ruleText({ valid_for, uses = "any", resources = ["*"], unless, token_approvers }: ApprovalRule): string {
  const where = resources.includes("*") ? "" : ` on ${resources.join(", ")}`;
  return `Tokens need approval${where}${unless ? `, unless they have ${unless}` : ""}. One approval allows ${termsText(uses, secondsOf(valid_for))}.${token_approvers ? " Tokens can approve, too." : ""}`;
}

const SHORTER = [60, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 12 * 3600];

/** How long an approval may last, in seconds: the longest, which is offered, and shorter ones. */
export function durations({ valid_for }: Pick<Approval, "valid_for">): number[] {
  return [valid_for, ...SHORTER.filter((seconds) => seconds < valid_for).toReversed()];
}

/** Whether the caller may see requests of other owners. */
export function maySeeOthers({ grants }: Pick<Caller, "grants">): boolean {
  return ["approvals:read", "approvals:decide", "tokens:admin"].some((permission) => has(grants, permission));
}

/** Why the caller may not decide the request, in a sentence; null if they may. `rule` is null if it is not known. */
export function whyNotDecide(me: Caller, { owner, resource }: Approval, rule: ApprovalRule | null): string | null {
  if (me.principal_type === "token") {
    if (me.owner === owner) return "You’re signed in with a token of this owner. A user has to decide.";
    if (rule !== null && !rule.token_approvers) return "You’re signed in with a token. A user has to decide.";
  }
  return covers(me.grants, "approvals:decide", resource) ? null : `You need approvals:decide on ${resource} to decide this request.`;
}

/** Whether the caller may withdraw the request, or end the approval. */
export function mayEnd(me: Caller, { token_id, owner, resource }: Approval): boolean {
  const isOwn = me.owner === owner && whyNotChange(me, { id: token_id }) === null;
  const isSame = me.principal_type === "token" && me.token_id === token_id;
  return isSame || isOwn || covers(me.grants, "tokens:admin", "tokens") || covers(me.grants, "approvals:decide", resource);
}

/** What became of a request: when, and by which actor if there was one. */
export interface Step {
  text: string;
  by: string | null;
  at: string | null;
  /** Whether it is yet to come. */
  future?: boolean;
}

export function stepsOf(approval: Approval): Step[] {
  const { status, decided_at, decided_by, expires_at, used_at, ended_at, ended_by, lapses_at } = approval;
  const decided = (text: string): Step => ({ text, by: decided_by, at: decided_at });
  switch (status) {
    case "pending":
      return [{ text: "Lapses", by: null, at: lapses_at, future: true }];
    case "rejected":
      return [decided("Rejected")];
    case "lapsed":
      return [{ text: "Lapsed without a decision", by: null, at: lapses_at }];
    case "approved":
      return [decided("Approved"), { text: "Expires", by: null, at: expires_at, future: true }];
    case "expired":
      return [decided("Approved"), { text: "Expired", by: null, at: expires_at }];
    case "used":
      return [decided("Approved"), { text: "Used", by: null, at: used_at }];
    case "ended":
      return [
        ...(decided_at === null ? [] : [decided("Approved")]),
        { text: ended_by === null ? "Ended with its token" : decided_at === null ? "Withdrawn" : "Ended", by: ended_by, at: ended_at },
      ];
  }
}

/** A newly loaded list with what is known of it: a request that was decided is never pending again. */
export function withKnown(loaded: readonly Approval[], known: readonly Approval[]): Approval[] {
  return loaded.map((approval) => (approval.status === "pending" ? (known.find(({ id }) => id === approval.id) ?? approval) : approval));
}

/** The requests in the order of the inbox: those that the caller may decide first, and the newest first. */
export function inOrder(approvals: readonly Approval[], mayDecide: (approval: Approval) => boolean): Approval[] {
  return approvals.toSorted((a, b) => Number(mayDecide(b)) - Number(mayDecide(a)) || (a.id < b.id ? 1 : -1));
}

/** The host of an https link; null for anything else, which is not shown as a link. */
export function linkHost(link: string): string | null {
  return /^https:/i.test(link) && URL.canParse(link) ? new URL(link).host : null;
}
