// What went wrong, as RFC 9457 tells it, and in plain words what one can do about it.
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
    const title = text(fields["title"]) || (status === 0 ? "No answer" : `The service answered ${status}`);
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

  /** Nothing was answered: the network, or a policy of the browser. */
  static unanswered(): Problem {
    const detail = "The service did not answer.";
    return new Problem(0, { type: `${PREFIX}unanswered`, title: "No answer", detail }, null);
  }

  /** Something was answered that is not the service's. */
  static unexpected(): Problem {
    const detail = "The answer is not what this console understands.";
    return new Problem(0, { type: `${PREFIX}unanswered`, title: "Another answer", detail }, null);
  }

  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const detail = error instanceof Error ? error.message : String(error);
    return new Problem(0, { title: "Something went wrong here", detail }, null);
  }

  /** What one can do now. */
  get remedy(): string {
    switch (this.kind) {
      case "unanswered":
        return "Check your connection and try again. If you were changing something, look first whether it was done.";
      case "invalid_request":
        return this.errors.length > 0 ? "Correct what is marked, and try again." : "Change what you entered, and try again.";
      case "invalid_token":
        return "Sign in again.";
      case "insufficient_scope":
        return this.permission ? this.missing() : "Ask whoever runs this service.";
      case "forbidden":
        return "Ask somebody who manages tokens here.";
      case "exceeds_grants":
        return "You can hand out only what you have yourself. Take out what is marked, or ask somebody who has it.";
      case "not_found":
        return "It may have been deleted, or belong to somebody else. Go back to the list.";
      case "token_limit_reached":
        return "Revoke a token that nobody needs any more, then try again. The list shows the idle ones first.";
      case "token_ended":
        return "Make a new token, or rotate this one with a new expiry if it has only expired.";
      case "token_exchanged":
        return "A CI job was given this token for some minutes. It ends by itself; you can revoke it.";
      case "already_rotated":
        return "If the secret of that rotation was lost, rotate once more.";
      case "conflict":
        return "Somebody changed it at the same time. Try again.";
      case "usage_incomplete":
        return "Take away by hand what is not needed: “Change” beside what it may do.";
      case "nothing_used":
        return "If nobody needs the token, revoke it.";
      case "precondition_failed":
      case "precondition_required":
        return "Look at what changed, then save again.";
      case "body_too_large":
        return "Make it shorter.";
      case "too_many_requests":
        return "Wait a moment, then try again.";
      case "unavailable":
      case "internal_error":
        return "Try again in a minute. If it stays so, tell whoever runs this service, with the request's id.";
      default:
        return "Try again. If it stays so, tell whoever runs this service.";
    }
  }

  /** What is wrong with a field, or with an entry of it. */
  at(field: string): FieldError[] {
    return this.errors.filter((error) => belongsTo(error.field, field));
  }

  /** The same without what was wrong with a field that has been changed since. */
  without(field: string): Problem {
    const errors = this.errors.filter((error) => !belongsTo(error.field, field));
    return Object.assign(Object.create(Problem.prototype) as Problem, this, { errors });
  }

  /** What is wrong with none of these fields. */
  beside(fields: readonly string[]): FieldError[] {
    return this.errors.filter((error) => !fields.some((field) => belongsTo(error.field, field)));
  }

  private missing(): string {
    if (!this.roles) return "Ask an administrator for a role that has it.";
    return `Ask an administrator for one of the roles that have it: ${this.roles.split(" ").join(", ")}.`;
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
