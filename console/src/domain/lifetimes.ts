// Which lifetimes the caller can give to a token.
import type { Caller } from "../api/types";
import { plural } from "./labels";
import { DAY } from "./time";

const PRESETS = [7, 30, 60, 90];

export interface Lifetimes {
  /** In days. None if the caller itself expires before all of them. */
  presets: number[];
  preselected: number | null;
  /** The latest expiration, in milliseconds since 1970; null means that a token can be valid forever. */
  latest: number | null;
  /** Why there is a latest expiration. */
  reason: string;
}

export function lifetimes({ deployment, principal_type, expires_at }: Caller, now: number): Lifetimes {
  const { default_token_lifetime_days: preferred, max_token_lifetime_days: most } = deployment;
  const ofDeployment = most === null ? Infinity : now + most * DAY;
  const ofCaller = principal_type === "token" && expires_at !== null ? Date.parse(expires_at) : Infinity;
  const latest = Math.min(ofDeployment, ofCaller);
  const days = new Set([...PRESETS, preferred, most ?? preferred]);
  const allowed = [...days].filter((each) => now + each * DAY <= latest).toSorted((a, b) => a - b);
  return {
    presets: allowed,
    preselected: allowed.findLast((each) => each <= preferred) ?? null,
    latest: Number.isFinite(latest) ? latest : null,
    reason: reasonText(ofCaller < ofDeployment, most),
  };
}

function reasonText(isCaller: boolean, most: number | null): string {
  if (isCaller) return "A token can’t outlive the token that creates it.";
  return most === null ? "" : `Tokens can be valid for at most ${plural(most, "day")}.`;
}
