//! Decisions: `POST /explain` and `POST /introspect`.

use serde::{Deserialize, Serialize};

use super::Grant;

/// Response to `POST /explain`: whether the token may make a request, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// `allow` or `deny`.
    pub decision: String,
    /// HTTP status of the gateway's response (of a REST API) if the request is denied.
    pub status: Option<u16>,
    /// Reason of the denial.
    pub reason: Option<String>,
    /// The permission that the request requires; `None` if it requires none.
    pub permission: Option<String>,
    /// The resource that the permission is required on.
    pub resource: Option<String>,
    /// The approval that allows the request; omitted if it needs none or is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// The rule that requires the permission.
    pub rule: Option<Rule>,
    /// Roles that would grant it; omitted if the caller may not read the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
}

/// The rule that determines which permission a request requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `catalog`, `convention` or `portcullis`.
    pub source: String,
    /// The catalog's route, if the source is `catalog`.
    pub route: Option<String>,
}

/// Response of `POST /introspect` for a token that is invalid or not active; also the start of the response for
/// an active token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntrospectionStatus {
    /// Whether the token is active.
    pub active: bool,
}

/// Response of `POST /introspect` for an active token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introspection {
    /// Always true.
    pub active: bool,
    /// `Bearer`.
    pub token_type: String,
    /// ID of the token.
    pub client_id: String,
    /// Display name.
    pub name: String,
    /// The owner.
    pub sub: String,
    /// The owner.
    pub username: String,
    /// The permissions; `grants` has their resources.
    pub scope: String,
    /// Permissions and the resources that they apply to.
    pub grants: Vec<Grant>,
    /// Creation time, in seconds since 1970.
    pub iat: i64,
    /// Expiry, in seconds since 1970; omitted if the token never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// The decision on one request, if the caller described one.
    #[serde(flatten)]
    pub decision: Option<RequestDecision>,
}

/// Decision on the request described to `POST /introspect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestDecision {
    /// Whether the request is allowed.
    pub allowed: bool,
    /// Reason of the denial.
    pub reason: Option<String>,
    /// The missing permission.
    pub permission: Option<String>,
    /// The resource that it is missing on.
    pub resource: Option<String>,
}
