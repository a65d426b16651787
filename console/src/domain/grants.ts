// Which permissions and resources cover others. docs/authorization.md has the rules.
import type { Grant } from "../api/types";

/** Permissions of Portcullis itself, which are part of every catalog. */
export const isBuiltIn = (permission: string): boolean => /^((tokens|catalog):|approvals:(read|decide)$)/.test(permission);

/** Whether the held permission covers all of the wanted one. */
export function coversPermission(held: string, wanted: string): boolean {
  const [heldResource, heldAction] = halves(held);
  const [wantedResource, wantedAction] = halves(wanted);
  return (heldResource === "*" || heldResource === wantedResource) && (heldAction === "*" || heldAction === wantedAction);
}

function halves(permission: string): [string, string] {
  if (permission === "*") return ["*", "*"];
  const colon = permission.indexOf(":");
  return [permission.slice(0, colon), permission.slice(colon + 1)];
}

/** Whether the held resource covers all of the wanted one. */
export function coversResource(held: string, wanted: string): boolean {
  if (held === "*") return true;
  if (held.endsWith("/*")) return wanted.startsWith(held.slice(0, -1)) && wanted !== held.slice(0, -1);
  return wanted === held || wanted.startsWith(`${held}/`);
}

export function covers(grants: readonly Grant[], permission: string, resource: string): boolean {
  return grants.some(
    (grant) =>
      grant.permissions.some((held) => coversPermission(held, permission)) &&
      grant.resources.some((held) => coversResource(held, resource)),
  );
}

/** Whether the grants have a permission on any resource. */
export function has(grants: readonly Grant[], permission: string): boolean {
  return grants.some((grant) => grant.permissions.some((held) => coversPermission(held, permission)));
}

/** Each permission on each resource as a line, for diffs. */
export function grantLines(grants: readonly Grant[]): string[] {
  const lines = grants.flatMap((grant) =>
    grant.resources.flatMap((resource) => grant.permissions.map((permission) => `${permissionText(permission)} on ${resourceText(resource)}`)),
  );
  return [...new Set(lines)].toSorted();
}

/** A permission on a resource that a token lacks. */
export interface Addition {
  permission: string;
  resource: string;
}

/** Label of the button that opens the form with an addition. */
export function additionLabel({ permission, resource }: Addition): string {
  return `Add ${permissionText(permission)} on ${resourceText(resource)}`;
}

/** The grants with this addition, and nothing else: a grant is extended only if that adds no other access. */
export function withAddition(grants: readonly Grant[], { permission, resource }: Addition): Grant[] {
  const isOnly = (values: readonly string[], value: string) => values.length === 1 && values[0] === value;
  const extended = grants.findIndex(({ permissions, resources }) => isOnly(permissions, permission) || isOnly(resources, resource));
  if (extended === -1) return [...grants, { permissions: [permission], resources: [resource] }];
  const add = (values: readonly string[], value: string) => (values.includes(value) ? [...values] : [...values, value]);
  return grants.map((grant, index) =>
    index === extended ? { permissions: add(grant.permissions, permission), resources: add(grant.resources, resource) } : grant,
  );
}

export function permissionText(permission: string): string {
  return permission === "*" ? "all permissions" : permission;
}

export function resourceText(resource: string): string {
  return resource === "*" ? "all resources" : resource;
}

/** The part before the colon, by which permissions are grouped. */
export function resourceOf(permission: string): string {
  return halves(permission)[0];
}
