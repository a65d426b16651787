// Templates for new tokens.
import type { Catalog, Caller } from "../api/types";
import { has, isBuiltIn } from "./grants";

export interface Template {
  label: string;
  name: string;
  description: string;
  /** Roles to use, the first that the catalog has and the caller can grant. */
  roles: string[];
  /** Which of the catalog's permissions to select if there is no such role. */
  selects: (permission: string) => boolean;
  /** The issuer of the ID tokens that jobs can exchange instead. */
  issuer?: string;
}

const isRead = (permission: string): boolean => permission.endsWith(":read") && !isBuiltIn(permission);

export const TEMPLATES: Record<string, Template> = {
  "github-actions": {
    label: "GitHub Actions",
    name: "github-actions deploy",
    description: "Secret PORTCULLIS_API_TOKEN of the GitHub repository",
    roles: ["cicd", "ci", "deployer"],
    selects: () => false,
    issuer: "https://token.actions.githubusercontent.com",
  },
  gitlab: {
    label: "GitLab CI/CD",
    name: "gitlab deploy",
    description: "Masked CI/CD variable PORTCULLIS_API_TOKEN of the GitLab project",
    roles: ["cicd", "ci", "deployer"],
    selects: () => false,
    issuer: "https://gitlab.com",
  },
  monitoring: { label: "Read-only monitoring", name: "monitoring", description: "", roles: [], selects: isRead },
  terraform: {
    label: "Terraform",
    name: "terraform",
    description: "Sensitive variable of the Terraform workspace",
    roles: [],
    selects: (permission) => isRead(permission) || (permission.endsWith(":write") && !isBuiltIn(permission)),
  },
};

/** What a template selects that the caller can grant: a role, or permissions. */
export function accessOf(template: Template, catalog: Catalog | null, me: Caller): { role: string | null; permissions: string[] } {
  const canGrant = (permission: string) => has(me.grants, permission);
  const role = template.roles.find((name) => catalog?.roles?.[name]?.permissions.every(canGrant)) ?? null;
  const permissions = Object.keys(catalog?.permissions ?? {}).filter((permission) => template.selects(permission) && canGrant(permission));
  return { role, permissions: role === null ? permissions.toSorted() : [] };
}
