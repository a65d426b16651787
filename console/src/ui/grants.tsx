// Choosing what a token may do: permissions of the catalog, grouped by what they are about, on
// resources; in one set or in several.
import { useId, useMemo, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import type { Catalog, Grant } from "../api/types";
import { coversPermission, everything, has, resourceOf } from "../domain/grants";
import { ErrorList } from "./error-list";
import { Field } from "./field";
import { Choice } from "./choice";

export interface GrantDraft {
  permissions: string[];
  everywhere: boolean;
  /** One a line. */
  resources: string;
}

export const emptyGrant = (): GrantDraft => ({ permissions: [], everywhere: false, resources: "" });

export function draftOf(grant: Grant): GrantDraft {
  const everywhere = grant.resources.includes("*");
  return { permissions: [...grant.permissions], everywhere, resources: everywhere ? "" : grant.resources.join("\n") };
}

export function grantOf(draft: Pick<GrantDraft, "permissions" | "everywhere" | "resources">): Grant {
  return { permissions: draft.permissions, resources: draft.everywhere ? ["*"] : lines(draft.resources) };
}

export function lines(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter(Boolean);
}

interface Offered {
  catalog: Catalog | null;
  mine: readonly Grant[];
}

export function GrantSets(props: Offered & { sets: GrantDraft[]; onChange: (sets: GrantDraft[]) => void; problem: Problem | null }) {
  const { sets, onChange, problem } = props;
  const change = (index: number, next: GrantDraft) => onChange(sets.map((set, other) => (other === index ? next : set)));
  return (
    <>
      {sets.map((set, index) => (
        <fieldset class="grant-set" key={index}>
          <legend>{sets.length === 1 ? "Permissions" : `Permissions, set ${index + 1}`}</legend>
          <PermissionPicker
            {...props}
            chosen={set.permissions}
            onChange={(permissions) => change(index, { ...set, permissions })}
          />
          <ErrorList errors={problem?.at(`grants[${index}].permissions`) ?? []} />
          <ResourcesField
            draft={set}
            onChange={(part) => change(index, { ...set, ...part })}
            errors={problem?.at(`grants[${index}].resources`) ?? []}
          />
          {sets.length > 1 && (
            <button type="button" onClick={() => onChange(sets.filter((_, other) => other !== index))}>
              Remove set {index + 1}
            </button>
          )}
        </fieldset>
      ))}
      {sets.length < 20 && (
        <button type="button" onClick={() => onChange([...sets, emptyGrant()])}>
          Add other permissions on other resources
        </button>
      )}
    </>
  );
}

export function ResourcesField(props: {
  draft: Pick<GrantDraft, "everywhere" | "resources">;
  onChange: (part: Pick<GrantDraft, "everywhere" | "resources">) => void;
  errors: readonly { field: string; message: string }[];
}) {
  const { draft, onChange } = props;
  const name = useId();
  return (
    <fieldset class="field">
      <legend>On which resources</legend>
      <div class="choices">
        <Choice name={name} label="Only these" checked={!draft.everywhere} onChange={() => onChange({ ...draft, everywhere: false })} />
        <Choice name={name} label="Everything" checked={draft.everywhere} onChange={() => onChange({ ...draft, everywhere: true })} />
      </div>
      {draft.everywhere ? (
        <ErrorList errors={props.errors} />
      ) : (
        <Field
          label="Resources, one a line"
          hint={
            <>
              <code>apps/billing</code> is itself and all below it, <code>apps/*</code> only what is below.
            </>
          }
          errors={props.errors}
        >
          {(ids) => (
            <textarea
              {...ids}
              rows={2}
              class="mono"
              spellcheck={false}
              autocomplete="off"
              value={draft.resources}
              onInput={(event) => onChange({ ...draft, resources: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}

interface Group {
  name: string;
  permissions: [string, string][];
}

function PermissionPicker({ catalog, mine, chosen, onChange }: Offered & { chosen: string[]; onChange: (chosen: string[]) => void }) {
  const [search, setSearch] = useState("");
  const [own, setOwn] = useState("");
  const groups = useMemo(() => grouped(offered(catalog, mine)), [catalog, mine]);
  const found = useMemo(() => filtered(groups, search), [groups, search]);
  const listed = new Set(groups.flatMap(({ permissions }) => permissions.map(([permission]) => permission)));
  const others = chosen.filter((permission) => !listed.has(permission));
  const toggle = (permission: string) =>
    onChange(chosen.includes(permission) ? chosen.filter((other) => other !== permission) : [...chosen, permission]);
  const addOwn = () => {
    const added = lines(own).filter((permission) => !chosen.includes(permission));
    if (added.length > 0) onChange([...chosen, ...added]);
    setOwn("");
  };
  return (
    <div class="picker">
      {groups.length > 0 && (
        <input
          type="search"
          aria-label="Search permissions"
          placeholder="Search permissions"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      {catalog === null && (
        <p class="hint">
          {groups.length > 0
            ? "You may not see the catalog. These are the permissions that you have yourself."
            : "You may not see the catalog, so write the permissions down."}
        </p>
      )}
      {found.length === 0 && search && <p class="hint">No permission is called that, nor described so.</p>}
      <div class="groups">
        {found.map((group) => (
          <fieldset key={group.name} class="group">
            <legend>{group.name}</legend>
            {group.permissions.map(([permission, description]) => (
              <PermissionChoice key={permission} {...{ permission, description, chosen, mine, toggle }} />
            ))}
            {!search && group.permissions.length > 1 && (
              <PermissionChoice
                permission={`${group.name}:*`}
                description={`All of ${group.name}, and what will be added to it`}
                {...{ chosen, mine, toggle }}
              />
            )}
          </fieldset>
        ))}
      </div>
      {others.some((permission) => !isOffered(permission, groups)) && (
        <ul class="chips" aria-label="Further permissions">
          {others
            .filter((permission) => !isOffered(permission, groups))
            .map((permission) => (
              <li key={permission}>
                <code>{permission}</code>
                <button type="button" class="plain" aria-label={`Take ${permission} out`} onClick={() => toggle(permission)}>
                  ✕
                </button>
              </li>
            ))}
        </ul>
      )}
      <div class="beside">
        <input
          class="mono"
          aria-label="Another permission"
          placeholder="Another, as in apps:read or *:read"
          spellcheck={false}
          autocomplete="off"
          value={own}
          onInput={(event) => setOwn(event.currentTarget.value)}
          onBlur={addOwn}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            addOwn();
          }}
        />
        <button type="button" onClick={addOwn}>
          Add
        </button>
      </div>
    </div>
  );
}

function isOffered(permission: string, groups: readonly Group[]): boolean {
  return groups.some((group) => group.permissions.length > 1 && permission === `${group.name}:*`);
}

function PermissionChoice(props: {
  permission: string;
  description: string;
  chosen: readonly string[];
  mine: readonly Grant[];
  toggle: (permission: string) => void;
}) {
  const { permission, chosen } = props;
  const selected = chosen.includes(permission);
  const within = chosen.some((other) => other !== permission && coversPermission(other, permission));
  const allowed = has(props.mine, permission);
  const note = within && !selected ? "included" : allowed ? null : "you do not have it";
  return (
    <label class="permission">
      <input
        type="checkbox"
        checked={selected || within}
        disabled={(within && !selected) || (!allowed && !selected)}
        onChange={() => props.toggle(permission)}
      />
      <span>
        <code>{permission}</code> {note && <em class="quiet">{note}</em>}
        {props.description && <span class="description">{props.description}</span>}
      </span>
    </label>
  );
}

/** Those of the catalog with their descriptions; for whoever may not see it, those that they have. */
function offered(catalog: Catalog | null, mine: readonly Grant[]): [string, string][] {
  if (catalog !== null) return Object.entries(catalog.permissions ?? {});
  const own = new Set(mine.flatMap(({ permissions }) => permissions));
  return [...own].filter((permission) => !permission.includes("*")).map((permission) => [permission, ""]);
}

function grouped(permissions: readonly [string, string][]): Group[] {
  const groups = new Map<string, Group>();
  for (const [permission, description] of permissions) {
    const name = resourceOf(permission);
    const group = groups.get(name) ?? { name, permissions: [] };
    group.permissions.push([permission, description]);
    groups.set(name, group);
  }
  const ofPortcullis = ({ name }: Group) => (name === "tokens" || name === "catalog" ? 1 : 0);
  return [...groups.values()].toSorted((a, b) => ofPortcullis(a) - ofPortcullis(b) || a.name.localeCompare(b.name));
}

function filtered(groups: readonly Group[], search: string): Group[] {
  const wanted = search.trim().toLowerCase();
  if (!wanted) return [...groups];
  return groups.flatMap((group) => {
    const permissions = group.permissions.filter((entry) => entry.some((text) => text.toLowerCase().includes(wanted)));
    return permissions.length > 0 ? [{ ...group, permissions }] : [];
  });
}

export function Codes({ texts }: { texts: readonly string[] }) {
  return (
    <span class="permissions">
      {texts.map((text) => (
        <code key={text}>{text}</code>
      ))}
    </span>
  );
}

/** What a token may do, to be read. */
export function GrantList({ grants }: { grants: readonly Grant[] }) {
  return (
    <ul class="grants">
      {grants.map(({ permissions, resources }, index) => (
        <li key={index}>
          <Codes texts={permissions.map(everything)} /> on <Codes texts={resources.map(everything)} />
        </li>
      ))}
    </ul>
  );
}
