//! The catalog.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Response to `PUT /catalog`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutCatalogResponse {
    /// The new version.
    pub version: u64,
    /// Time from which every decision uses it.
    pub effective_by: Timestamp,
}

/// A page of `GET /catalog/versions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogVersionPage {
    /// The versions, newest first.
    pub versions: Vec<CatalogVersion>,
    /// Cursor of the next page; `null` on the last page.
    pub next_cursor: Option<String>,
}

/// A version of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogVersion {
    /// The version.
    pub version: u64,
    /// When it was published.
    pub created_at: Timestamp,
    /// The actor who published it.
    pub created_by: String,
}

/// A page of the response to `POST /catalog/impact`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogImpactPage {
    /// Number of active tokens that this page covers.
    pub tokens: usize,
    /// The routes that some of these tokens lose or gain.
    pub routes: Vec<RouteImpact>,
    /// Number of differing routes that were not compared.
    pub skipped_routes: usize,
    /// Cursor of the next page; `null` on the last page.
    pub next_cursor: Option<String>,
}

/// The tokens that lose or gain a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteImpact {
    /// The route's pattern; `null` for the paths without a route.
    pub route: Option<String>,
    /// IDs of the tokens that can no longer call it.
    pub loses: Vec<String>,
    /// IDs of the tokens that can call it from then on.
    pub gains: Vec<String>,
}
