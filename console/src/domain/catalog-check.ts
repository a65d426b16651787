// Whether a catalog holds together, said while one types. The service checks it again, by the
// same rules and a few more, before anything is changed.
import { isRecord } from "../api/problem";
import { coversPermission } from "./grants";
import { parse, type Flaw, type Parsed } from "./json";

const ONE = /^[0-9A-Za-z][0-9A-Za-z._-]*:[0-9A-Za-z][0-9A-Za-z._-]*$/;
const ANY = /^(\*|(\*|[0-9A-Za-z][0-9A-Za-z._-]*):(\*|[0-9A-Za-z][0-9A-Za-z._-]*))$/;
const ROLE = /^[a-z][a-z0-9-]{0,31}$/;
const METHODS = new Set(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "ANY"]);
const OWN = ["catalog:read", "catalog:write", "tokens:admin", "tokens:introspect", "tokens:read", "tokens:write"];
const KEYS = {
  "": ["strict", "permissions", "roles", "routes", "sessions", "trust"],
  role: ["description", "permissions"],
  route: ["match", "permission", "resource"],
  sessions: ["groups"],
  trust: ["name", "issuer", "audience", "claims", "grants", "lifetime"],
};
const PARAMETER = /^\{([A-Za-z_][0-9A-Za-z_]*)(\+?)\}$/;

export interface Checked {
  value: unknown;
  flaws: Flaw[];
}

export function checkCatalog(text: string): Checked {
  const parsed = parse(text);
  if (parsed.value === undefined) return { value: undefined, flaws: parsed.flaws };
  const check = new Check(parsed);
  check.catalog(parsed.value);
  return { value: parsed.value, flaws: [...parsed.flaws, ...check.flaws] };
}

/** Where in the text a place is, or what it stands in. */
export function offsetOf(parsed: Pick<Parsed, "offsets">, place: string): number | null {
  for (let rest = place; ; rest = rest.replace(/(\.[^.[]*|\[\d+\]|^[^.[]+)$/, "")) {
    const offset = parsed.offsets.get(rest);
    if (offset !== undefined) return offset;
    if (rest === "" || rest === rest.replace(/(\.[^.[]*|\[\d+\]|^[^.[]+)$/, "")) return null;
  }
}

class Check {
  readonly flaws: Flaw[] = [];
  private readonly parsed: Parsed;
  private strict = false;
  private listed: string[] = [];

  constructor(parsed: Parsed) {
    this.parsed = parsed;
  }

  catalog(value: unknown): void {
    const whole = this.record("", value, KEYS[""]);
    if (!whole) return;
    if (whole["strict"] !== undefined && typeof whole["strict"] !== "boolean") this.say("strict", "must be true or false");
    this.strict = whole["strict"] === true;
    this.permissions(whole["permissions"]);
    const roles = this.roles(whole["roles"]);
    this.routes(whole["routes"]);
    const sessions = this.record("sessions", whole["sessions"] ?? {}, KEYS.sessions);
    const groups = this.record("sessions.groups", sessions?.["groups"] ?? {});
    for (const [group, role] of Object.entries(groups ?? {})) {
      if (typeof role !== "string" || !roles.includes(role)) this.say(`sessions.groups.${group}`, "must be one of the roles");
    }
    this.trust(whole["trust"]);
  }

  private permissions(value: unknown): void {
    const permissions = this.record("permissions", value ?? {});
    if (!permissions) return;
    this.listed = [...new Set([...Object.keys(permissions), ...OWN])];
    for (const [permission, description] of Object.entries(permissions)) {
      const place = `permissions.${permission}`;
      if (!ONE.test(permission)) this.say(place, "must be resource:action, as in app:read, without a wildcard");
      else if (/^(tokens|catalog):/.test(permission) && !OWN.includes(permission)) this.say(place, "is not one of the service’s own; choose another name");
      if (typeof description !== "string") this.say(place, "must have a description, in one line of text");
      else if (description.length > 200 || description.includes("\n")) this.say(place, "must be described in one line of at most 200 characters");
    }
    if (Object.keys(permissions).filter((name) => !OWN.includes(name)).length > 500) this.say("permissions", "must be at most 500");
  }

  private roles(value: unknown): string[] {
    const roles = this.record("roles", value ?? {});
    for (const [name, role] of Object.entries(roles ?? {})) {
      const place = `roles.${name}`;
      if (!ROLE.test(name)) this.say(place, "must begin with a lower-case letter, then a-z, 0-9 and -, at most 32");
      const fields = this.record(place, role, KEYS.role);
      if (fields) this.granted(`${place}.permissions`, fields["permissions"]);
      if (fields?.["description"] !== undefined && typeof fields["description"] !== "string") this.say(`${place}.description`, "must be a text");
    }
    return Object.keys(roles ?? {});
  }

  /** Permissions that are handed out: listed ones, and wildcards that cover one of those. */
  private granted(place: string, value: unknown): void {
    const permissions = this.list(place, value);
    if (permissions?.length === 0 || (permissions?.length ?? 0) > 50) this.say(place, "must be 1 to 50 permissions");
    for (const [index, permission] of (permissions ?? []).entries()) {
      const here = `${place}[${index}]`;
      if (typeof permission !== "string" || !ANY.test(permission)) this.say(here, "must be resource:action, as in app:read; each half a name or *");
      else if (!this.isKnown(permission)) this.say(here, "is not among the permissions: list it there, with a description");
    }
  }

  private isKnown(permission: string): boolean {
    if (this.listed.some((listed) => coversPermission(permission, listed))) return true;
    return !this.strict && /:(read|write)$/.test(permission);
  }

  private routes(value: unknown): void {
    const routes = this.list("routes", value ?? []) ?? [];
    if (routes.length > 1000) this.say("routes", "must be at most 1,000");
    const seen: { index: number; match: string }[] = [];
    for (const [index, route] of routes.entries()) {
      const place = `routes[${index}]`;
      const fields = this.record(place, route, KEYS.route);
      if (!fields) continue;
      const { match, permission, resource } = fields;
      if (typeof permission !== "string" || !ONE.test(permission)) this.say(`${place}.permission`, "must be one permission, without a wildcard");
      else if (!this.isKnown(permission)) this.say(`${place}.permission`, "is not among the permissions: list it there, with a description");
      const flaw = typeof match === "string" ? matchFlaw(match) : "must be a method and a path, as in GET /apps/{app}";
      if (flaw !== null) this.say(`${place}.match`, flaw);
      if (typeof match !== "string" || flaw !== null) continue;
      if (resource !== undefined) this.resource(`${place}.resource`, resource, match);
      const other = seen.find((before) => overlap(before.match, match));
      if (other) this.say(`${place}.match`, `matches some of the same requests as routes[${other.index}], ${other.match}: only one route may`);
      seen.push({ index, match });
    }
  }

  private resource(place: string, resource: unknown, match: string): void {
    const parameters = new Set(names(match).map((name) => PARAMETER.exec(name)?.[1]));
    const flawed =
      typeof resource !== "string" ||
      resource === "" ||
      resource.split("/").some((name) => {
        const parameter = PARAMETER.exec(name);
        if (parameter) return parameter[2] === "+" || !parameters.has(parameter[1]);
        return !isLiteral(name);
      });
    if (flawed) this.say(place, "must be names divided by single slashes, which may take {name}s from the path");
  }

  private trust(value: unknown): void {
    const seen = new Set<unknown>();
    for (const [index, rule] of (this.list("trust", value ?? []) ?? []).entries()) {
      const place = `trust[${index}]`;
      const fields = this.record(place, rule, KEYS.trust);
      if (!fields) continue;
      for (const key of ["name", "issuer", "audience"]) {
        if (typeof fields[key] !== "string" || fields[key] === "") this.say(`${place}.${key}`, "must be a text");
      }
      if (seen.has(fields["name"])) this.say(`${place}.name`, "is the name of another rule");
      seen.add(fields["name"]);
      const claims = this.record(`${place}.claims`, fields["claims"]);
      if (claims && Object.keys(claims).length === 0) this.say(`${place}.claims`, "must be at least one condition");
      for (const [at, grant] of (this.list(`${place}.grants`, fields["grants"]) ?? []).entries()) {
        const given = this.record(`${place}.grants[${at}]`, grant, ["permissions", "resources"]);
        if (given) this.granted(`${place}.grants[${at}].permissions`, given["permissions"]);
      }
    }
  }

  private record(place: string, value: unknown, keys?: readonly string[]): Record<string, unknown> | null {
    if (!isRecord(value)) {
      this.say(place, "must be an object: { … }");
      return null;
    }
    for (const key of Object.keys(value)) {
      if (keys && !keys.includes(key)) this.say(place ? `${place}.${key}` : key, `is unknown here; known are ${keys.join(", ")}`);
    }
    return value;
  }

  private list(place: string, value: unknown): unknown[] | null {
    if (Array.isArray(value)) return value;
    this.say(place, "must be a list: [ … ]");
    return null;
  }

  private say(place: string, message: string): void {
    this.flaws.push({ place, message, offset: offsetOf(this.parsed, place) });
  }
}

function matchFlaw(match: string): string | null {
  if (match === "$connect") return null;
  const space = match.indexOf(" ");
  const method = match.slice(0, space);
  const path = match.slice(space + 1);
  if (space < 0 || !METHODS.has(method) || !path.startsWith("/")) return "must be a method in capitals (or ANY) and a path, as in GET /apps/{app}";
  const parts = path === "/" ? [] : path.slice(1).split("/");
  const parameters = parts.flatMap((part) => PARAMETER.exec(part)?.[1] ?? []);
  if (new Set(parameters).size < parameters.length) return "names a parameter twice";
  for (const [index, part] of parts.entries()) {
    const parameter = PARAMETER.exec(part);
    if (parameter?.[2] === "+" && index < parts.length - 1) return "has {name+} before its end";
    if (!parameter && !isLiteral(part)) return "has a name that no request can have: between single slashes stand names without \\ ; ? % * { }, or {name}; no slash at the end";
  }
  return null;
}

function isLiteral(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && ![..."\\;?%*{}/"].some((sign) => name.includes(sign)) && !/\p{Cc}/u.test(name);
}

function names(match: string): string[] {
  return (match.split(" ")[1] ?? "").split("/").filter(Boolean);
}

/** Whether some request matches both. */
function overlap(a: string, b: string): boolean {
  if (a === "$connect" || b === "$connect") return a === b;
  if (!sameMethod(a.split(" ")[0] ?? "", b.split(" ")[0] ?? "")) return false;
  const [first, second] = [names(a), names(b)];
  for (let index = 0; ; index++) {
    const [one, other] = [first[index], second[index]];
    if (one === undefined || other === undefined) return one === other;
    if (one.endsWith("+}") || other.endsWith("+}")) return true;
    if (one !== other && !one.startsWith("{") && !other.startsWith("{")) return false;
  }
}

function sameMethod(a: string, b: string): boolean {
  if (a === "ANY" || b === "ANY" || a === b) return true;
  return [a, b].toSorted().join() === "GET,HEAD";
}
