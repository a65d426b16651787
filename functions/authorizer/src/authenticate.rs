//! Whom a request's credential belongs to: one read of the table for a token, none for
//! garbage, and the provider's keys for a session.

use std::sync::Arc;

use portcullis::authz::{Api, DenyReason, Principal, Session};
use portcullis::clock::Timestamp;
use portcullis::oidc::{SessionVerifier, looks_like_jwt};
use portcullis::secret::PlaintextToken;
use portcullis::store::{CatalogCache, StoredCatalog, StoredCredential};
use portcullis::{App, oidc, store};

use crate::credential::PresentedCredential;
use crate::{Event, response_context};

/// Whom the presented credential belongs to.
pub(crate) enum Authentication {
    /// Nobody: why it opens nothing, and what the audit log is told besides.
    Failed(DenyReason, ClaimedIdentity, Option<String>),
    /// This person, who is decided on under this catalog.
    Session(Principal, Arc<StoredCatalog>),
    /// This token, by its secret, decided on under this catalog.
    Token(Box<AuthenticatedToken>),
    /// Whoever has a secret of this token which has ended.
    RetiredSecret(Box<StoredCredential>),
}

/// A token that was found by its secret.
pub(crate) struct AuthenticatedToken {
    pub(crate) principal: Principal,
    pub(crate) catalog: Arc<StoredCatalog>,
    pub(crate) credential: StoredCredential,
    /// Whether the secret is the one before the present one, during its overlap.
    pub(crate) superseded: bool,
}

impl Authentication {
    /// Who it is, and the catalog that decides, where there is something to decide.
    pub(crate) fn principal(&self) -> Option<(&Principal, &StoredCatalog)> {
        match self {
            Self::Session(principal, catalog) => Some((principal, catalog)),
            Self::Token(token) => Some((&token.principal, &token.catalog)),
            Self::Failed(..) | Self::RetiredSecret(_) => None,
        }
    }
}

/// What a credential that opens nothing claimed to be.
pub(crate) enum ClaimedIdentity {
    Nothing,
    /// The token with this id.
    Token(String),
    Session,
}

/// Why nobody can be decided on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthenticationError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the provider's keys cannot be had: {0}")]
    Keys(String),
}

impl AuthenticationError {
    /// As it stands in the audit log.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Store(_) => "store_unavailable",
            Self::Keys(_) => "keys_unavailable",
        }
    }
}

/// Finds whom a request's credential belongs to.
pub(crate) async fn authenticate(
    app: &App,
    sessions: Option<&SessionVerifier>,
    catalogs: &CatalogCache,
    event: &Event,
    now: Timestamp,
) -> Result<Authentication, AuthenticationError> {
    let text = match PresentedCredential::of(event) {
        // People sign in as the standards say; the other header is for tokens alone.
        PresentedCredential::Bearer(text) if looks_like_jwt(text) => {
            return session(app, sessions, catalogs, event, text, now).await;
        }
        PresentedCredential::Bearer(text) | PresentedCredential::ApiToken(text) => text,
        PresentedCredential::Absent(why) => return Ok(malformed(ClaimedIdentity::Nothing, why)),
    };
    let secret = match PlaintextToken::parse(&app.settings.prefix, text) {
        Ok(secret) => secret,
        Err(error) => return Ok(malformed(ClaimedIdentity::Nothing, &error.to_string())),
    };
    let (presented, catalog) = tokio::join!(app.tokens.present(&secret, now), catalogs.get(now));
    let (presented, catalog) = (presented?, catalog?);
    let token = |credential: StoredCredential, superseded| {
        let principal = Principal::Token(Box::new(credential.record.clone()));
        Authentication::Token(Box::new(AuthenticatedToken { principal, catalog, credential, superseded }))
    };
    Ok(match presented {
        Some(store::Presented::Current(credential)) => token(credential, false),
        Some(store::Presented::Superseded(credential)) => token(credential, true),
        Some(store::Presented::Ended(credential)) => Authentication::RetiredSecret(Box::new(credential)),
        None => Authentication::Failed(DenyReason::Unknown, ClaimedIdentity::Token(secret.id().to_string()), None),
    })
}

async fn session(
    app: &App,
    sessions: Option<&SessionVerifier>,
    catalogs: &CatalogCache,
    event: &Event,
    text: &str,
    now: Timestamp,
) -> Result<Authentication, AuthenticationError> {
    let Some(sessions) = sessions else {
        return Ok(malformed(ClaimedIdentity::Nothing, "a JWT, and no OpenID Connect provider is set"));
    };
    let nobody = |reason, detail| Authentication::Failed(reason, ClaimedIdentity::Session, Some(detail));
    let claims = match sessions.verify(text, now).await {
        Ok(claims) => claims,
        Err(oidc::JwtError::Unavailable(why)) => return Err(AuthenticationError::Keys(why)),
        Err(error @ oidc::JwtError::Malformed(_)) => return Ok(nobody(DenyReason::Malformed, error.to_string())),
        Err(error @ oidc::JwtError::Unknown(_)) => return Ok(nobody(DenyReason::Unknown, error.to_string())),
        Err(error @ oidc::JwtError::Expired) => return Ok(nobody(DenyReason::Expired, error.to_string())),
    };
    let catalog = catalogs.get(now).await?;
    let management = app.settings.authz.token_management;
    let session = Session::new(&catalog.catalog, claims.owner, &claims.groups, claims.expires_at, management);
    if event.api() == Api::Management && response_context::groups(&session).len() > response_context::MAX_GROUPS_LENGTH
    {
        let max = response_context::MAX_GROUPS_LENGTH;
        return Ok(nobody(
            DenyReason::Malformed,
            format!("the person's groups that the catalog lists take more than {max} characters"),
        ));
    }
    Ok(Authentication::Session(Principal::Session(session), catalog))
}

fn malformed(claimed: ClaimedIdentity, why: &str) -> Authentication {
    Authentication::Failed(DenyReason::Malformed, claimed, Some(why.to_owned()))
}
