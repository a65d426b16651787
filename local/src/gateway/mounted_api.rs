//! API mounted at a base path.

use super::authorizer_cache::AuthorizerCache;
use super::routes::Routes;
use std::collections::BTreeMap;

/// An API mounted at a base path, like a base path mapping of a custom domain.
#[derive(Debug)]
pub(crate) struct MountedApi {
    /// The first segment of its paths; empty for the default API.
    pub(crate) base_path: Option<String>,
    /// Its id, as in its ARNs.
    pub(crate) id: String,
    /// The stage that is mounted.
    pub(crate) stage: String,
    /// The stage's variables.
    pub(crate) stage_variables: BTreeMap<String, String>,
    /// Its routes.
    pub(crate) routes: Routes,
    /// The authorizer cache, if caching is on.
    pub(crate) authorizer_cache: Option<AuthorizerCache>,
}
