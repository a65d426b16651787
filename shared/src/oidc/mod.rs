//! JWT verification: sessions of users who signed in at the operator's OpenID Connect provider, and identities
//! of CI jobs.
//!
//! | module | contents |
//! | --- | --- |
//! | `user_session` | user sessions from the deployment's provider |
//! | `workload_identity` | identities of CI jobs, from any issuer that a trust rule names |
//! | `unverified_jwt` | parsing of a JWT without a key |
//! | `verified_jwt` | verification of signature and times |
//! | `jwks_cache` | cache of a provider's keys |
//! | `verification_key` | which of a provider's keys may sign, and for which algorithm |
//! | `fetch_document` | HTTP with limits on time and size |
//! | `ring_verifier` | signature verification with ring, which TLS uses too |
//!
//! Nothing is fetched or loaded before the first session, so requests with API tokens do not wait for it.
//!
//! Sources: [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html),
//! [Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html),
//! [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519) (JWT),
//! [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725) (JWT best current practices).

mod settings;
pub mod unverified_jwt;

#[cfg(feature = "session")]
mod fetch_document;
#[cfg(feature = "session")]
mod jwks_cache;
#[cfg(feature = "session")]
mod ring_verifier;
#[cfg(feature = "session")]
mod user_session;
#[cfg(feature = "session")]
mod verification_key;
#[cfg(feature = "session")]
mod verified_jwt;
#[cfg(feature = "session")]
mod workload_identity;

pub use settings::{Provider, Settings};
#[cfg(feature = "session")]
pub use user_session::{SessionClaims, SessionVerifier};
#[cfg(feature = "session")]
pub use verified_jwt::looks_like_jwt;
#[cfg(feature = "session")]
pub use workload_identity::{UnverifiedIdentity, WorkloadIdentity, WorkloadIdentityVerifier};

/// Why a JWT was rejected. The messages go to the audit log and contain nothing from the JWT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It cannot be valid for this deployment, regardless of who signed it.
    #[error("{0}")]
    Malformed(&'static str),
    /// The signature is not the provider's, or the JWT is not valid yet.
    #[error("{0}")]
    Unknown(&'static str),
    /// Expired.
    #[error("the JWT has expired")]
    Expired,
    /// The provider's keys are unavailable, so it could not be verified.
    #[error("{0}")]
    Unavailable(String),
}

#[cfg(test)]
#[cfg(feature = "session")]
mod tests;
