//! Request and response types of the HTTP API: the service serializes them, clients deserialize them.
//! `infra/openapi.yaml` describes the same in prose.
//!
//! Values to which a later version may add (a status, a kind, a reason) are strings, so that an older client
//! works with a newer service.

mod approval;
mod catalog;
mod decision;
mod exchange;
mod history;
mod me;
mod problem;
mod token;

pub use approval::{Approval, ApprovalPage, EndApprovalResponse};
pub use catalog::{CatalogImpactPage, CatalogVersion, CatalogVersionPage, PutCatalogResponse, RouteImpact};
pub use decision::{Explanation, Introspection, IntrospectionStatus, RequestDecision, Rule};
pub use exchange::{ProtectedResource, TokenExchangeResponse};
pub use history::{ActivityEvent, ActivityPage, DailyCounts, Denial, Event, EventPage, PermissionUse, Usage};
pub use me::{Deployment, Me, MeToken};
pub use problem::{FieldError, Problem};
pub use token::{Grant, RevokeOwnerTokensResponse, RevokeResponse, Token, TokenPage, TokenWithSecret};
