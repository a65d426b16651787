// An error response (RFC 9457) with advice on what to do about it.
import type { FieldError } from "./types";

const PREFIX = "urn:portcullis:problem:";

export class Problem extends Error {
  override name = "Problem";
  readonly kind: string;
  readonly title: string;
  readonly detail: string | null;
  readonly status: number;
  readonly errors: FieldError[];
  readonly requestId: string | null;
  private readonly permission: string;
  private readonly roles: string;

  constructor(status: number, document: unknown, requestId: string | null) {
    const fields = isRecord(document) ? document : {};
    const title = text(fields["title"]) || (status === 0 ? "Can’t reach the service" : `Service error (${status})`);
    super(title);
    this.status = status;
    this.kind = text(fields["type"]).replace(PREFIX, "");
    this.title = title;
    this.detail = text(fields["detail"]) || null;
    this.errors = Array.isArray(fields["errors"]) ? fields["errors"].filter(isFieldError) : [];
    this.requestId = text(fields["request_id"]) || requestId;
    this.permission = text(fields["permission"]);
    this.roles = text(fields["roles"]);
  }

  /** No response: the network failed, or the browser blocked the request. */
  static unreachable(): Problem {
    return new Problem(0, { type: `${PREFIX}unreachable`, title: "Can’t reach the service" }, null);
  }

  /** A response that does not come from the service. */
  static unexpected(): Problem {
    return new Problem(0, { type: `${PREFIX}unreachable`, title: "Unexpected response from the service" }, null);
  }

  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const detail = error instanceof Error ? error.message : String(error);
    return new Problem(0, { title: "Something went wrong in the console", detail }, null);
  }

  /** What the user can do now. */
  get remedy(): string {
    switch (this.kind) {
      case "unreachable":
        return "Check your connection. If you were saving a change, check whether it was saved before you retry.";
      case "invalid_request":
        return this.errors.length > 0 ? "Fix the highlighted fields." : "Check your input.";
      case "invalid_token":
        return "Sign in again.";
      case "insufficient_scope":
        return this.permission ? this.requestRole() : "Contact your administrator.";
      case "forbidden":
        return "Contact your administrator.";
      case "exceeds_grants":
        return "You can only grant permissions you have. Remove the highlighted ones, or ask someone who has them.";
      case "not_found":
        return "It may have been deleted. Go back to the list of tokens.";
      case "token_limit_reached":
        return "Revoke a token you no longer need, then try again.";
      case "token_ended":
        return "Create a new token. An expired one can be rotated with a new expiration.";
      case "token_exchanged":
        return "Issued to a CI job for a few minutes. It can be revoked, not edited.";
      case "already_rotated":
        return "If you lost that secret, rotate again.";
      case "conflict":
        return "Someone else changed this. Try again.";
      case "usage_incomplete":
        return "Edit the permissions by hand.";
      case "nothing_used":
        return "Revoke the token if it is no longer needed.";
      case "precondition_failed":
      case "precondition_required":
        return "Review the changes, then save again.";
      case "body_too_large":
        return "Shorten it.";
      case "too_many_requests":
        return "Wait a moment, then try again.";
      case "unavailable":
      case "internal_error":
        return "Try again in a minute. If it keeps failing, send your administrator the request ID.";
      default:
        return "Try again. If it keeps failing, contact your administrator.";
    }
  }

  /** The errors of a field, or of an entry of it. */
  at(field: string): FieldError[] {
    return this.errors.filter((error) => belongsTo(error.field, field));
  }

  /** A copy without the errors of this field. */
  without(field: string): Problem {
    const errors = this.errors.filter((error) => !belongsTo(error.field, field));
    return Object.assign(Object.create(Problem.prototype) as Problem, this, { errors });
  }

  /** The errors of all other fields. */
  beside(fields: readonly string[]): FieldError[] {
    return this.errors.filter((error) => !fields.some((field) => belongsTo(error.field, field)));
  }

  private requestRole(): string {
    if (!this.roles) return "Ask an administrator for this permission.";
    const roles = this.roles.split(" ");
    return roles.length === 1 ? `Ask an administrator for the role ${this.roles}.` : `Ask an administrator for one of the roles ${roles.join(", ")}.`;
  }
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
