// The form for a new token, with a preview of what the token can call.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog, Grant, Token, TokenWithSecret } from "../api/types";
import { caller } from "../auth/session";
import { readCatalogIfAllowed } from "../data/catalog";
import { setNewSecret } from "../data/new-secret";
import { applyTokenChange, loadTokens, readToken, tokenList } from "../data/tokens";
import { whyNoMore, whyNotCreate } from "../domain/abilities";
import { covers, has, permissionText, resourceText } from "../domain/grants";
import { plural } from "../domain/labels";
import { lines } from "../domain/lines";
import { TEMPLATES } from "../domain/templates";
import { endOfDay, formatDate } from "../domain/time";
import { replace, tokenHash } from "../router";
import { useStore } from "../store";
import { Field, FieldGroup, nameErrors } from "../ui/field";
import { Form, SubmitButton } from "../ui/form";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { releaseGuards } from "../ui/navigation-guard";
import { ProblemNote } from "../ui/problem-note";
import { useNow } from "../ui/time";
import { Choice } from "../ui/choice";
import { LeaveDialog, useUnsavedChanges } from "../ui/unsaved-changes";
import { expiryErrors, ExpiryField, initialExpiry, type Expiry } from "../ui/expiry";
import { grantErrors, GrantSets, resourceErrors } from "../ui/grants";
import { ResourcesField } from "../ui/resources-field";
import { CallableRoutes } from "../ui/callable-routes";
import { useAction } from "../ui/use-action";
import { useDraft, useRestoredDraft } from "../ui/use-draft";
import { bodyOf, draftFrom, grantsOf, type CreateBody, type Draft } from "./create-token-draft";
import { KeylessNote, TemplateChoice } from "./create-token-templates";

/** Attempts to create one token. */
interface Attempts {
  /** The same for each attempt: if a response is lost, a retry creates no second token. */
  key: string;
  /** The bodies of attempts without a conclusive response. */
  unanswered: CreateBody[];
}

const noAttempts = (): Attempts => ({ key: crypto.randomUUID(), unanswered: [] });

const WITH_CALLER = "Expires when your own token does";
const FIELDS = ["name", "description", "owner", "role", "resources", "grants", "allowed_ips", "expires_in", "expires_at"];

/** What the form needs before it is shown. */
interface Loaded {
  catalog: Catalog | null;
  /** The token to duplicate. */
  original: Token | null;
}

export function NewTokenPage({ query }: { query: string }) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const from = new URLSearchParams(query).get("from");
    const failed = (error: unknown) => {
      setProblem(Problem.from(error));
      return null;
    };
    const original = from === null ? null : readToken(from).then(({ token }) => token, failed);
    void Promise.all([readCatalogIfAllowed().catch(failed), original]).then(([catalog, token]) => setLoaded({ catalog, original: token }));
  }, []);
  const denied = whyNotCreate(caller());
  if (denied !== null) {
    return (
      <>
        <Heading title="New token">New token</Heading>
        <p class="note warn">{denied}</p>
      </>
    );
  }
  return (
    <>
      <Heading title="New token">New token</Heading>
      {problem && <ProblemNote problem={problem} />}
      {loaded === null ? <Loading what="the catalog" /> : <NewTokenForm {...loaded} query={query} />}
    </>
  );
}

function NewTokenForm({ catalog, original, query }: Loaded & { query: string }) {
  const me = caller();
  const list = useStore(tokenList);
  useEffect(() => {
    // An administrator's list has everyone's tokens: it is used only if it is there.
    if (!covers(me.grants, "tokens:admin", "tokens")) void loadTokens(15_000);
  }, []);
  const now = useNow();
  const roles = Object.entries(catalog?.roles ?? {});
  const [start, setStart] = useState(() => draftFrom(query, catalog, me, original));
  const restored = useRestoredDraft<{ draft: Draft; attempts: Attempts }>("new");
  const [draft, setDraft] = useState(restored?.draft ?? start);
  const { name, description, owner, byRole, role, where, sets, expiry, ips } = draft;
  const attempts = useRef(restored?.attempts ?? noAttempts());

  const grants = grantsOf(draft, catalog);
  const dirty = JSON.stringify({ ...draft, byRole: false }) !== JSON.stringify({ ...start, byRole: false });
  const [template, setTemplate] = useState(() => TEMPLATES[new URLSearchParams(query).get("template") ?? ""] ?? null);
  const begin = (key: string) => {
    const next = draftFrom(`template=${key}`, catalog, me, null);
    setTemplate(TEMPLATES[key] ?? null);
    setStart(next);
    setDraft(next);
  };

  const body = bodyOf(draft, grants);

  async function create() {
    if (problem?.kind === "already_created") attempts.current = noAttempts();
    Problem.throwIfAny([
      ...nameErrors(name),
      ...expiryErrors(expiry),
      ...(byRole && role === null ? [{ field: "role", message: "Choose a role." }] : []),
      ...(byRole ? resourceErrors(grants[0]?.resources ?? [], "resources") : grantErrors(grants)),
    ]);
    const sent = unwrap(api.POST("/tokens", { params: { header: { "Idempotency-Key": attempts.current.key } }, body }));
    const { data } = await sent.catch((error: unknown) => {
      throw Problem.from(error).naming(body);
    });
    applyTokenChange(setNewSecret("created", data as TokenWithSecret));
    releaseGuards();
    replace("#/secret");
  }
  const action = useAction(create, async ({ isInconclusive }) => {
    if (isInconclusive) attempts.current.unanswered.push(body);
  });
  const { busy, problem, setProblem } = action;
  const created = problem?.kind === "already_created" ? problem.tokenId : null;
  const at = (field: string) => problem?.at(field) ?? [];
  /** Sets a value and clears the errors of its fields. */
  const changing = <K extends keyof Draft>(part: K, ...fields: string[]) => (value: Draft[K]) => {
    setDraft((before) => ({ ...before, [part]: value }));
    if (problem) setProblem(remaining(fields.reduce((rest, field) => rest.without(field), problem), problem));
  };

  const isOwn = owner.trim() === "" || owner.trim() === me.owner;
  const denied = isOwn && list.state === "complete" ? whyNoMore(me, list.tokens) : null;
  const { unanswered } = attempts.current;
  const isCreated = created !== null && unanswered.every((sent) => JSON.stringify(sent) === JSON.stringify(body));
  const isUnsaved = dirty && !isCreated;
  const unsaved = useUnsavedChanges(isUnsaved || busy);
  useDraft("new", { draft, attempts: attempts.current }, isUnsaved);

  const choice = (label: string, value: boolean) => <Choice name="way" label={label} checked={byRole === value} onChange={() => changing("byRole", "grants", "role", "resources")(value)} />;

  return (
    <Form action={action} class="new">
      <div class="form">
        {!dirty && original === null && <TemplateChoice selected={template} onChoose={begin} />}
        {template?.issuer !== undefined && <KeylessNote label={template.label} issuer={template.issuer} catalog={catalog} />}
        <Field label="Name" hint="e.g. “github-actions billing deploy production”" errors={at("name")}>
          {(ids) => <input {...ids} required maxLength={100} autocomplete="off" value={name} onInput={(event) => changing("name", "name")(event.currentTarget.value)} />}
        </Field>
        <Field label="Description" optional hint="Where the secret is stored and who to contact. Don’t paste the secret itself." errors={at("description")}>
          {(ids) => <textarea {...ids} rows={2} maxLength={500} value={description} onInput={(event) => changing("description", "description")(event.currentTarget.value)} />}
        </Field>
        {covers(me.grants, "tokens:admin", "tokens") && (
          <Field label="Owner" optional hint={`Who the token acts as. Default: you (${me.owner}).`} errors={at("owner")}>
            {(ids) => (
              <input {...ids} autocomplete="off" spellcheck={false} placeholder={me.owner} value={owner} onInput={(event) => changing("owner", "owner")(event.currentTarget.value)} />
            )}
          </Field>
        )}
        <ExpiryField value={expiry} onChange={changing("expiry", "expires_in", "expires_at")} errors={[...at("expires_in"), ...at("expires_at")]} now={now} {...(initialExpiry().kind === "keep" ? { keep: WITH_CALLER } : {})} />
        <section aria-labelledby="may">
          <h2 id="may">Permissions</h2>
          {roles.length > 0 && (
            <div class="choices" role="radiogroup" aria-labelledby="may">
              {choice("Custom permissions", false)}
              {choice("Use a role", true)}
            </div>
          )}
          {byRole ? (
            <>
              <FieldGroup label="Role" errors={at("role")}>
                {roles.map(([each, { description: roleDescription, permissions }]) => {
                  const missing = permissions.filter((permission) => !has(me.grants, permission));
                  return (
                    <label class="permission" key={each}>
                      <input type="radio" name="role" checked={role === each} disabled={missing.length > 0} onChange={() => changing("role", "role")(each)} />
                      <span>
                        <strong>{each}</strong> {missing.length > 0 && <em class="quiet">exceeds your permissions</em>}
                        <span class="description">
                          {roleDescription} <code>{permissions.join(", ")}</code>
                        </span>
                      </span>
                    </label>
                  );
                })}
              </FieldGroup>
              <ResourcesField draft={where} onChange={changing("where", "resources")} errors={at("resources")} />
            </>
          ) : (
            <GrantSets catalog={catalog} callerGrants={me.grants} sets={sets} onChange={changing("sets", "grants")} problem={problem} />
          )}
        </section>
        <Field
          label="Allowed IP addresses (one per line)"
          optional
          hint="Addresses or CIDR ranges, e.g. 192.0.2.7 or 192.0.2.0/24. Leave empty to allow any address."
          errors={at("allowed_ips")}
        >
          {(ids) => <textarea {...ids} rows={2} class="mono" spellcheck={false} autocomplete="off" value={ips} onInput={(event) => changing("ips", "allowed_ips")(event.currentTarget.value)} />}
        </Field>
      </div>
      <aside class="preview" aria-labelledby="callable">
        <h2 id="callable">This token can call</h2>
        <div aria-live="polite">
          <CallableRoutes catalog={catalog} grants={grants} />
          {problem?.kind !== "exceeds_grants" &&
            notGrantable(me.grants, grants).map((line) => (
              <p class="note bad" key={line}>
                {line}
              </p>
            ))}
          <p class="quiet">
            {expiryText(expiry)} · {lines(ips).length > 0 ? lines(ips).join(", ") : "Any IP address"}
          </p>
        </div>
        {created !== null && !isCreated && <CreatedEarlier id={created} unanswered={unanswered} />}
        {problem && (created === null || isCreated) && (
          <ProblemNote problem={problem} fields={FIELDS}>
            {created !== null && (
              <p>
                <a href={tokenHash(created)}>Open the token to rotate it</a>
              </p>
            )}
            {problem.kind === "token_limit_reached" && (
              <p>
                <a href="#/tokens">Show my tokens</a>
              </p>
            )}
          </ProblemNote>
        )}
        {denied !== null && problem?.kind !== "token_limit_reached" && (
          <p class="note warn">
            {denied} <a href="#/tokens">Show my tokens</a>
          </p>
        )}
        <SubmitButton action={action} denied={denied !== null} label={created === null ? "Create token" : "Create another token"} pending="Creating…" class="primary large" />
        {created === null && <p class="hint">You’ll see the secret once, on the next page.</p>}
      </aside>
      <LeaveDialog unsaved={unsaved} title="Leave this page?" impossible={busy} {...(busy ? { stay: "Stay" } : {})}>
        {busy
          ? "Creating the token. Wait for the secret: it’s shown only once."
          : created !== null
            ? "Your changes since the token was created will be lost."
            : unanswered.length > 0
              ? "The token may have been created. Try again to find out, or look for it in the list."
              : "Your entries will be lost. No token has been created."}
      </LeaveDialog>
    </Form>
  );
}

/** Says which token exists after lost responses, if the form may have other entries by now. */
function CreatedEarlier({ id, unanswered }: { id: string; unanswered: readonly CreateBody[] }) {
  // After lost responses to different entries, only the token itself shows which of them it has.
  const isKnown = new Set(unanswered.map((sent) => JSON.stringify(sent))).size === 1;
  const name = isKnown ? `“${unanswered[0]?.name}”` : "the token";
  return (
    <div class="note bad" role="alert">
      <p>
        <strong>
          {isKnown
            ? `${name} was created with your earlier entries; the changes since then were not applied.`
            : "One of your earlier attempts created a token. Open it to see which entries it has."}
        </strong>{" "}
        The first response never arrived, and its secret can’t be shown again.
      </p>
      <p>
        <a href={tokenHash(id)}>Open {name} to rotate it</a>
      </p>
    </div>
  );
}

function expiryText(expiry: Expiry): string {
  if (expiry.kind === "keep") return WITH_CALLER;
  if (expiry.kind === "never") return "Never expires";
  if (expiry.kind === "days") return `Expires in ${plural(expiry.days, "day")}`;
  // An incomplete date has no end of day.
  if (endOfDay(expiry.day) === null) return "Pick a date";
  return `Expires ${formatDate(`${expiry.day}T12:00`)}`;
}

/** The problem with its remaining errors; null when the last one is fixed. */
function remaining(rest: Problem, before: Problem): Problem | null {
  return before.errors.length > 0 && rest.errors.length === 0 ? null : rest;
}

/** A message that lists the wanted grants that the caller does not have. */
function notGrantable(callerGrants: readonly Grant[], wanted: readonly Grant[]): string[] {
  const missing = wanted.flatMap(({ permissions, resources }) =>
    permissions.flatMap((permission) =>
      resources.filter((resource) => !covers(callerGrants, permission, resource)).map((resource) => `${permissionText(permission)} on ${resourceText(resource)}`),
    ),
  );
  if (missing.length === 0) return [];
  return [`You can’t grant permissions you don’t have: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", …" : ""}`];
}
