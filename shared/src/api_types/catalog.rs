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
