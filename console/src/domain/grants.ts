// Which permission covers which, and which resource: the rules of docs/authorization.md.
import type { Grant } from "../api/types";

/** Whether a permission that is held covers the whole of one that is asked for. */
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

/** Whether a resource that is held covers the whole of one that is asked for. */
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

/** Whether somebody has a permission on anything at all. */
export function has(grants: readonly Grant[], permission: string): boolean {
  return grants.some((grant) => grant.permissions.some((held) => coversPermission(held, permission)));
}

/** Every permission on every resource, a line each: for differences. */
export function grantLines(grants: readonly Grant[]): string[] {
  const lines = grants.flatMap((grant) =>
    grant.resources.flatMap((resource) => grant.permissions.map((permission) => `${permission} on ${everything(resource)}`)),
  );
  return [...new Set(lines)].toSorted();
}

export function everything(pattern: string): string {
  return pattern === "*" ? "everything" : pattern;
}

export function allPermissions(grants: readonly Grant[]): string[] {
  return [...new Set(grants.flatMap((grant) => grant.permissions))];
}

/** The half before the colon, by which permissions are grouped. */
export function resourceOf(permission: string): string {
  return halves(permission)[0];
}
