// Search, filters and sort order of the list of tokens, and their form in the address.
import type { Status, Token } from "../api/types";
import { CONCERNS, concerns, due, type Concern, type Dismissals, type Insights } from "./concerns";
import { STATUSES } from "./labels";
import { withoutSecrets } from "./redaction";

export const SORTS = {
  attention: "Needs attention",
  name: "Name",
  owner: "Owner",
  expires: "Expiring soonest",
  used: "Least recently used",
  created: "Newest first",
  revoked: "Recently revoked",
};

export type SortKey = keyof typeof SORTS;

export interface View {
  search: string;
  status: Status | "all";
  concern: Concern | "any" | "all";
  owner: string;
  neverUsed: boolean;
  byOwner: boolean;
  sort: SortKey;
  reversed: boolean;
}

export const DEFAULT_VIEW: View = {
  search: "",
  status: "all",
  concern: "all",
  owner: "",
  neverUsed: false,
  byOwner: false,
  sort: "attention",
  reversed: false,
};

/** The view of a query. Unknown values count as absent. */
export function viewOf(query: string): View {
  const parameters = new URLSearchParams(query);
  const text = (name: string) => parameters.get(name) ?? "";
  const one = <T extends string>(name: string, known: Record<T, unknown>, otherwise: T): T =>
    Object.hasOwn(known, text(name)) ? (text(name) as T) : otherwise;
  return {
    search: withoutSecrets(text("q")),
    status: one<View["status"]>("status", { ...STATUSES, all: "" }, "all"),
    concern: one<View["concern"]>("attention", { ...CONCERNS, any: "", all: "" }, "all"),
    owner: text("owner"),
    neverUsed: text("used") === "never",
    byOwner: text("group") === "owner",
    sort: one<SortKey>("sort", SORTS, "attention"),
    reversed: text("order") === "reversed",
  };
}

/** The query of a view, without defaults. */
export function queryOf(view: View): string {
  const parameters = new URLSearchParams();
  if (view.search !== "") parameters.set("q", view.search);
  if (view.status !== "all") parameters.set("status", view.status);
  if (view.concern !== "all") parameters.set("attention", view.concern);
  if (view.owner !== "") parameters.set("owner", view.owner);
  if (view.neverUsed) parameters.set("used", "never");
  if (view.byOwner) parameters.set("group", "owner");
  if (view.sort !== "attention") parameters.set("sort", view.sort);
  if (view.reversed) parameters.set("order", "reversed");
  return parameters.toString();
}

export function isFiltered(view: View): boolean {
  return view.search !== "" || view.status !== "all" || view.concern !== "all" || view.owner !== "" || view.neverUsed;
}

export interface Row {
  token: Token;
  found: Concern[];
  due: [rank: number, time: number];
}

export function rowOf(token: Token, insights: Insights | undefined, now: number, dismissals: Dismissals): Row {
  const found = concerns(token, insights, now, dismissals);
  return { token, found, due: due(token, found, insights) };
}

export function filterAndSort(rows: readonly Row[], view: View): Row[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = rows.filter(
    ({ token, found }) =>
      (view.status === "all" || token.status === view.status) &&
      (view.owner === "" || token.owner === view.owner) &&
      (!view.neverUsed || token.last_used_at === null) &&
      (view.concern === "all" || (view.concern === "any" ? found.length > 0 : found.includes(view.concern))) &&
      words.every((word) => haystack(token).includes(word)),
  );
  const order = ORDERS[view.sort];
  matching.sort((a, b) => (view.reversed ? -1 : 1) * order(a, b));
  return view.byOwner ? matching.toSorted((a, b) => compareOwners(a.token.owner, b.token.owner)) : matching;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Owners that differ only in case are different. */
export function compareOwners(a: string, b: string): number {
  return collator.compare(a, b) || compare(a, b);
}

const newest = (a: Row, b: Row) => compare(b.token.created_at, a.token.created_at);
/** Tokens that were revoked or have expired come last, and before them those that never expire. */
const expiry = ({ token }: Row) => (token.status === "revoked" || token.status === "expired" ? "~" : (token.expires_at ?? "9"));
const ORDERS: Record<SortKey, (a: Row, b: Row) => number> = {
  attention: (a, b) => a.due[0] - b.due[0] || a.due[1] - b.due[1],
  name: (a, b) => collator.compare(a.token.name, b.token.name),
  owner: (a, b) => compareOwners(a.token.owner, b.token.owner) || newest(a, b),
  expires: (a, b) => compare(expiry(a), expiry(b)) || newest(a, b),
  used: (a, b) => compare(a.token.last_used_at ?? "", b.token.last_used_at ?? "") || newest(b, a),
  created: newest,
  revoked: (a, b) => compare(b.token.revoked_at ?? "", a.token.revoked_at ?? "") || newest(a, b),
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const haystacks = new WeakMap<Token, string>();

function haystack(token: Token): string {
  let text = haystacks.get(token);
  if (text === undefined) {
    const grants = token.grants.flatMap((grant) => [...grant.permissions, ...grant.resources]);
    text = [token.name, token.description, token.id, token.owner, token.role, token.via, ...grants].join("\n").toLowerCase();
    haystacks.set(token, text);
  }
  return text;
}
