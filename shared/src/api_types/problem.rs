//! Problem documents.

use serde::{Deserialize, Serialize};

/// Problem document (RFC 9457), with the fields that a client reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable type URN, `urn:portcullis:problem:…`.
    #[serde(default)]
    pub r#type: String,
    /// Short summary for people.
    #[serde(default)]
    pub title: String,
    /// HTTP status of the response.
    #[serde(default)]
    pub status: u16,
    /// Explanation of this occurrence, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The invalid fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// ID of the token that an earlier request with the same `Idempotency-Key` created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// Request ID in the logs, if the gateway denied the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Validation error of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path of the field, such as `name` or `permissions[3]`, or a query parameter's name.
    pub field: String,
    /// What is wrong, naming the limit but never the value.
    pub message: String,
}
