//! Outcome of an exchange.

use portcullis::http::{OAuthError, Problem};
use portcullis::oidc::JwtError;
use portcullis::store;
use rand::rngs::SysError;
use tokio::time::{Instant, timeout_at};

/// Reason why no token was issued.
pub(crate) enum ExchangeError {
    /// The form is invalid.
    Form(OAuthError),
    /// The identity is refused: the reason code, the message to the caller, and a detail for the
    /// audit log only.
    Identity { reason: &'static str, message: String, detail: Option<String> },
    /// The identity could not be checked.
    Undecided { reason: &'static str, problem: Box<Problem>, detail: Option<String> },
}

/// What an exchange waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dependency {
    Catalog,
    SigningKeys,
    NewToken,
}

impl Dependency {
    /// Waits for a response until the deadline.
    pub(crate) async fn before<T>(
        self,
        deadline: Instant,
        response: impl Future<Output = T>,
    ) -> Result<T, ExchangeError> {
        timeout_at(deadline, response).await.map_err(|_| self.missed())
    }

    fn missed(self) -> ExchangeError {
        let (reason, problem, name) = match self {
            Self::Catalog => ("store_unavailable", Problem::unavailable(), "the catalog"),
            Self::SigningKeys => ("keys_unavailable", Problem::issuer_unavailable(), "the issuer's signing keys"),
            Self::NewToken => ("store_unavailable", Problem::unavailable(), "the new token to be stored"),
        };
        let detail = format!("the deadline passed while waiting for {name}");
        tracing::error!(%detail, "no exchange");
        ExchangeError::Undecided { reason, problem: Box::new(problem), detail: Some(detail) }
    }
}

impl From<JwtError> for ExchangeError {
    fn from(refusal: JwtError) -> Self {
        let reason = match &refusal {
            JwtError::Malformed(_) => "malformed",
            JwtError::Unknown(_) => "unknown",
            JwtError::Expired => "expired",
            JwtError::Unavailable(why) => {
                tracing::error!(%why, "an issuer's JWKS is unavailable");
                return Self::Undecided {
                    reason: "keys_unavailable",
                    problem: Box::new(Problem::issuer_unavailable()),
                    detail: None,
                };
            }
        };
        let message = format!("The subject_token is invalid: {refusal}.");
        Self::Identity { reason, message, detail: Some(refusal.to_string()) }
    }
}

impl From<store::Error> for ExchangeError {
    fn from(error: store::Error) -> Self {
        let (reason, detail) = error.audit_reason();
        Self::Undecided { reason, problem: Box::new(error.into()), detail }
    }
}

impl From<SysError> for ExchangeError {
    fn from(error: SysError) -> Self {
        Self::Undecided { reason: "internal_error", problem: Box::new(error.into()), detail: None }
    }
}

impl From<OAuthError> for ExchangeError {
    fn from(refusal: OAuthError) -> Self {
        Self::Form(refusal)
    }
}
