//! `POST /exchange` ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)): exchanges the OIDC token of
//! a CI job for a short-lived API token with the grants of a trust rule, so that the CI system
//! stores no secret.
//!
//! Also `GET /.well-known/oauth-protected-resource`, which tells clients where users sign in.
//!
//! form -> signature and times -> trust rule -> one transaction (record and replay guard) -> audit
//! line -> response with the secret. Both routes bypass the authorizer: the identity authenticates
//! the exchange.

mod audit;
mod outcome;
mod protected_resource_metadata;
mod request;

use std::time::Duration;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::api_types::TokenExchangeResponse;
use portcullis::audit_log::AuditEntry;
use portcullis::catalog::{TrustRule, via};
use portcullis::clock::{Stopwatch, Timestamp};
use portcullis::grants::Grants;
use portcullis::http::{OAuthError, Problem, check_content_encoding, json, origin, respond, route};
use portcullis::oidc::{WorkloadIdentity, WorkloadIdentityVerifier};
use portcullis::secret::PlaintextToken;
use portcullis::store::{CatalogCache, ReplayGuard};
use portcullis::token::{Actor, EventOrigin, IssuedToken, TokenRecord};
use portcullis::{App, store};
use rand::rngs::SysRng;
use tokio::time::Instant;

use outcome::{Dependency, ExchangeError};
use request::{ACCESS_TOKEN, TokenExchangeRequest};

/// Maximum length of the audit log's detail, in characters.
const MAX_DETAIL_LENGTH: usize = 2000;

/// Time for an exchange, shorter than the function's timeout: Lambda ends a function without an audit line.
pub const EXCHANGE_DEADLINE: Duration = Duration::from_secs(8);

/// The exchange, with its caches of the catalog and the issuers' JWKS.
#[derive(Clone, Debug)]
pub struct Exchange {
    app: App,
    catalogs: CatalogCache,
    identities: WorkloadIdentityVerifier,
    deadline: Duration,
}

/// Result of one request.
#[derive(Debug)]
pub struct ExchangeResult {
    /// The response.
    pub response: Response<Body>,
    /// The audit entry, if there was a decision. If it cannot be written, do not send the response.
    pub audit: Option<AuditEntry>,
}

impl Exchange {
    /// An exchange with empty caches.
    #[must_use]
    pub fn new(app: App) -> Self {
        let catalogs = CatalogCache::new(app.tokens.items().clone());
        let identities = WorkloadIdentityVerifier::new(app.settings.oidc.timeout);
        Self { app, catalogs, identities, deadline: EXCHANGE_DEADLINE }
    }

    /// The exchange, which shares its caches, with this deadline.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Handles a request.
    pub async fn handle(&self, request: &Request) -> ExchangeResult {
        match (request.method(), route(request)) {
            (&Method::POST, "/exchange") => self.exchange(request).await,
            (&Method::GET, protected_resource_metadata::ROUTE) => ExchangeResult {
                response: protected_resource_metadata::response(request, self.app.settings.oidc.provider.as_ref()),
                audit: None,
            },
            _ => ExchangeResult { response: respond(request, Err(Problem::not_found())), audit: None },
        }
    }

    async fn exchange(&self, request: &Request) -> ExchangeResult {
        if let Err(problem) = check_content_encoding(request) {
            return ExchangeResult { response: respond(request, Err(problem)), audit: None };
        }
        let now = self.app.clock.now();
        let stopwatch = Stopwatch::start();
        let outcome = self.exchange_identity(request, now, Instant::now() + self.deadline).await;
        let audit = AuditEntry { duration: stopwatch.elapsed(), ..audit::entry(request, now, &outcome) };
        let response = match outcome {
            Ok(issued) => respond(request, Ok(json(StatusCode::OK, &token_response(&issued, now)))),
            Err(ExchangeError::Form(refusal)) => refusal.into_response(),
            Err(ExchangeError::Identity { message, .. }) => OAuthError::new(message).into_response(),
            Err(ExchangeError::Undecided { problem, .. }) => respond(request, Err(*problem)),
        };
        ExchangeResult { response, audit: Some(audit) }
    }

    async fn exchange_identity(
        &self,
        request: &Request,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<IssuedToken, ExchangeError> {
        let form = TokenExchangeRequest::read(request)?;
        // The form is checked before the catalog and the issuer's JWKS are read.
        let identity = WorkloadIdentityVerifier::read(form.subject_token()?)?;
        let catalog = &Dependency::Catalog.before(deadline, self.catalogs.get(now)).await??.catalog;
        let trusts = |issuer: &str, is_for: &dyn Fn(&str) -> bool| {
            catalog.trust().iter().any(|rule| rule.issuer == issuer && is_for(&rule.audience))
        };
        let identity =
            Dependency::SigningKeys.before(deadline, self.identities.verify(identity, trusts, now)).await??;
        let rule = catalog
            .matching_trust_rule(&identity.claims)
            .ok_or_else(|| no_matching_rule(catalog.trust(), &identity))?;
        form.ensure_for_this_service(&protected_resource_metadata::resource(request), &rule.audience)?;
        let grants = form.restrict_to_scope(&rule.grants)?;
        let IssuedToken { record, secret } = self.new_token(rule, grants, &identity, now)?;
        let caller = origin(request);
        let actor = Some(record.created_by.clone());
        let by = EventOrigin { actor, source_ip: caller.source_ip, agent: caller.agent };
        let replay_guard = ReplayGuard::new(&identity.issuer, &identity.id, identity.refused_from);
        let digest = secret.digest();
        let stored = self.app.tokens.exchange(&record, &digest, &replay_guard, &by, self.app.settings.limits);
        match Dependency::NewToken.before(deadline, stored).await?? {
            store::ExchangeOutcome::Done => Ok(IssuedToken { record, secret }),
            store::ExchangeOutcome::Replayed => Err(ExchangeError::Identity {
                reason: "replayed",
                message: "This identity was already exchanged, and each can be exchanged once. Request a new one from the CI system."
                    .to_owned(),
                detail: Some(format!("via {}", via(&identity.claims))),
            }),
        }
    }

    /// A token that is not stored yet.
    fn new_token(
        &self,
        rule: &TrustRule,
        grants: Grants,
        identity: &WorkloadIdentity,
        now: Timestamp,
    ) -> Result<IssuedToken, ExchangeError> {
        let internal = || ExchangeError::Undecided {
            reason: "internal_error",
            problem: Box::new(Problem::internal()),
            detail: None,
        };
        let secret = PlaintextToken::generate(&self.app.settings.prefix, &mut SysRng)?;
        let (name, owner) = (rule.token_name().ok_or_else(internal)?, rule.owner().ok_or_else(internal)?);
        let base = TokenRecord::new(secret.id().clone(), name, owner, grants, Actor::Trust(rule.name.clone()), now);
        let record = TokenRecord {
            via: Some(via(&identity.claims)),
            expires_at: Some(now.truncated_to_seconds().plus_seconds(i64::from(rule.lifetime_seconds))),
            ..base
        };
        Ok(IssuedToken { record, secret })
    }
}

/// The message to the caller names the identity only. The unmet conditions of the rules go to the
/// audit log, because not everyone may see the rules.
fn no_matching_rule(rules: &[TrustRule], identity: &WorkloadIdentity) -> ExchangeError {
    let closest = rules.iter().filter(|rule| rule.issuer == identity.issuer).map(|rule| {
        let unmet: Vec<_> = rule.mismatches(&identity.claims).iter().map(ToString::to_string).collect();
        format!("{}: {}", rule.name, unmet.join("; "))
    });
    let detail = format!("via {}; {}", via(&identity.claims), closest.collect::<Vec<_>>().join(" | "));
    ExchangeError::Identity {
        reason: "untrusted",
        message: format!(
            "The identity is valid ({}), but no trust rule matches it. The deployment's audit log lists the unmet conditions; test rules with portcullis trust test.",
            via(&identity.claims)
        ),
        detail: Some(detail.chars().take(MAX_DETAIL_LENGTH).collect()),
    }
}

fn token_response(issued: &IssuedToken, now: Timestamp) -> TokenExchangeResponse<'_> {
    let record = &issued.record;
    TokenExchangeResponse {
        access_token: issued.secret.expose_secret().into(),
        issued_token_type: ACCESS_TOKEN.to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: record.expires_at.map_or(0, |at| at.seconds() - now.seconds()),
        scope: record.grants.to_oauth_scope(),
        token_id: record.id.to_string(),
        via: record.via.as_ref().map(ToString::to_string),
        rule: record.name.to_string(),
    }
}
