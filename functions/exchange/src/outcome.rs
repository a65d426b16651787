//! What came of an exchange.

use portcullis::http::{OAuthError, Problem};
use portcullis::oidc::JwtError;
use portcullis::secret::PlaintextToken;
use portcullis::store;
use portcullis::token::TokenRecord;
use rand::rngs::SysError;

/// A token, and its secret, which is about to be shown.
pub(crate) struct Issued {
    pub(crate) record: TokenRecord,
    pub(crate) secret: PlaintextToken,
}

/// Why there is none.
pub(crate) enum Denied {
    /// The form is none of an exchange's.
    Form(OAuthError),
    /// The identity is not taken: why, in a word and a sentence, and what only the audit log is
    /// told.
    Identity { reason: &'static str, message: String, detail: Option<String> },
    /// Nobody knows whether it is good.
    Undecided { reason: &'static str, problem: Box<Problem> },
}

impl From<JwtError> for Denied {
    fn from(refusal: JwtError) -> Self {
        let reason = match &refusal {
            JwtError::Malformed(_) => "malformed",
            JwtError::Unknown(_) => "unknown",
            JwtError::Expired => "expired",
            JwtError::Unavailable(why) => {
                tracing::error!(%why, "an issuer's keys cannot be had");
                return Self::Undecided {
                    reason: "keys_unavailable",
                    problem: Box::new(Problem::issuer_unavailable()),
                };
            }
        };
        let message = format!("The subject_token is not taken: {refusal}.");
        Self::Identity { reason, message, detail: Some(refusal.to_string()) }
    }
}

impl From<store::Error> for Denied {
    fn from(error: store::Error) -> Self {
        Self::Undecided { reason: "store_unavailable", problem: Box::new(error.into()) }
    }
}

impl From<SysError> for Denied {
    fn from(error: SysError) -> Self {
        Self::Undecided { reason: "internal_error", problem: Box::new(error.into()) }
    }
}

impl From<OAuthError> for Denied {
    fn from(refusal: OAuthError) -> Self {
        Self::Form(refusal)
    }
}
