//! `POST /exchange` ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)): the identity that a CI
//! system gives its job, for a token of a few minutes with what a trust rule grants. No secret is
//! stored anywhere for it.
//!
//! Also `GET /.well-known/oauth-protected-resource`, which tells clients where people sign in.
//!
//! identity -> form -> signature and times -> trust rule -> one transaction (record, and that the
//! identity was used) -> audit line -> the answer with the secret. Both calls are open: the
//! identity is its own proof.

mod audit;
mod outcome;
mod protected_resource_metadata;
mod request;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::api_types::TokenExchangeResponse;
use portcullis::catalog::{TrustRule, via};
use portcullis::clock::Timestamp;
use portcullis::grants::Grants;
use portcullis::http::{OAuthError, Problem, check_content_encoding, json, origin, respond, route};
use portcullis::oidc::{WorkloadIdentity, WorkloadIdentityVerifier};
use portcullis::secret::PlaintextToken;
use portcullis::store::{CatalogCache, ReplayGuard};
use portcullis::token::{Actor, EventOrigin, TokenRecord};
use portcullis::{App, audit_log, store};
use rand::rngs::SysRng;

use outcome::{Denied, Issued};
use request::{ACCESS_TOKEN, Asked};

/// The most characters of the audit log's detail.
const MAX_DETAIL_LENGTH: usize = 2000;

/// What exchanges, and the issuers' keys that it keeps.
#[derive(Clone, Debug)]
pub struct Exchange {
    app: App,
    catalogs: CatalogCache,
    identities: WorkloadIdentityVerifier,
}

/// What came of one request.
#[derive(Debug)]
pub struct Handled {
    /// What is answered.
    pub response: Response<Body>,
    /// What the audit log is told, where something was decided. Where it cannot be told, nothing
    /// is answered.
    pub audit: Option<audit_log::AuditEntry>,
}

impl Exchange {
    /// One that knows no issuer's keys yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        let catalogs = CatalogCache::new(app.tokens.clone());
        Self { identities: WorkloadIdentityVerifier::new(app.settings.oidc.timeout), catalogs, app }
    }

    /// Answers a call.
    pub async fn handle(&self, request: &Request) -> Handled {
        match (request.method(), route(request)) {
            (&Method::POST, "/exchange") => self.exchange(request).await,
            (&Method::GET, protected_resource_metadata::ROUTE) => Handled {
                response: protected_resource_metadata::response(request, self.app.settings.oidc.provider.as_ref()),
                audit: None,
            },
            _ => Handled { response: respond(request, Err(Problem::not_found())), audit: None },
        }
    }

    async fn exchange(&self, request: &Request) -> Handled {
        if let Err(problem) = check_content_encoding(request) {
            return Handled { response: respond(request, Err(problem)), audit: None };
        }
        let now = self.app.clock.now();
        let outcome = self.issued(request, now).await;
        let audit = Some(audit::line(request, now, &outcome));
        let response = match outcome {
            Ok(issued) => respond(request, Ok(json(StatusCode::OK, &shown(&issued, now)))),
            Err(Denied::Form(refusal)) => refusal.into_response(),
            Err(Denied::Identity { message, .. }) => OAuthError::new(message).into_response(),
            Err(Denied::Undecided { problem, .. }) => respond(request, Err(*problem)),
        };
        Handled { response, audit }
    }

    async fn issued(&self, request: &Request, now: Timestamp) -> Result<Issued, Denied> {
        let asked = Asked::read(request)?;
        // The form is checked before anything is read.
        let identity = WorkloadIdentityVerifier::read(asked.subject_token()?)?;
        let catalog = &self.catalogs.get(now).await?.catalog;
        let trusts = |issuer: &str, is_for: &dyn Fn(&str) -> bool| {
            catalog.trust().iter().any(|rule| rule.issuer == issuer && is_for(&rule.audience))
        };
        let identity = self.identities.verify(identity, trusts, now).await?;
        let rule =
            catalog.matching_trust_rule(&identity.claims).ok_or_else(|| untrusted(catalog.trust(), &identity))?;
        asked.ensure_for_this_service(&protected_resource_metadata::resource(request), &rule.audience)?;
        let grants = asked.restricted_to(&rule.grants)?;
        let Issued { record, secret } = self.drawn(rule, grants, &identity, now)?;
        let caller = origin(request);
        let actor = Some(record.created_by.clone());
        let by = EventOrigin { actor, source_ip: caller.source_ip, agent: caller.agent };
        let once = ReplayGuard::new(&identity.issuer, &identity.id, identity.refused_from);
        match self.app.tokens.exchange(&record, &secret.digest(), &once, &by, self.app.settings.limits).await? {
            store::ExchangeOutcome::Done => Ok(Issued { record, secret }),
            store::ExchangeOutcome::Replayed => Err(Denied::Identity {
                reason: "replayed",
                message: "This identity was exchanged before, and each works once. Ask the CI system for a fresh one."
                    .to_owned(),
                detail: Some(format!("via {}", via(&identity.claims))),
            }),
        }
    }

    /// A token that is in no table yet.
    fn drawn(
        &self,
        rule: &TrustRule,
        grants: Grants,
        identity: &WorkloadIdentity,
        now: Timestamp,
    ) -> Result<Issued, Denied> {
        let internal = || Denied::Undecided { reason: "internal_error", problem: Box::new(Problem::internal()) };
        let secret = PlaintextToken::generate(&self.app.settings.prefix, &mut SysRng)?;
        let (name, owner) = (rule.token_name().ok_or_else(internal)?, rule.owner().ok_or_else(internal)?);
        let made = TokenRecord::new(secret.id().clone(), name, owner, grants, Actor::Trust(rule.name.clone()), now);
        let record = TokenRecord {
            via: Some(via(&identity.claims)),
            expires_at: Some(now.truncated_to_seconds().plus_seconds(i64::from(rule.lifetime_seconds))),
            ..made
        };
        Ok(Issued { record, secret })
    }
}

/// What its holder is told is about the identity alone; what the rules say is for those who may
/// see them.
fn untrusted(rules: &[TrustRule], identity: &WorkloadIdentity) -> Denied {
    let closest = rules.iter().filter(|rule| rule.issuer == identity.issuer).map(|rule| {
        let unmet: Vec<_> = rule.mismatches(&identity.claims).iter().map(ToString::to_string).collect();
        format!("{}: {}", rule.name, unmet.join("; "))
    });
    let detail = format!("via {}; {}", via(&identity.claims), closest.collect::<Vec<_>>().join(" | "));
    Denied::Identity {
        reason: "untrusted",
        message: format!(
            "The identity is genuine ({}), and meets the conditions of no trust rule. The audit log of the deployment says which conditions; portcullis trust test tells it beforehand.",
            via(&identity.claims)
        ),
        detail: Some(detail.chars().take(MAX_DETAIL_LENGTH).collect()),
    }
}

fn shown(issued: &Issued, now: Timestamp) -> TokenExchangeResponse<'_> {
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
