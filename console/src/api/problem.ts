// An error response (RFC 9457) with advice on what to do about it.
import type { FieldError } from "./types";

/** An error of a field, or of the entry of a list that it names. */
export interface EntryError extends FieldError {
  entry?: string;
}

const PREFIX = "urn:portcullis:problem:";

/** What happened, whether the service's own detail adds to that, and what the user can do now. */
interface Words {
  title: string;
  detail?: boolean;
  remedy: string;
}

const RETRY_LATER = "Try again in a minute. If it keeps failing, send your administrator the request ID.";

/** The console's words for the kinds of problems: the service's are for programs. */
const WORDS: Record<string, Words> = {
  unreachable: { title: "Can’t reach the service", remedy: "Check your connection." },
  unreachable_change: { title: "Can’t reach the service", remedy: "Check your connection. Your change may have been saved; reload before retrying." },
  unreachable_repeatable: { title: "Can’t reach the service", remedy: "Check your connection, then try again. Retrying is safe." },
  unexpected_response: { title: "Unexpected response from the service", remedy: "Try again. If it keeps failing, contact your administrator." },
  console_error: { title: "Something went wrong in the console", detail: true, remedy: "Reload the page. If it keeps failing, contact your administrator." },
  invalid_id: { title: "That isn’t a valid token ID", remedy: "Check the link, or find the token in the list." },
  invalid_request: { title: "Check your input", detail: true, remedy: "" },
  invalid_token: { title: "Your session has expired", remedy: "Sign in again." },
  forbidden: { title: "You don’t have permission for this", detail: true, remedy: "Contact your administrator." },
  exceeds_grants: { title: "You can only grant permissions you have", remedy: "Remove the highlighted ones, or ask someone who has them." },
  not_found: { title: "This doesn’t exist, or you may not see it", remedy: "" },
  approval_limit_reached: { title: "Approval limit reached", detail: true, remedy: "" },
  approval_decided: { title: "This request is no longer pending", remedy: "" },
  token_ended: { title: "This token was revoked or has expired", remedy: "Create a new token. An expired one can be rotated with a new expiration." },
  token_exchanged: { title: "This token was issued to a CI job for a few minutes", remedy: "You can revoke it, but not edit or rotate it." },
  already_rotated: { title: "This token was already rotated", remedy: "If you lost that secret, rotate again." },
  already_created: {
    title: "This token was already created",
    remedy: "The first response never arrived, and its secret can’t be shown again. Rotate the token to get a new secret.",
  },
  conflict: { title: "Someone else changed this", remedy: "Try again." },
  usage_incomplete: { title: "Usage of this token is incomplete", remedy: "Edit the permissions by hand." },
  nothing_used: { title: "This token hasn’t used any permissions", remedy: "Revoke it if it is no longer needed." },
  precondition_failed: { title: "This token just changed", remedy: "Check it, then try again." },
  body_too_large: { title: "This is too long", remedy: "Shorten it." },
  token_limit_reached: { title: "Token limit reached", detail: true, remedy: "" },
  too_many_requests: { title: "Too many requests", remedy: "Wait a moment, then try again." },
  unavailable: { title: "Temporarily unavailable", remedy: RETRY_LATER },
  internal_error: { title: "Something went wrong in the service", remedy: RETRY_LATER },
};

export class Problem extends Error {
  override name = "Problem";
  readonly kind: string;
  readonly title: string;
  readonly detail: string | null;
  /** What the user can do now. */
  readonly remedy: string;
  readonly status: number;
  readonly errors: EntryError[];
  readonly requestId: string | null;
  /** The token that an earlier, identical request created. */
  readonly tokenId: string | null;

  constructor(status: number, document: unknown, requestId: string | null) {
    const fields = isRecord(document) ? document : {};
    const kind = text(fields["type"]).replace(PREFIX, "");
    const words = wordsFor(kind, fields) ?? {
      title: text(fields["title"]) || "Service error",
      detail: true,
      remedy: "Try again. If it keeps failing, contact your administrator.",
    };
    super(words.title);
    this.status = status;
    this.kind = kind;
    this.title = words.title;
    this.detail = words.detail ? text(fields["detail"]) || null : null;
    this.remedy = words.remedy;
    this.errors = Array.isArray(fields["errors"]) ? fields["errors"].filter(isFieldError) : [];
    this.requestId = text(fields["request_id"]) || requestId;
    this.tokenId = text(fields["token_id"]) || null;
  }

  /** A problem that the console itself finds. */
  static local(kind: string, fields: { detail?: string; errors?: readonly FieldError[] } = {}): Problem {
    return new Problem(0, { type: PREFIX + kind, ...fields }, null);
  }

  /** Throws if a form's values have errors. */
  static throwIfAny(errors: readonly FieldError[]): void {
    if (errors.length > 0) throw Problem.local("invalid_request", { errors });
  }

  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return Problem.local("console_error", { detail: error instanceof Error ? error.message : String(error) });
  }

  /** Whether the change may have been made although no response confirms it. */
  get isInconclusive(): boolean {
    return this.status >= 500 || this.kind.startsWith("unreachable") || this.kind === "unexpected_response";
  }

  /** The errors of a field, or of an entry of it. */
  at(field: string): EntryError[] {
    return this.errors.filter((error) => belongsTo(error.field, field));
  }

  /** A copy without the errors of this field. */
  without(field: string): Problem {
    const errors = this.errors.filter((error) => !belongsTo(error.field, field));
    return Object.assign(Object.create(Problem.prototype) as Problem, this, { errors });
  }

  /** A copy whose errors name the entries of this request body that they are about. */
  naming(body: unknown): Problem {
    const errors = this.errors.map((error) => withEntry(error, body));
    return Object.assign(Object.create(Problem.prototype) as Problem, this, { errors });
  }

  /** The errors of all other fields. */
  beside(fields: readonly string[]): EntryError[] {
    return this.errors.filter((error) => !fields.some((field) => belongsTo(error.field, field)));
  }
}

function wordsFor(kind: string, fields: Record<string, unknown>): Words | undefined {
  switch (kind) {
    case "insufficient_scope": {
      const permission = text(fields["permission"]);
      return { title: permission ? `You need ${permission} for this` : "You don’t have permission for this", remedy: requestRole(text(fields["roles"])) };
    }
    default:
      return WORDS[kind];
  }
}

function requestRole(roles: string): string {
  if (!roles) return "Ask an administrator.";
  return roles.includes(" ") ? `Ask an administrator for one of the roles ${roles.split(" ").join(", ")}.` : `Ask an administrator for the role ${roles}.`;
}

/** What an entry of a list should be. */
const ENTRIES: [field: RegExp, text: string][] = [
  [/permissions\[\d+\]$/, "is not a permission: must be"],
  [/resources\[\d+\]$/, "is not a resource: must be"],
];
const NO_ADDRESS = "is not an IP address or CIDR range (e.g. 192.0.2.7 or 192.0.2.0/24)";
const MAX_ENTRY = 60;

function withEntry(error: EntryError, body: unknown): EntryError {
  if (!error.field.endsWith("]")) return error;
  const keys = error.field.split(/[.[\]]+/).filter(Boolean);
  const value = keys.reduce<unknown>((part, key) => (isRecord(part) ? part[key] : Array.isArray(part) ? part[Number(key)] : undefined), body);
  if (typeof value !== "string" || value === "") return error;
  const kind = ENTRIES.find(([field]) => field.test(error.field))?.[1];
  const isNoAddress = error.message.startsWith("must be an address");
  const message = isNoAddress ? NO_ADDRESS : kind === undefined ? error.message : error.message.replace(/^must be/, kind);
  return { ...error, message, entry: value.length > MAX_ENTRY ? `${value.slice(0, MAX_ENTRY)}…` : value };
}

function belongsTo(errorField: string, field: string): boolean {
  return errorField === field || errorField.startsWith(`${field}[`) || errorField.startsWith(`${field}.`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value["field"] === "string" && typeof value["message"] === "string";
}
