// What an event changed, and why.
import { isRecord } from "../api/problem";
import type { Event, Grant } from "../api/types";
import { approvalHash } from "../domain/approvals";
import { grantLines } from "../domain/grants";
import { FIELDS, REVOKE_REASONS } from "../domain/labels";
import { formatDateTime } from "../domain/time";
import { Diff } from "./diff";

export function EventDetail({ event, now }: { event: Pick<Event, "kind" | "detail">; now: number }) {
  const detail: Record<string, unknown> = isRecord(event.detail) ? event.detail : {};
  const until = detail["previous_secret_until"];
  const reason = detail["reason"];
  const changes = Array.isArray(detail["changes"]) ? detail["changes"].filter(isRecord) : [];
  return (
    <>
      {event.kind === "secret_reuse" && (
        <p>
          A secret from before the last rotation was used: a client wasn’t updated, or the secret was stolen.
          {detail["disabled"] === true && " The token was disabled automatically."}
        </p>
      )}
      {event.kind === "rotated" && <p>{typeof until === "string" ? `The old secret ${Date.parse(until) > now ? "works" : "worked"} until ${formatDateTime(until)}.` : "The old secret stopped working immediately."}</p>}
      {event.kind.startsWith("approval_") && (
        <p>
          <a href={approvalHash(String(detail["approval_id"]))}>
            <code>{String(detail["permission"])}</code> on <code>{String(detail["resource"])}</code>
          </a>
          {typeof detail["expires_at"] === "string" && ` until ${formatDateTime(detail["expires_at"])}`}
        </p>
      )}
      {event.kind === "disabled" && reason === "secret_reuse" && <p>Because an old secret was used.</p>}
      {event.kind === "revoked" && typeof reason === "string" && <p>{REVOKE_REASONS[reason as keyof typeof REVOKE_REASONS]}.</p>}
      {typeof detail["comment"] === "string" && <p>“{detail["comment"]}”</p>}
      {changes.map((change) => (
        <details key={String(change["field"])}>
          <summary>{FIELDS[String(change["field"])] ?? String(change["field"])}</summary>
          <Diff before={valueLines(change["field"], change["from"])} after={valueLines(change["field"], change["to"])} label="Before and after" showAll />
        </details>
      ))}
    </>
  );
}

function valueLines(field: unknown, value: unknown): string[] {
  if (field === "grants" && Array.isArray(value)) return grantLines(value as Grant[]);
  if (Array.isArray(value)) return value.length > 0 ? value.map(String) : ["any"];
  if (value === null) return [field === "expires_at" ? "never" : "none"];
  return field === "expires_at" ? [formatDateTime(String(value))] : String(value).split("\n");
}
