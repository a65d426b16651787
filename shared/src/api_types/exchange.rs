//! The token exchange and the metadata that OAuth clients read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Response to a token exchange ([RFC 8693, 2.2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1)), with
/// fields of Portcullis's own. It has no `expires_at`, because OAuth clients expect a number there.
#[derive(Serialize, Deserialize)]
pub struct TokenExchangeResponse<'a> {
    /// The token with its secret; only this response shows it.
    pub access_token: Cow<'a, str>,
    /// Type of the token, as a URN.
    pub issued_token_type: String,
    /// How to present the token: `Bearer`.
    pub token_type: String,
    /// Lifetime in seconds.
    pub expires_in: i64,
    /// The permissions, without their resources.
    pub scope: String,
    /// Public ID of the token.
    pub token_id: String,
    /// The identity that was exchanged.
    pub via: Option<String>,
    /// Name of the trust rule that matched.
    pub rule: String,
}

/// Protected resource metadata ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)): tells clients where to
/// sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedResource {
    /// Base URL of the API.
    pub resource: String,
    /// Issuers whose sessions are accepted; omitted if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_servers: Vec<String>,
    /// How to present a credential.
    pub bearer_methods_supported: Vec<String>,
    /// Scopes to request from the issuer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// Public client ID for Portcullis's own clients (not part of RFC 9728).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}
