// Form fields for grants: sets of permissions, grouped by resource type, and their resources.
import type { Problem } from "../api/problem";
import type { FieldError, Grant } from "../api/types";
import { permissionText, resourceText } from "../domain/grants";
import { lines } from "../domain/lines";
import { ErrorList } from "./error-list";
import { FieldGroup } from "./field";
import { PermissionPicker, type CatalogProps } from "./permission-picker";
import { ResourcesField, type ResourcesDraft } from "./resources-field";

export interface GrantDraft extends ResourcesDraft {
  permissions: string[];
}

export const emptyGrant = (): GrantDraft => ({ permissions: [], allResources: false, resources: "" });

export function draftOf(grant: Grant): GrantDraft {
  const allResources = grant.resources.includes("*");
  return { permissions: [...grant.permissions], allResources, resources: allResources ? "" : grant.resources.join("\n") };
}

export function grantOf(draft: Pick<GrantDraft, "permissions" | "allResources" | "resources">): Grant {
  return { permissions: draft.permissions, resources: draft.allResources ? ["*"] : lines(draft.resources) };
}

/** What grants lack, before they are sent. */
export function grantErrors(grants: readonly Grant[]): FieldError[] {
  return grants.flatMap(({ permissions, resources }, index) => [
    ...(permissions.length === 0 ? [{ field: `grants[${index}].permissions`, message: "Select at least one permission." }] : []),
    ...resourceErrors(resources, `grants[${index}].resources`),
  ]);
}

export function resourceErrors(resources: readonly string[], field: string): FieldError[] {
  return resources.length === 0 ? [{ field, message: "Add at least one resource, or choose “All resources”." }] : [];
}

export function GrantSets(props: CatalogProps & { sets: GrantDraft[]; onChange: (sets: GrantDraft[]) => void; problem: Problem | null }) {
  const { sets, onChange, problem } = props;
  const change = (index: number, next: GrantDraft) => onChange(sets.map((set, other) => (other === index ? next : set)));
  return (
    <>
      {sets.map((set, index) => (
        <fieldset class="grant-set" key={index}>
          {sets.length > 1 && <legend>Permission set {index + 1}</legend>}
          <FieldGroup label="Permissions" errors={problem?.at(`grants[${index}].permissions`) ?? []}>
            <PermissionPicker
              {...props}
              chosen={set.permissions}
              invalid={(problem?.at(`grants[${index}].permissions`) ?? []).flatMap(({ entry }) => entry ?? [])}
              onChange={(permissions) => change(index, { ...set, permissions })}
            />
          </FieldGroup>
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
      <ErrorList errors={problem?.errors.filter(({ field }) => /^grants(\[\d+\])?$/.test(field)) ?? []} />
      {sets.length < 20 && (
        <button type="button" onClick={() => onChange([...sets, emptyGrant()])}>
          Add permission set
        </button>
      )}
    </>
  );
}

export function CodeList({ texts }: { texts: readonly string[] }) {
  return (
    <span class="permissions">
      {texts.map((text) => (
        <code key={text}>{text}</code>
      ))}
    </span>
  );
}

/** Grants as text. */
export function GrantList({ grants }: { grants: readonly Grant[] }) {
  return (
    <ul class="grants">
      {grants.map(({ permissions, resources }, index) => (
        <li key={index}>
          <CodeList texts={permissions.map(permissionText)} /> on <CodeList texts={resources.map(resourceText)} />
        </li>
      ))}
    </ul>
  );
}
