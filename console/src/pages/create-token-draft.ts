// What the user enters for a new token, and what the form starts with: nothing, a template, another token or the address.
import type { Caller, Catalog, Grant, Token } from "../api/types";
import { lines } from "../domain/lines";
import { accessOf, TEMPLATES } from "../domain/templates";
import { draftOf, emptyGrant, grantOf, type GrantDraft } from "../ui/grants";
import { expiryFields, initialExpiry, type Expiry } from "../ui/expiry";

export interface Draft {
  name: string;
  description: string;
  owner: string;
  byRole: boolean;
  role: string | null;
  where: { allResources: boolean; resources: string };
  sets: GrantDraft[];
  expiry: Expiry;
  ips: string;
}

function emptyDraft(): Draft {
  const where = { allResources: false, resources: "" };
  return { name: "", description: "", owner: "", byRole: false, role: null, where, sets: [emptyGrant()], expiry: initialExpiry(), ips: "" };
}

/** The draft of an address such as `#/new?role=cicd&resource=apps/billing`. `original` is the token of `from`. */
export function draftFrom(query: string, catalog: Catalog | null, me: Caller, original: Token | null): Draft {
  const parameters = new URLSearchParams(query);
  const template = TEMPLATES[parameters.get("template") ?? ""];
  if (original !== null) return duplicate(original, catalog, me);
  const draft = emptyDraft();
  if (template) {
    const { role, permissions } = accessOf(template, catalog, me);
    Object.assign(draft, { name: template.name, description: template.description, byRole: role !== null, role, sets: [{ ...emptyGrant(), permissions }] });
  }
  const role = parameters.get("role");
  const resources = parameters.getAll("resource");
  const where = { allResources: resources.includes("*"), resources: resources.filter((resource) => resource !== "*").join("\n") };
  const permissions = parameters.getAll("permission");
  if (role !== null && catalog?.roles?.[role]) Object.assign(draft, { byRole: true, role });
  if (resources.length > 0) draft.where = where;
  if (permissions.length > 0 || resources.length > 0) draft.sets = [{ permissions: permissions.length > 0 ? permissions : (draft.sets[0]?.permissions ?? []), ...where }];
  return { ...draft, name: parameters.get("name") ?? draft.name, description: parameters.get("description") ?? draft.description };
}

/** Everything of the token but its secret, its history and its expiration. */
function duplicate(token: Token, catalog: Catalog | null, me: Caller): Draft {
  const [first] = token.grants;
  const role = token.role !== null && token.grants.length === 1 && catalog?.roles?.[token.role] ? token.role : null;
  return {
    ...emptyDraft(),
    name: `${token.name} (copy)`.slice(0, 100),
    description: token.description ?? "",
    owner: token.owner === me.owner || token.via !== null ? "" : token.owner,
    byRole: role !== null,
    role,
    where: role !== null && first ? { allResources: first.resources.includes("*"), resources: draftOf(first).resources } : { allResources: false, resources: "" },
    sets: token.grants.map(draftOf),
    ips: token.allowed_ips.join("\n"),
  };
}

export function grantsOf(draft: Draft, catalog: Catalog | null): Grant[] {
  if (!draft.byRole) return draft.sets.map(grantOf);
  const permissions = draft.role === null ? [] : (catalog?.roles?.[draft.role]?.permissions ?? []);
  return [grantOf({ permissions, ...draft.where })];
}

export function bodyOf({ name, description, owner, byRole, role, expiry, ips }: Draft, grants: Grant[]) {
  const shared = {
    name,
    ...expiryFields(expiry),
    ...(description.trim() ? { description } : {}),
    ...(owner.trim() ? { owner: owner.trim() } : {}),
    ...(lines(ips).length > 0 ? { allowed_ips: lines(ips) } : {}),
  };
  return byRole ? { ...shared, role: role ?? "", resources: grants[0]?.resources ?? [] } : { ...shared, grants };
}

export type CreateBody = ReturnType<typeof bodyOf>;
