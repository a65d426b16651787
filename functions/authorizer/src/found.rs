//! Whom a request's credential belongs to: one read of the table for a token, none for
//! garbage, and the provider's keys for a session.

use portcullis::access::{Principal, Reason, Session};
use portcullis::clock::Timestamp;
use portcullis::session::{self, looks_like_jwt};
use portcullis::store;
use portcullis::token::{Digest, Secret};

use crate::credential::Presented;
use crate::held::Held;
use crate::{Authorizer, Event};

/// Whom the presented credential belongs to.
pub(crate) enum Found {
    /// Nobody: why it opens nothing, and what the audit log is told besides.
    Nobody(Reason, Claimed, Option<String>),
    /// This principal, who is decided on under this catalog.
    Somebody(Principal, Held),
}

/// What a credential that opens nothing claimed to be.
pub(crate) enum Claimed {
    Nothing,
    /// The token with this id.
    Token(String),
    Session,
}

/// Why nobody can be decided on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undecided {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the provider's keys cannot be had: {0}")]
    Keys(String),
}

impl Undecided {
    /// As it stands in the audit log.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Store(_) => "store_unavailable",
            Self::Keys(_) => "keys_unavailable",
        }
    }
}

impl Authorizer {
    pub(crate) async fn find(&self, event: &Event, now: Timestamp) -> Result<Found, Undecided> {
        let text = match Presented::of(event) {
            // People sign in as the standards say; the other header is for tokens alone.
            Presented::Bearer(text) if looks_like_jwt(text) => return self.session(text, now).await,
            Presented::Bearer(text) | Presented::ApiToken(text) => text,
            Presented::Nothing(why) => return Ok(malformed(Claimed::Nothing, why)),
        };
        let secret = match Secret::parse(&self.app.settings.prefix, text) {
            Ok(secret) => secret,
            Err(error) => return Ok(malformed(Claimed::Nothing, &error.to_string())),
        };
        let presented = secret.digest();
        let (credential, held) = tokio::join!(self.app.tokens.credential(secret.id()), self.held(now));
        let (credential, held) = (credential?, held?);
        // An unknown id takes the same way as a wrong secret: a digest is compared either way,
        // with one that no token has.
        let stored = credential.as_ref().map_or(Digest::NOBODYS, |credential| credential.digest.clone());
        let matches = presented.matches(&stored);
        Ok(match credential {
            Some(credential) if matches => Found::Somebody(Principal::Token(Box::new(credential.record)), held),
            _ => Found::Nobody(Reason::Unknown, Claimed::Token(secret.id().to_string()), None),
        })
    }

    async fn session(&self, text: &str, now: Timestamp) -> Result<Found, Undecided> {
        let Some(sessions) = &self.sessions else {
            return Ok(malformed(Claimed::Nothing, "a JWT, and no OpenID Connect provider is set"));
        };
        let nobody = |reason, detail| Found::Nobody(reason, Claimed::Session, Some(detail));
        let claims = match sessions.verify(text, now).await {
            Ok(claims) => claims,
            Err(session::Refusal::Unavailable(why)) => return Err(Undecided::Keys(why)),
            Err(error @ session::Refusal::Malformed(_)) => return Ok(nobody(Reason::Malformed, error.to_string())),
            Err(error @ session::Refusal::Unknown(_)) => return Ok(nobody(Reason::Unknown, error.to_string())),
            Err(error @ session::Refusal::Expired) => return Ok(nobody(Reason::Expired, error.to_string())),
        };
        let held = self.held(now).await?;
        let management = self.app.settings.token_management;
        let session: Session = held.catalog.session(claims.owner, &claims.groups, claims.expires_at, management);
        Ok(Found::Somebody(Principal::Session(session), held))
    }
}

fn malformed(claimed: Claimed, why: &str) -> Found {
    Found::Nobody(Reason::Malformed, claimed, Some(why.to_owned()))
}
