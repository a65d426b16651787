//! Credentials of calls: those of the environment, or fixed ones.

use std::fmt;

use crate::env::Env;
use zeroize::Zeroizing;

/// Where the credentials come from.
pub(super) enum CredentialSource {
    /// The environment, read again for each call.
    Environment,
    /// Access key ID and secret access key.
    Static(String, Zeroizing<String>),
}

/// The credentials of one call.
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Zeroizing<String>,
    pub(super) session_token: Option<String>,
}

impl CredentialSource {
    pub(super) fn new(fixed: Option<(String, String)>) -> Self {
        fixed.map_or(Self::Environment, |(id, secret)| Self::Static(id, Zeroizing::new(secret)))
    }

    /// The current credentials; `None` if the environment has none.
    pub(super) fn read(&self) -> Option<Credentials> {
        match self {
            Self::Static(id, secret) => {
                Some(Credentials { access_key_id: id.clone(), secret_access_key: secret.clone(), session_token: None })
            }
            Self::Environment => {
                let env = Env::process();
                Some(Credentials {
                    access_key_id: env.get("AWS_ACCESS_KEY_ID")?,
                    secret_access_key: env.get("AWS_SECRET_ACCESS_KEY")?.into(),
                    session_token: env.get("AWS_SESSION_TOKEN"),
                })
            }
        }
    }
}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Static(..) => "Static(…)",
        })
    }
}
