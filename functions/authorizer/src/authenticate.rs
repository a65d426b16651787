//! Authentication of a request's credential: one table read for a token, none for a malformed
//! one, and the provider's JWKS for a session.

use std::fmt;
use std::sync::Arc;

use portcullis::authz::{Api, DenyReason, Principal, Session};
use portcullis::clock::Timestamp;
use portcullis::oidc::{SessionVerifier, looks_like_jwt};
use portcullis::secret::PlaintextToken;
use portcullis::store::{CatalogCache, ItemStore, StoredCatalog, StoredCredential};
use portcullis::{App, oidc, store};
use tokio::time::{Instant, timeout_at};

use crate::credential::PresentedCredential;
use crate::{Event, response_context};

/// Result of authenticating the presented credential.
pub(crate) enum Authentication {
    /// Not authenticated: the reason, the claimed identity, and a detail for the audit log only.
    Failed(DenyReason, ClaimedIdentity, Option<String>),
    /// A token whose secret matched, or a session, and the catalog to decide with.
    Authenticated {
        principal: Principal,
        catalog: Arc<StoredCatalog>,
        /// Whether the secret is the token's previous one, within its overlap.
        superseded: bool,
    },
    /// A rotated-out secret of this token.
    RetiredSecret(Box<StoredCredential>),
}

impl Authentication {
    /// The principal and the catalog to decide with; `None` if authentication failed.
    pub(crate) fn principal(&self) -> Option<(&Principal, &StoredCatalog)> {
        match self {
            Self::Authenticated { principal, catalog, .. } => Some((principal, catalog)),
            Self::Failed(..) | Self::RetiredSecret(_) => None,
        }
    }
}

/// What a refused credential claimed to be.
pub(crate) enum ClaimedIdentity {
    Nothing,
    /// The token with this id.
    Token(String),
    Session,
}

/// Authentication was not possible, so there is no decision.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthenticationError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the provider's JWKS is unavailable: {0}")]
    Keys(String),
    #[error("the deadline passed while waiting for {0}")]
    Deadline(Dependency),
}

impl AuthenticationError {
    /// The audit log's reason code.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.audit_reason().0,
            Self::Deadline(Dependency::TokenRecord | Dependency::Catalog | Dependency::Approval) => "store_unavailable",
            Self::Keys(_) | Self::Deadline(Dependency::SigningKeys) => "keys_unavailable",
        }
    }

    /// The audit log's detail.
    pub(crate) fn detail(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.audit_reason().1,
            Self::Keys(_) => None,
            Self::Deadline(_) => Some(self.to_string()),
        }
    }
}

/// What a decision waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependency {
    TokenRecord,
    Catalog,
    SigningKeys,
    Approval,
}

impl Dependency {
    /// Waits for a response until the deadline.
    pub(crate) async fn before<T>(
        self,
        deadline: Instant,
        response: impl Future<Output = T>,
    ) -> Result<T, AuthenticationError> {
        timeout_at(deadline, response).await.map_err(|_| AuthenticationError::Deadline(self))
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenRecord => "the token record",
            Self::Catalog => "the catalog",
            Self::SigningKeys => "the provider's signing keys",
            Self::Approval => "the use of an approval",
        })
    }
}

/// Authenticates a request's credential before the deadline.
pub(crate) async fn authenticate(
    app: &App<ItemStore>,
    sessions: Option<&SessionVerifier>,
    catalogs: &CatalogCache,
    event: &Event,
    now: Timestamp,
    deadline: Instant,
) -> Result<Authentication, AuthenticationError> {
    let text = match PresentedCredential::from_event(event) {
        // Sessions use the standard header only; x-api-token takes API tokens only.
        PresentedCredential::Bearer(text) if looks_like_jwt(text) => {
            return session(app, sessions, catalogs, event, text, now, deadline).await;
        }
        PresentedCredential::Bearer(text) | PresentedCredential::ApiToken(text) => text,
        PresentedCredential::Absent(why) => return Ok(malformed(ClaimedIdentity::Nothing, why)),
    };
    let secret = match PlaintextToken::parse(&app.settings.prefix, text) {
        Ok(secret) => secret,
        Err(error) => return Ok(malformed(ClaimedIdentity::Nothing, &error.to_string())),
    };
    let (presented, catalog) = tokio::join!(
        Dependency::TokenRecord.before(deadline, app.tokens.match_secret(&secret, now)),
        Dependency::Catalog.before(deadline, catalogs.get(now)),
    );
    let (presented, catalog) = (presented??, catalog??);
    let token = |credential: StoredCredential, superseded| Authentication::Authenticated {
        principal: Principal::Token(Box::new(credential.record)),
        catalog,
        superseded,
    };
    Ok(match presented {
        Some(store::MatchedSecret::Current(credential)) => token(credential, false),
        Some(store::MatchedSecret::Previous(credential)) => token(credential, true),
        Some(store::MatchedSecret::Retired(credential)) => Authentication::RetiredSecret(Box::new(credential)),
        None => Authentication::Failed(DenyReason::Unknown, ClaimedIdentity::Token(secret.id().to_string()), None),
    })
}

async fn session(
    app: &App<ItemStore>,
    sessions: Option<&SessionVerifier>,
    catalogs: &CatalogCache,
    event: &Event,
    text: &str,
    now: Timestamp,
    deadline: Instant,
) -> Result<Authentication, AuthenticationError> {
    let Some(sessions) = sessions else {
        return Ok(malformed(ClaimedIdentity::Nothing, "a JWT, but no OpenID Connect provider is configured"));
    };
    let failed = |reason, detail| Authentication::Failed(reason, ClaimedIdentity::Session, Some(detail));
    let claims = match Dependency::SigningKeys.before(deadline, sessions.verify(text, now)).await? {
        Ok(claims) => claims,
        Err(oidc::JwtError::Unavailable(why)) => return Err(AuthenticationError::Keys(why)),
        Err(error @ oidc::JwtError::Malformed(_)) => return Ok(failed(DenyReason::Malformed, error.to_string())),
        Err(error @ oidc::JwtError::Unknown(_)) => return Ok(failed(DenyReason::Unknown, error.to_string())),
        Err(error @ oidc::JwtError::Expired) => return Ok(failed(DenyReason::Expired, error.to_string())),
    };
    let catalog = Dependency::Catalog.before(deadline, catalogs.get(now)).await??;
    let management = app.settings.authz.token_management;
    let session = Session::new(&catalog.catalog, claims.owner, &claims.groups, claims.expires_at, management);
    if event.api() == Api::Management && response_context::groups(&session).len() > response_context::MAX_GROUPS_LENGTH
    {
        let max = response_context::MAX_GROUPS_LENGTH;
        return Ok(failed(
            DenyReason::Malformed,
            format!("the groups that the catalog lists take more than {max} characters"),
        ));
    }
    Ok(Authentication::Authenticated { principal: Principal::Session(session), catalog, superseded: false })
}

fn malformed(claimed: ClaimedIdentity, why: &str) -> Authentication {
    Authentication::Failed(DenyReason::Malformed, claimed, Some(why.to_owned()))
}
