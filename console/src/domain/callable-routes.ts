// What a token will be able to call: the catalog's routes, held against its grants.
import type { Catalog, CatalogRoute, Grant } from "../api/types";
import { covers, coversPermission, has } from "./grants";

export interface Reached {
  method: string;
  path: string;
  permission: string;
  /** Only where a `{name}` of the route has some of its values. */
  narrowed: boolean;
}

/** The routes that these grants open, with the names that the resources allow put in place. */
export function reachedRoutes(catalog: Pick<Catalog, "routes">, grants: readonly Grant[]): Reached[] {
  const found = new Map<string, Reached>();
  for (const route of catalog.routes ?? []) {
    const { method, path } = splitMatch(route.match);
    for (const grant of grants) {
      if (!grant.permissions.some((held) => coversPermission(held, route.permission))) continue;
      for (const resource of grant.resources) {
        const opened = open(route, path, resource);
        if (opened === null) continue;
        const reached = { method, path: opened, permission: route.permission, narrowed: opened !== path };
        found.set(`${method} ${opened}`, reached);
      }
    }
  }
  return [...found.values()].filter((reached) => !isWithin(reached, found));
}

/** Where one entry is the whole route, its narrowed forms say nothing more. */
function isWithin(reached: Reached, all: Map<string, Reached>): boolean {
  if (!reached.narrowed) return false;
  return [...all.values()].some(
    (other) => other !== reached && !other.narrowed && other.method === reached.method && fits(other.path, reached.path),
  );
}

function fits(pattern: string, path: string): boolean {
  const expected = names(pattern);
  const given = names(path);
  if (!expected.at(-1)?.endsWith("+}") && expected.length !== given.length) return false;
  return expected.every((name, index) => isParameter(name) || name === given[index]);
}

/** The route's path as far as a grant on `held` opens it, or null. */
function open(route: CatalogRoute, path: string, held: string): string | null {
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
      return put(path, bound);
    }
    if (isParameter(expected)) bound.set(expected, name);
    else if (expected !== name) return null;
  }
  if (below && pattern.length === granted.length) return null;
  return put(path, bound);
}

function put(path: string, bound: Map<string, string>): string {
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

/** What the convention opens where the catalog is not strict and lists no route. */
export function reachedByConvention(grants: readonly Grant[]): string[] {
  return grants.flatMap((grant) =>
    grant.permissions.flatMap((permission) => {
      const [name, action] = permission === "*" ? ["*", "*"] : permission.split(":");
      const methods = action === "*" ? "any method" : action === "read" ? "GET" : action === "write" ? "POST, PUT, PATCH, DELETE" : null;
      if (methods === null) return [];
      return grant.resources.flatMap((resource) => {
        const first = resource.split("/")[0];
        if (name !== "*" && first !== "*" && first !== name) return [];
        const path = resource === "*" ? (name === "*" ? "/…" : `/${name}/…`) : `/${resource.replace(/\/\*$/, "/…")}${resource.endsWith("/*") ? "" : " and below"}`;
        return [`${methods} ${path}`];
      });
    }),
  );
}

/** What is worth a second thought before a token is made. */
export function cautions(grants: readonly Grant[]): string[] {
  const said: string[] = [];
  if (covers(grants, "*", "*")) return ["It can do everything, everywhere, this service’s own tokens and catalog included."];
  if (has(grants, "tokens:admin")) said.push("It can manage everybody’s tokens.");
  else if (has(grants, "tokens:write")) said.push("It can make further tokens, which live on when this one is revoked.");
  if (has(grants, "catalog:write")) said.push("It can change what every token may do, by changing the catalog.");
  return said;
}
