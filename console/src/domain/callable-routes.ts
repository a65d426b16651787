// The catalog's routes that a token's grants allow.
import type { Catalog, CatalogRoute, Grant } from "../api/types";
import { covers, coversPermission, has, resourceOf } from "./grants";

export interface CallableRoute {
  method: string;
  path: string;
  permission: string;
  /** Whether the grants allow only some values of a `{name}` of the route. */
  narrowed: boolean;
}

/** The routes that the grants allow, with the allowed names filled in. */
export function callableRoutes(catalog: Pick<Catalog, "routes">, grants: readonly Grant[]): CallableRoute[] {
  const found = new Map<string, CallableRoute>();
  for (const route of catalog.routes ?? []) {
    const { method, path } = splitMatch(route.match);
    for (const grant of grants) {
      if (!grant.permissions.some((held) => coversPermission(held, route.permission))) continue;
      for (const resource of grant.resources) {
        const allowed = allowedPath(route, path, resource);
        if (allowed === null) continue;
        const callable = { method, path: allowed, permission: route.permission, narrowed: allowed !== path };
        found.set(`${method} ${allowed}`, callable);
      }
    }
  }
  return [...found.values()].filter((route) => !isWithin(route, found));
}

/** Whether another entry already covers this narrowed one. */
function isWithin(route: CallableRoute, all: Map<string, CallableRoute>): boolean {
  if (!route.narrowed) return false;
  return [...all.values()].some(
    (other) => other !== route && !other.narrowed && other.method === route.method && matches(other.path, route.path),
  );
}

function matches(pattern: string, path: string): boolean {
  const expected = names(pattern);
  const given = names(path);
  if (!expected.at(-1)?.endsWith("+}") && expected.length !== given.length) return false;
  return expected.every((name, index) => isParameter(name) || name === given[index]);
}

/** The route's path as far as a grant on the resource `held` allows it, or null. */
function allowedPath(route: CatalogRoute, path: string, held: string): string | null {
  if (held === "*") return path;
  const below = held.endsWith("/*");
  const granted = names(below ? held.slice(0, -2) : held);
  const pattern = names(route.resource ?? path);
  const bound = new Map<string, string>();
  for (const [index, name] of granted.entries()) {
    const expected = pattern[index];
    if (expected === undefined) return null;
    if (expected.endsWith("+}")) {
      const rest = granted.slice(index).join("/");
      bound.set(expected, `${rest}${below ? "/{…}" : ""}`);
      return fillIn(path, bound);
    }
    if (isParameter(expected)) bound.set(expected, name);
    else if (expected !== name) return null;
  }
  if (below && pattern.length === granted.length) return null;
  return fillIn(path, bound);
}

function fillIn(path: string, bound: Map<string, string>): string {
  const parts = names(path).map((name) => bound.get(name) ?? bound.get(name.replace("+}", "}")) ?? name);
  return `/${parts.join("/")}`;
}

export function splitMatch(match: string): { method: string; path: string } {
  const [method = "", path = ""] = match.split(" ");
  return { method, path };
}

function names(path: string): string[] {
  return path.split("/").filter(Boolean);
}

function isParameter(name: string): boolean {
  return name.startsWith("{");
}

/** What the default rule allows on paths without a catalog route, unless the catalog is strict. */
export function callableByDefault(grants: readonly Grant[]): string[] {
  return grants.flatMap((grant) =>
    grant.permissions.flatMap((permission) => {
      const [name, action] = permission === "*" ? ["*", "*"] : permission.split(":");
      const methods = action === "*" ? "any method" : action === "read" ? "GET" : action === "write" ? "POST, PUT, PATCH, DELETE" : null;
      if (methods === null) return [];
      return grant.resources.flatMap((resource) => {
        const first = resource.split("/")[0];
        if (name !== "*" && first !== "*" && first !== name) return [];
        const path = resource === "*" ? (name === "*" ? "/**" : `/${name}/**`) : resource.endsWith("/*") ? `/${resource}*` : `/${resource}, /${resource}/**`;
        return [`${methods} ${path}`];
      });
    }),
  );
}

/** For permissions on `apps` and the resource `billing`: `apps/billing`, if that is what was meant. */
export function suggestedResource(grants: readonly Grant[]): string | null {
  for (const { permissions, resources } of grants) {
    const name = resourceOf(permissions[0] ?? "*");
    const bare = resources.find((resource) => /^[^/*\s]+$/.test(resource));
    if (name !== "*" && bare !== undefined && bare !== name) return `${name}/${bare}`;
  }
  return null;
}

/** Warnings about powerful grants. */
export function warnings(grants: readonly Grant[]): string[] {
  const texts: string[] = [];
  if (covers(grants, "*", "*")) return ["Full access, including everyone’s tokens and the catalog."];
  if (has(grants, "tokens:admin")) texts.push("Can manage everyone’s tokens.");
  else if (has(grants, "tokens:write")) texts.push("Can create tokens, which keep working after this one is revoked.");
  if (has(grants, "catalog:write")) texts.push("Can edit the catalog, which changes what every token can do.");
  return texts;
}
