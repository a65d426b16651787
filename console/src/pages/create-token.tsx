// Making a token: what it is called, what it may do, until when and from where, and beside it
// what it will be able to call.
import { useEffect, useRef, useState } from "preact/hooks";
import { answer, api } from "../api/client";
import { Problem } from "../api/problem";
import type { Catalog, Grant, TokenWithSecret } from "../api/types";
import { caller } from "../auth/session";
import { readCatalogIfAllowed } from "../data/catalog";
import { keepSecret } from "../data/new-secret";
import { noteToken } from "../data/tokens";
import { covers, everything, has } from "../domain/grants";
import { endOfDay, onDate } from "../domain/time";
import { replace, setGuard } from "../router";
import { ErrorList } from "../ui/error-list";
import { Field } from "../ui/field";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { useNow } from "../ui/time";
import { Choice } from "../ui/choice";
import { LeaveDialog, useWayOut } from "../ui/unsaved-changes";
import { ExpiryField, expiryFields, type Expiry } from "../ui/expiry";
import { emptyGrant, GrantSets, grantOf, lines, ResourcesField, type GrantDraft } from "../ui/grants";
import { Reach } from "../ui/reach";
import { useAction } from "../ui/use-action";

const FIELDS = ["name", "description", "owner", "role", "resources", "grants", "allowed_ips", "expires_in", "expires_at"];

export function NewTokenPage() {
  const [catalog, setCatalog] = useState<{ catalog: Catalog | null } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    readCatalogIfAllowed().then(
      (read) => setCatalog({ catalog: read }),
      (error: unknown) => {
        setProblem(Problem.from(error));
        setCatalog({ catalog: null });
      },
    );
  }, []);
  return (
    <>
      <Heading title="New token">New token</Heading>
      {problem && <ProblemNote problem={problem} />}
      {catalog === null ? <Loading what="the catalog" /> : <NewTokenForm catalog={catalog.catalog} />}
    </>
  );
}

function NewTokenForm({ catalog }: { catalog: Catalog | null }) {
  const me = caller();
  const now = useNow();
  const roles = Object.entries(catalog?.roles ?? {});
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [owner, setOwner] = useState("");
  const [byRole, setByRole] = useState(false);
  const [role, setRole] = useState<string | null>(null);
  const [where, setWhere] = useState({ everywhere: false, resources: "" });
  const [sets, setSets] = useState<GrantDraft[]>([emptyGrant()]);
  const [expiry, setExpiry] = useState<Expiry>({ kind: "days", days: 30 });
  const [ips, setIps] = useState("");

  const rolePermissions = role === null ? [] : (catalog?.roles?.[role]?.permissions ?? []);
  const grants: Grant[] = byRole ? [grantOf({ permissions: rolePermissions, ...where })] : sets.map(grantOf);
  const dirty = name !== "" || description !== "" || role !== null || sets.some((set) => set.permissions.length > 0);

  async function create() {
    const shared = {
      name,
      ...expiryFields(expiry),
      ...(description.trim() ? { description } : {}),
      ...(owner.trim() ? { owner: owner.trim() } : {}),
      ...(lines(ips).length > 0 ? { allowed_ips: lines(ips) } : {}),
    };
    const body = byRole ? { ...shared, role: role ?? "", resources: grants[0]?.resources ?? [] } : { ...shared, grants };
    const { data } = await answer(api.POST("/tokens", { body }));
    noteToken(keepSecret("created", data as TokenWithSecret));
    setGuard(null);
    replace("#/secret");
  }
  const { busy, problem, setProblem, submit } = useAction(create);
  const at = (field: string) => problem?.at(field) ?? [];
  /** Takes a change, and with it what was said about the field before. */
  const changing = <T,>(set: (value: T) => void, ...fields: string[]) => (value: T) => {
    set(value);
    if (problem) setProblem(left(fields.reduce((rest, field) => rest.without(field), problem), problem));
  };

  const form = useRef<HTMLFormElement>(null);
  // After a refusal, the first field with an error gets the focus.
  useEffect(() => {
    if (!busy) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [busy]);
  const way = useWayOut(dirty);

  const choice = (label: string, value: boolean) => <Choice name="way" label={label} checked={byRole === value} onChange={() => setByRole(value)} />;

  return (
    <form ref={form} class="new" noValidate onSubmit={submit}>
      <div class="form">
        <Field label="Name" hint="System, purpose, environment: github-actions billing deploy production" errors={at("name")}>
          {(ids) => <input {...ids} required maxLength={100} autocomplete="off" value={name} onInput={(event) => changing(setName, "name")(event.currentTarget.value)} />}
        </Field>
        <Field label="Description" optional hint="Where its secret is kept, and whom to ask. Never the secret." errors={at("description")}>
          {(ids) => <textarea {...ids} rows={2} maxLength={500} value={description} onInput={(event) => changing(setDescription, "description")(event.currentTarget.value)} />}
        </Field>
        {covers(me.grants, "tokens:admin", "tokens") && (
          <Field label="Owner" optional hint={`Whom it acts for; ${me.owner} if you leave it empty.`} errors={at("owner")}>
            {(ids) => (
              <input {...ids} autocomplete="off" spellcheck={false} placeholder={me.owner} value={owner} onInput={(event) => changing(setOwner, "owner")(event.currentTarget.value)} />
            )}
          </Field>
        )}
        <ExpiryField value={expiry} onChange={changing(setExpiry, "expires_in", "expires_at")} errors={[...at("expires_in"), ...at("expires_at")]} now={now} />
        <section aria-labelledby="may">
          <h2 id="may">What it may do</h2>
          {roles.length > 0 && (
            <div class="choices" role="radiogroup" aria-labelledby="may">
              {choice("Choose permissions", false)}
              {choice("Take those of a role", true)}
            </div>
          )}
          {byRole ? (
            <>
              <fieldset class="field roles">
                <legend>Role</legend>
                {roles.map(([each, { description: does, permissions }]) => {
                  const missing = permissions.filter((permission) => !has(me.grants, permission));
                  return (
                    <label class="permission" key={each}>
                      <input type="radio" name="role" checked={role === each} disabled={missing.length > 0} onChange={() => changing(setRole, "role")(each)} />
                      <span>
                        <strong>{each}</strong> {missing.length > 0 && <em class="quiet">has more than you</em>}
                        <span class="description">
                          {does} <code>{permissions.join(", ")}</code>
                        </span>
                      </span>
                    </label>
                  );
                })}
                <ErrorList errors={at("role")} />
              </fieldset>
              <ResourcesField draft={where} onChange={changing(setWhere, "resources")} errors={at("resources")} />
            </>
          ) : (
            <GrantSets catalog={catalog} mine={me.grants} sets={sets} onChange={changing(setSets, "grants")} problem={problem} />
          )}
        </section>
        <Field
          label="Allowed IP addresses, one a line"
          optional
          hint="Addresses or networks, as in 192.0.2.7 or 192.0.2.0/24. Left empty, it works from anywhere."
          errors={at("allowed_ips")}
        >
          {(ids) => <textarea {...ids} rows={2} class="mono" spellcheck={false} autocomplete="off" value={ips} onInput={(event) => changing(setIps, "allowed_ips")(event.currentTarget.value)} />}
        </Field>
      </div>
      <aside class="preview" aria-labelledby="reach">
        <h2 id="reach">What it will be able to call</h2>
        <div aria-live="polite">
          <Reach catalog={catalog} grants={grants} />
          {beyond(me.grants, grants).map((line) => (
            <p class="note bad" key={line}>
              {line}
            </p>
          ))}
          <p class="quiet">
            {howLong(expiry)}
            {lines(ips).length > 0 ? `, from ${lines(ips).join(", ")}` : ", from anywhere"}.
          </p>
        </div>
        {problem && (
          <ProblemNote problem={problem} fields={FIELDS}>
            {problem.kind === "unanswered" && <p>It may have been made all the same: look in the list before you try again.</p>}
          </ProblemNote>
        )}
        <button type="submit" class="primary large" disabled={busy}>
          {busy ? "Creating…" : "Create the token"}
        </button>
        <p class="hint">The secret is shown next, once.</p>
      </aside>
      <LeaveDialog way={way} title="Leave this page?" impossible={busy}>
        {busy
          ? "The token is being made, and its secret is shown here, once. Stay until then."
          : "What you entered is kept nowhere. No token was made."}
      </LeaveDialog>
    </form>
  );
}

function howLong(expiry: Expiry): string {
  if (expiry.kind === "never") return "For ever";
  if (expiry.kind === "days") return `For ${expiry.days} days`;
  // While one types, it is not a date yet.
  if (expiry.kind !== "date" || endOfDay(expiry.day) === null) return "Until a date";
  return `Until ${onDate(`${expiry.day}T12:00`)}`;
}

/** What is still wrong; nothing where all that was marked has been changed since. */
function left(rest: Problem, before: Problem): Problem | null {
  return before.errors.length > 0 && rest.errors.length === 0 ? null : rest;
}

/** What is asked for and not one's own to give, before the service says so. */
function beyond(mine: readonly Grant[], wanted: readonly Grant[]): string[] {
  const missing = wanted.flatMap(({ permissions, resources }) =>
    permissions.flatMap((permission) =>
      resources.filter((resource) => !covers(mine, permission, resource)).map((resource) => `${permission} on ${everything(resource)}`),
    ),
  );
  if (missing.length === 0) return [];
  return [`You do not have this yourself, and so cannot hand it out: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", …" : ""}.`];
}
