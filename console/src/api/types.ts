// Short names for the API's types, which are generated from infra/openapi.yaml.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Token = Schemas["Token"];
export type TokenPatch = Schemas["TokenPatch"];
export type Rotation = Schemas["Rotation"];
export type Grant = Schemas["Grant"];
export type Status = Schemas["Status"];
export type RevokeReason = Schemas["RevokeReason"];
export type Event = Schemas["Event"];
export type ActivityEvent = Schemas["ActivityEvent"];
export type Usage = Schemas["Usage"];
export type Denial = Schemas["Denial"];
export type DailyCounts = Schemas["DailyCounts"];
export type Caller = Schemas["Caller"];
export type Catalog = Schemas["ShownCatalog"];
export type CatalogRoute = NonNullable<Schemas["Catalog"]["routes"]>[number];
export type CatalogVersion = Schemas["CatalogVersion"];
export type RouteImpact = Schemas["RouteImpact"];
export type Approval = Schemas["Approval"];
export type ApprovalRule = Schemas["ApprovalRule"];
export type Explanation = Schemas["Explanation"];
export type Grounds = Schemas["Grounds"];
export type FieldError = Schemas["FieldError"];

/** A token with its secret, which is returned only once. */
export type TokenWithSecret = Token & { token: string };
