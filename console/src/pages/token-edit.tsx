// The editable fields of a token. Each change applies to the version that was read: if someone else
// changed the token first, the page shows their change and keeps the draft.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog, Token, TokenPatch } from "../api/types";
import { caller } from "../auth/session";
import { hasDraft } from "../data/drafts";
import { withEtag } from "../data/tokens";
import { whyNotChange, whyNotEdit } from "../domain/abilities";
import { grantLines, withAddition, type Addition } from "../domain/grants";
import { lines } from "../domain/lines";
import { formatDateTime, hasExpired, formatDate } from "../domain/time";
import { FIELDS, STATUSES } from "../domain/labels";
import { Field, nameErrors } from "../ui/field";
import { Form, SubmitButton } from "../ui/form";
import { releaseGuards } from "../ui/navigation-guard";
import { ProblemNote } from "../ui/problem-note";
import { Time } from "../ui/time";
import { DiscardDialog, useUnsavedChanges } from "../ui/unsaved-changes";
import { Diff } from "../ui/diff";
import { expirationOf, expiryErrors, ExpiryField, type Expiry } from "../ui/expiry";
import { draftOf, grantErrors, GrantList, grantOf, GrantSets, type GrantDraft } from "../ui/grants";
import { useAction } from "../ui/use-action";
import { useDraft, useRestoredDraft } from "../ui/use-draft";
import type { TokenPartProps } from "./token-props";

type Part = "name" | "description" | "grants" | "allowed_ips" | "expires_at";
const PARTS: Part[] = ["name", "description", "grants", "allowed_ips", "expires_at"];

type Props = TokenPartProps & { catalog: Catalog | null };

/** The field that is being edited. */
export interface Editing {
  part: Part;
  /** What the form adds to the token's permissions when it opens. */
  addition?: Addition;
}

const isFixed = ({ status }: Token): boolean => status === "revoked" || status === "expired";
const whyNotEditable = (token: Token): string | null => whyNotChange(caller(), token) ?? whyNotEdit(token);
export const isEditable = (token: Token): boolean => !isFixed(token) && whyNotEditable(token) === null;

/** The field of which an expired session left a draft. */
export function restoredEditing(token: Token): Editing | null {
  const part = isEditable(token) ? PARTS.find((each) => hasDraft(draftName(token, each))) : undefined;
  return part === undefined ? null : { part };
}

export function Editable(props: Props & { open: Editing | null; setOpen: (open: Editing | null) => void }) {
  const { open, setOpen } = props;
  const { token } = props.loaded;
  const fixed = isFixed(token);
  const denied = whyNotEditable(token);
  const editing = open?.part ?? null;
  const opened = useRef<Part | null>(null);
  const list = useRef<HTMLDListElement>(null);
  // Focus the form when it opens (with an addition, what that changes), and the button when it closes; before the next
  // key is handled.
  useLayoutEffect(() => {
    const part = editing ?? opened.current;
    const place = part === null ? null : list.current?.querySelector(`[data-part="${part}"]`);
    const first = open?.addition ? ".diff" : "input, textarea";
    place?.querySelector<HTMLElement>(editing ? first : "button")?.focus();
    opened.current = editing;
  }, [editing]);
  return (
    <dl class="facts" ref={list}>
      {PARTS.map((part) => (
        <div key={part} data-part={part}>
          {/* The form has the same label. */}
          <dt class={editing === part ? "unseen" : ""}>{part === "expires_at" && token.revoked_at !== null ? "Revoked" : FIELDS[part]}</dt>
          <dd>
            {editing === part ? (
              <PartForm {...props} part={part} {...(open?.addition ? { addition: open.addition } : {})} onClose={() => setOpen(null)} />
            ) : (
              <div class="beside">
                <div class="grow">
                  <Value part={part} token={token} now={props.now} />
                </div>
                {!fixed && (
                  <button type="button" class="plain link" aria-label={`Edit ${FIELDS[part]}`} disabled={editing !== null || denied !== null} aria-describedby={denied === null ? undefined : "why-not"} onClick={() => setOpen({ part })}>
                    Edit
                  </button>
                )}
              </div>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ part, token, now }: { part: Part; token: Token; now: number }) {
  switch (part) {
    case "name":
      return <>{token.name}</>;
    case "description":
      return token.description === null ? <span class="quiet">None</span> : <span class="lines">{token.description}</span>;
    case "grants":
      return (
        <>
          {token.role !== null && <p>From the role {token.role}</p>}
          <GrantList grants={token.grants} />
        </>
      );
    case "allowed_ips":
      return token.allowed_ips.length === 0 ? <>Any</> : <code class="lines">{token.allowed_ips.join("\n")}</code>;
    case "expires_at":
      if (token.revoked_at !== null) {
        return (
          <>
            {formatDate(token.revoked_at)} (<Time at={token.revoked_at} now={now} />)
          </>
        );
      }
      return token.expires_at === null ? (
        <>Never</>
      ) : (
        <>
          {formatDate(token.expires_at)} (<Time at={token.expires_at} now={now} future={!hasExpired(token, now)} />)
        </>
      );
  }
}

const draftName = ({ id }: Token, part: Part): string => `tokens/${id}/${part}`;

interface Draft {
  text: string;
  sets: GrantDraft[];
  expiry: Expiry;
}

function draftFrom(part: Part, token: Token): Draft {
  const text = part === "name" ? token.name : part === "description" ? (token.description ?? "") : token.allowed_ips.join("\n");
  const expiry: Expiry = token.expires_at === null ? { kind: "never" } : { kind: "keep" };
  return { text, sets: token.grants.map(draftOf), expiry };
}

function patchFrom(part: Part, draft: Draft, token: Token): TokenPatch {
  switch (part) {
    case "name":
      return { name: draft.text };
    case "description":
      return { description: draft.text.trim() ? draft.text : null };
    case "grants":
      return { grants: draft.sets.map(grantOf) };
    case "allowed_ips":
      return { allowed_ips: lines(draft.text).length > 0 ? lines(draft.text) : null };
    case "expires_at":
      // A patch has no `expires_in`, because it must be idempotent.
      return { expires_at: draft.expiry.kind === "keep" ? token.expires_at : expirationOf(draft.expiry) };
  }
}

function PartForm({ loaded, catalog, now, read, onDone, part, addition, onClose }: Props & { part: Part; addition?: Addition; onClose: () => void }) {
  const [first] = useState(() => draftFrom(part, loaded.token));
  const name = draftName(loaded.token, part);
  const restored = useRestoredDraft<{ draft: Draft; before: string[] }>(name);
  const [draft, setDraft] = useState(() => restored?.draft ?? (addition ? { ...first, sets: withAddition(loaded.token.grants, addition).map(draftOf) } : first));
  /** The token when the user began to edit. */
  const [before] = useState(restored?.before ?? tokenLines(loaded.token));
  const [after, setAfter] = useState(() => tokenLines(loaded.token));
  const theirs = before.join("\n") === after.join("\n") ? null : { before, after };
  const dirty = JSON.stringify(draft) !== JSON.stringify(first);
  const unsaved = useUnsavedChanges(dirty);
  useDraft(name, { draft, before }, dirty);
  const cancel = () => unsaved.discard(onClose);
  async function save() {
    if (part === "name") Problem.throwIfAny(nameErrors(draft.text));
    if (part === "grants") Problem.throwIfAny(grantErrors(draft.sets.map(grantOf)));
    if (part === "expires_at") Problem.throwIfAny(expiryErrors(draft.expiry));
    const params = { path: { id: loaded.token.id }, header: { "If-Match": loaded.etag } };
    const headers = { "Content-Type": "application/merge-patch+json" };
    const body = patchFrom(part, draft, loaded.token);
    const saved = await unwrap(api.PATCH("/tokens/{id}", { params, headers, body })).catch((error: unknown) => {
      throw Problem.from(error).naming(body);
    });
    releaseGuards();
    onClose();
    onDone(withEtag(saved), `${FIELDS[part]} updated.`);
  }
  const action = useAction(save, async ({ status }) => {
    const latest = status === 412 ? await read() : null;
    if (latest) setAfter(tokenLines(latest.token));
  });
  const { problem } = action;
  const at = (field: string) => problem?.at(field) ?? [];

  const text = (control: "input" | "textarea", label: string, max: number | undefined) => (
    <Field label={label} errors={at(part)}>
      {(ids) => {
        const shared = { ...ids, value: draft.text, maxLength: max, autocomplete: "off" as const };
        const onInput = (event: { currentTarget: { value: string } }) => setDraft({ ...draft, text: event.currentTarget.value });
        return control === "input" ? <input {...shared} onInput={onInput} /> : <textarea {...shared} rows={3} onInput={onInput} />;
      }}
    </Field>
  );
  const { expires_at: current } = loaded.token;
  const keep = current === null ? {} : { keep: `Keep ${formatDateTime(current)}` };
  let control: ComponentChildren;
  if (part === "name") control = text("input", "Name", 100);
  else if (part === "description") control = text("textarea", "Description", 500);
  else if (part === "allowed_ips") control = text("textarea", "Allowed IP addresses (one per line; leave empty to allow any)", undefined);
  else if (part === "expires_at") control = <ExpiryField value={draft.expiry} onChange={(expiry) => setDraft({ ...draft, expiry })} errors={at("expires_at")} now={now} {...keep} />;
  else {
    control = (
      <>
        <GrantSets catalog={catalog} callerGrants={caller().grants} sets={draft.sets} problem={problem} onChange={(sets) => setDraft({ ...draft, sets })} />
        <h3>Changes</h3>
        <Diff before={grantLines(loaded.token.grants)} after={grantLines(draft.sets.map(grantOf))} label="Permissions, before and after" />
      </>
    );
  }

  return (
    <Form action={action} onEscape={cancel}>
      {control}
      {theirs && <TheirChange {...theirs} />}
      {problem && !(theirs && problem.kind === "precondition_failed") && <ProblemNote problem={problem} fields={[part]} />}
      <p class="actions">
        <SubmitButton action={action} label={theirs ? "Save my edit" : "Save"} pending="Saving…" />
        <button type="button" disabled={action.busy} onClick={cancel}>
          Cancel
        </button>
      </p>
      <DiscardDialog unsaved={unsaved} saving={action.busy} />
    </Form>
  );
}

/** The diff of a concurrent change. */
function TheirChange({ before, after }: { before: string[]; after: string[] }) {
  return (
    <div class="note warn" role="alert">
      <p>Someone else edited this token while you were editing. Your text is still here. Their change:</p>
      <Diff before={before} after={after} label="Their changes" />
    </div>
  );
}

function tokenLines(token: Token): string[] {
  return [
    `Name: ${token.name}`,
    `Description: ${token.description ?? "none"}`,
    `Status: ${STATUSES[token.status]}`,
    `Expiration: ${token.expires_at === null ? "never" : formatDateTime(token.expires_at)}`,
    `Allowed IP addresses: ${token.allowed_ips.join(", ") || "any"}`,
    `Secret created: ${formatDateTime(token.rotated_at ?? token.created_at)}`,
    ...grantLines(token.grants),
  ];
}
