//! The issuer: its key, its pending grants, and its discovery document.

use super::id_token::{self, Key, KeyGenerationError, Session};
use super::oauth::{self, CLIENT_ID};
use super::pending_grants::PendingGrants;
use super::sign_in_form::SignInForm;
use portcullis::clock::Clock;
use portcullis::oidc::Provider;
use serde_json::{Value, json};

/// Base path of the development sign-in.
pub(super) const BASE: &str = "/dev";

/// The issuer of one server.
pub(super) struct Issuer {
    /// The server's URL, without a trailing slash.
    pub(super) url: String,
    pub(super) key: Key,
    pub(super) grants: PendingGrants,
    clock: Clock,
}

/// Provider settings that accept the sessions of the development sign-in at this server.
pub(crate) fn oidc(url: &str) -> Provider {
    Provider {
        issuer: format!("{url}{BASE}"),
        audience: CLIENT_ID.to_owned(),
        groups_claim: "groups".to_owned(),
        owner_claim: "sub".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        scopes: "openid offline_access".to_owned(),
    }
}

impl Issuer {
    /// An issuer with a new key.
    pub(super) fn new(url: String, clock: Clock) -> Result<Self, KeyGenerationError> {
        Ok(Self { url, key: Key::generate()?, grants: PendingGrants::new(clock.clone()), clock })
    }

    /// The issuer URL, which is the `iss` of its sessions.
    pub(super) fn name(&self) -> String {
        oidc(&self.url).issuer
    }

    /// The discovery document (RFC 8414 and OpenID Connect Discovery).
    pub(super) fn discovery(&self) -> Value {
        let issuer = self.name();
        json!({
            "jwks_uri": format!("{issuer}/jwks"),
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "device_authorization_endpoint": format!("{issuer}/device_authorization"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [oauth::CODE, oauth::DEVICE, oauth::REFRESH],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "offline_access"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": true,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [id_token::ALGORITHM],
            "issuer": issuer,
        })
    }

    /// A session that starts now.
    pub(super) fn session(&self, wanted: SignInForm, nonce: Option<&str>) -> Session {
        Session::new(&self.key, &oidc(&self.url), wanted, nonce, self.clock.now())
    }
}
