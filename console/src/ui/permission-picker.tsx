// The permissions of one grant: the catalog's, grouped by resource type, and others.
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { Catalog, Grant } from "../api/types";
import { permissionEntry, type PermissionEntry } from "../domain/approvals";
import { coversPermission, has, isBuiltIn, resourceOf } from "../domain/grants";
import { lines } from "../domain/lines";
import { SearchField } from "./search-field";

export interface CatalogProps {
  catalog: Catalog | null;
  callerGrants: readonly Grant[];
}

interface Group {
  name: string;
  permissions: [string, string][];
}

/** Permissions that cover those of all groups. */
const WILDCARDS: [permission: string, description: string][] = [
  ["*:read", "Everything that is read-only, tokens and catalog included"],
  ["*", "Everything, tokens and catalog included"],
];

interface Props extends CatalogProps {
  chosen: string[];
  /** Those of the chosen permissions that were rejected. */
  invalid: readonly string[];
  onChange: (chosen: string[]) => void;
}

export function PermissionPicker({ catalog, callerGrants, chosen, invalid, onChange }: Props) {
  const [search, setSearch] = useState("");
  const [own, setOwn] = useState("");
  const groups = useMemo(() => grouped(selectable(catalog, callerGrants)), [catalog, callerGrants]);
  const found = useMemo(() => filtered(groups, search), [groups, search]);
  // The first rejected permission takes the focus, so the search must not hide it.
  useLayoutEffect(() => {
    if (invalid.length > 0) setSearch("");
  }, [invalid.join("\n")]);
  const hasWildcards = groups.length > 1;
  const listed = new Set([
    ...(hasWildcards ? WILDCARDS.map(([permission]) => permission) : []),
    ...groups.flatMap(({ name, permissions }) => [...(permissions.length > 1 ? [`${name}:*`] : []), ...permissions.map(([permission]) => permission)]),
  ]);
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
        <SearchField label="Search permissions" value={search} onChange={setSearch} />
      )}
      {catalog === null && (
        <p class="hint">
          {groups.length > 0
            ? "You can’t view the catalog. Showing the permissions you have."
            : "You can’t view the catalog. Enter permissions manually."}
        </p>
      )}
      {found.length === 0 && search && <p class="hint">No matching permissions</p>}
      <div class="groups">
        {!search && hasWildcards && (
          <fieldset class="group wildcards">
            <legend>All resource types</legend>
            {WILDCARDS.map(([permission, description]) => (
              <PermissionChoice key={permission} {...{ permission, description, chosen, invalid, callerGrants, toggle }} />
            ))}
          </fieldset>
        )}
        {found.map((group) => (
          <fieldset key={group.name} class="group">
            <legend>{group.name}</legend>
            {!search && group.permissions.length > 1 && (
              <PermissionChoice
                permission={`${group.name}:*`}
                description={`All ${group.name} permissions, including future ones`}
                {...{ chosen, invalid, callerGrants, toggle }}
              />
            )}
            {group.permissions.map(([permission, description]) => (
              <PermissionChoice key={permission} {...{ permission, description, chosen, invalid, callerGrants, toggle }} />
            ))}
          </fieldset>
        ))}
      </div>
      {others.length > 0 && (
        <ul class="chips" aria-label="Other permissions">
          {others.map((permission) => (
            <li key={permission}>
              <code>{permission}</code>
              <button type="button" class="plain" aria-label={`Remove ${permission}`} data-invalid={invalid.includes(permission) || undefined} onClick={() => toggle(permission)}>
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
          placeholder="Add another, e.g. apps:read or *:read"
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

function PermissionChoice(props: {
  permission: string;
  description: string;
  chosen: readonly string[];
  invalid: readonly string[];
  callerGrants: readonly Grant[];
  toggle: (permission: string) => void;
}) {
  const { permission, chosen } = props;
  const selected = chosen.includes(permission);
  const within = chosen.some((other) => other !== permission && coversPermission(other, permission));
  const allowed = has(props.callerGrants, permission);
  const note = within && !selected ? "included" : allowed ? null : "you can’t grant this";
  return (
    <label class="permission">
      <input
        type="checkbox"
        checked={selected || within}
        data-invalid={props.invalid.includes(permission) || undefined}
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

/** The catalog's permissions with their descriptions. Without a catalog, the caller's own permissions. */
function selectable(catalog: Catalog | null, callerGrants: readonly Grant[]): [string, string][] {
  if (catalog !== null) return Object.entries(catalog.permissions ?? {}).map(([permission, entry]) => [permission, descriptionOf(permissionEntry(entry))]);
  const own = new Set(callerGrants.flatMap(({ permissions }) => permissions));
  return [...own].filter((permission) => !permission.includes("*")).map((permission) => [permission, ""]);
}

const descriptionOf = ({ description, approval }: PermissionEntry): string => (approval === null ? description : `${description} (needs approval)`.trim());

function grouped(permissions: readonly [string, string][]): Group[] {
  const groups = new Map<string, Group>();
  for (const [permission, description] of permissions) {
    const name = resourceOf(permission);
    const group = groups.get(name) ?? { name, permissions: [] };
    group.permissions.push([permission, description]);
    groups.set(name, group);
  }
  const rank = ({ permissions: own }: Group) => (own.every(([permission]) => isBuiltIn(permission)) ? 1 : 0);
  return [...groups.values()].toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function filtered(groups: readonly Group[], search: string): Group[] {
  const wanted = search.trim().toLowerCase();
  if (!wanted) return [...groups];
  return groups.flatMap((group) => {
    const permissions = group.permissions.filter((entry) => entry.some((text) => text.toLowerCase().includes(wanted)));
    return permissions.length > 0 ? [{ ...group, permissions }] : [];
  });
}
