//! JWTs: the sessions of people who have signed in at the operator's OpenID Connect provider,
//! and the identities that CI systems give their jobs.
//!
//! | module | for |
//! | --- | --- |
//! | `user_session` | people's sessions, of the one provider of the deployment |
//! | `workload_identity` | the identities of CI jobs, of any issuer that a trust rule names |
//! | `unverified_jwt` | the form of a JWT, read without a key |
//! | `verified_jwt` | its signature and times |
//! | `jwks_cache` | a provider's keys: kept, fetched again, never for every request |
//! | `verification_key` | which of a provider's keys can sign, and with what |
//! | `fetch_document` | HTTP, bounded in time and size |
//! | `ring_verifier` | signatures, with the cryptography that TLS brings along |
//!
//! Nothing is fetched or loaded before somebody presents a session: whoever comes with a
//! token waits for none of it.
//!
//! Sources: [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html),
//! [Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html),
//! [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519) (JWT),
//! [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725) (what goes wrong with them).

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

/// Why a JWT was not taken. The sentences are for the audit log, and hold nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It could not be one for this deployment, whoever had signed it.
    #[error("{0}")]
    Malformed(&'static str),
    /// The provider has not signed it, or not for this moment.
    #[error("{0}")]
    Unknown(&'static str),
    /// Its time has come.
    #[error("it has expired")]
    Expired,
    /// The provider's keys cannot be had: nobody knows whether it is good.
    #[error("{0}")]
    Unavailable(String),
}

#[cfg(test)]
#[cfg(feature = "session")]
mod tests;
