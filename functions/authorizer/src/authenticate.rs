//! Whom a request's credential belongs to: one read of the table for a token, none for
//! garbage, and the provider's keys for a session.

use std::sync::Arc;

use portcullis::authz::{Api, Principal, Reason, Session};
use portcullis::clock::Timestamp;
use portcullis::oidc::{Sessions, looks_like_jwt};
use portcullis::secret::Secret;
use portcullis::store::{CatalogCache, Credential, StoredCatalog};
use portcullis::{App, oidc, store};

use crate::credential::Presented;
use crate::{Event, response_context};

/// Whom the presented credential belongs to.
pub(crate) enum Found {
    /// Nobody: why it opens nothing, and what the audit log is told besides.
    Nobody(Reason, Claimed, Option<String>),
    /// This person, who is decided on under this catalog.
    Person(Principal, Arc<StoredCatalog>),
    /// This token, by its secret, decided on under this catalog.
    Token(Box<FoundToken>),
    /// Whoever has a secret of this token which has ended.
    Thief(Box<Credential>),
}

/// A token that was found by its secret.
pub(crate) struct FoundToken {
    pub(crate) principal: Principal,
    pub(crate) catalog: Arc<StoredCatalog>,
    pub(crate) credential: Credential,
    /// Whether the secret is the one before the present one, during its overlap.
    pub(crate) superseded: bool,
}

impl Found {
    /// Who it is, and the catalog that decides, where there is something to decide.
    pub(crate) fn somebody(&self) -> Option<(&Principal, &StoredCatalog)> {
        match self {
            Self::Person(principal, catalog) => Some((principal, catalog)),
            Self::Token(token) => Some((&token.principal, &token.catalog)),
            Self::Nobody(..) | Self::Thief(_) => None,
        }
    }
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

/// Finds whom a request's credential belongs to.
pub(crate) async fn find(
    app: &App,
    sessions: Option<&Sessions>,
    catalogs: &CatalogCache,
    event: &Event,
    now: Timestamp,
) -> Result<Found, Undecided> {
    let text = match Presented::of(event) {
        // People sign in as the standards say; the other header is for tokens alone.
        Presented::Bearer(text) if looks_like_jwt(text) => {
            return session(app, sessions, catalogs, event, text, now).await;
        }
        Presented::Bearer(text) | Presented::ApiToken(text) => text,
        Presented::Nothing(why) => return Ok(malformed(Claimed::Nothing, why)),
    };
    let secret = match Secret::parse(&app.settings.prefix, text) {
        Ok(secret) => secret,
        Err(error) => return Ok(malformed(Claimed::Nothing, &error.to_string())),
    };
    let (presented, catalog) = tokio::join!(app.tokens.present(&secret, now), catalogs.get(now));
    let (presented, catalog) = (presented?, catalog?);
    let token = |credential: Credential, superseded| {
        let principal = Principal::Token(Box::new(credential.record.clone()));
        Found::Token(Box::new(FoundToken { principal, catalog, credential, superseded }))
    };
    Ok(match presented {
        Some(store::Presented::Current(credential)) => token(credential, false),
        Some(store::Presented::Superseded(credential)) => token(credential, true),
        Some(store::Presented::Ended(credential)) => Found::Thief(Box::new(credential)),
        None => Found::Nobody(Reason::Unknown, Claimed::Token(secret.id().to_string()), None),
    })
}

async fn session(
    app: &App,
    sessions: Option<&Sessions>,
    catalogs: &CatalogCache,
    event: &Event,
    text: &str,
    now: Timestamp,
) -> Result<Found, Undecided> {
    let Some(sessions) = sessions else {
        return Ok(malformed(Claimed::Nothing, "a JWT, and no OpenID Connect provider is set"));
    };
    let nobody = |reason, detail| Found::Nobody(reason, Claimed::Session, Some(detail));
    let claims = match sessions.verify(text, now).await {
        Ok(claims) => claims,
        Err(oidc::Refusal::Unavailable(why)) => return Err(Undecided::Keys(why)),
        Err(error @ oidc::Refusal::Malformed(_)) => return Ok(nobody(Reason::Malformed, error.to_string())),
        Err(error @ oidc::Refusal::Unknown(_)) => return Ok(nobody(Reason::Unknown, error.to_string())),
        Err(error @ oidc::Refusal::Expired) => return Ok(nobody(Reason::Expired, error.to_string())),
    };
    let catalog = catalogs.get(now).await?;
    let management = app.settings.authz.token_management;
    let session = Session::new(&catalog.catalog, claims.owner, &claims.groups, claims.expires_at, management);
    if event.api() == Api::Own && response_context::groups(&session).len() > response_context::MAX_GROUPS_LENGTH {
        let max = response_context::MAX_GROUPS_LENGTH;
        return Ok(nobody(
            Reason::Malformed,
            format!("the person's groups that the catalog lists take more than {max} characters"),
        ));
    }
    Ok(Found::Person(Principal::Session(session), catalog))
}

fn malformed(claimed: Claimed, why: &str) -> Found {
    Found::Nobody(Reason::Malformed, claimed, Some(why.to_owned()))
}
