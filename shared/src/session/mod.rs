//! JWTs: the sessions of people who have signed in at the operator's OpenID Connect provider,
//! and the identities that CI systems give their jobs.
//!
//! | module | for |
//! | --- | --- |
//! | `sessions` | people's sessions, of the one provider of the deployment |
//! | `identities` | the identities of CI jobs, of any issuer that a trust rule names |
//! | `jwt` | what a JWT has to look like, before and after its signature is verified |
//! | `keys` | a provider's keys: kept, fetched again, never for every request |
//! | `jwk` | which of a provider's keys can sign, and with what |
//! | `fetch` | HTTP, bounded in time and size |
//! | `ring` | signatures, with the cryptography that TLS brings along |
//!
//! Nothing is fetched or loaded before somebody presents a session: whoever comes with a
//! token waits for none of it.
//!
//! Sources: [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html),
//! [Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html),
//! [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519) (JWT),
//! [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725) (what goes wrong with them).

mod fetch;
mod identities;
mod jwk;
mod jwt;
mod keys;
mod ring;
mod sessions;

pub use identities::{Identities, Identity, UnverifiedIdentity};
pub use jwt::looks_like_jwt;
pub use sessions::{Claims, Sessions};

/// Why a JWT was not taken. The sentences are for the audit log, and hold nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
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
mod tests;
