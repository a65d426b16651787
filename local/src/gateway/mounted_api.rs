//! An API at a place of the gateway.

use super::authorizer_cache::AuthorizerCache;
use super::routes::Routes;
use std::collections::BTreeMap;

/// An API at a place of the gateway, as a base path mapping of a custom domain has it.
#[derive(Debug)]
pub(crate) struct MountedApi {
    /// The first segment of its paths; none for the API that takes all the rest.
    pub(crate) base_path: Option<String>,
    /// Its id, as it stands in its ARNs.
    pub(crate) id: String,
    /// The stage that is mounted.
    pub(crate) stage: String,
    /// The stage's variables.
    pub(crate) stage_variables: BTreeMap<String, String>,
    /// Its routes.
    pub(crate) routes: Routes,
    /// The authorizer's answers for it, where they are kept.
    pub(crate) authorizer_cache: Option<AuthorizerCache>,
}
