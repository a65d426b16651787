//! The decision on each request: event -> credential -> record -> [`authorize`] -> the answer
//! in the shape that event needs. One read of the table, none for garbage; the catalog is held
//! in memory.
//!
//! | event | 401 | 403 | allow |
//! | --- | --- | --- | --- |
//! | REST `REQUEST`, REST `TOKEN`, WebSocket `$connect` | the error `Unauthorized` | a `Deny` policy | an `Allow` policy |
//! | HTTP API 1.0, and 2.0 with IAM answers | a `Deny` policy | a `Deny` policy | an `Allow` policy |
//! | HTTP API 2.0 with simple answers | `isAuthorized: false` | `isAuthorized: false` | `isAuthorized: true` |
//!
//! An HTTP API makes a 500 of every error of its authorizer, so there a credential that is
//! refused gets a 403. Where no decision can be made, the answer is an error: a 500
//! everywhere, and no entry.
//!
//! Where gateways keep answers (`AuthorizerCacheSeconds`), each has to hold for every route:
//! then a protected API gets one policy for all that the principal may do there.
//!
//! Sources: [REST and WebSocket](https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html),
//! [HTTP API](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html).

mod api_wide_policy;
mod audit;
mod authenticate;
mod credential;
mod event;
mod noted_uses;
mod post_response;
mod response;
mod response_context;
mod settings;

use portcullis::authz::{
    AccessRequest, Arn, AuthzContext, Decision, DenyReason, MAX_ARN_LENGTH, Missing, Principal, authorize,
    permission_used,
};
use portcullis::clock::{Day, Timestamp};
use portcullis::env::ConfigError;
use portcullis::oidc::SessionVerifier;
use portcullis::store::{CatalogCache, DeferredWrite, StoredCatalog};
use portcullis::{App, audit_log};
use serde_json::Value;

use authenticate::Authentication;
pub use event::Event;
use noted_uses::NotedUses;
pub use post_response::{PostResponseLayer, PostResponseService};
pub use response::AuthorizerError;
use response::ResponseFormat;
pub use settings::HttpApiResponseFormat;

/// What decides, and what it remembers between two requests.
#[derive(Clone, Debug)]
pub struct Authorizer {
    app: App,
    sessions: Option<SessionVerifier>,
    http_api_response_format: HttpApiResponseFormat,
    catalogs: CatalogCache,
    noted: NotedUses,
}

/// What came of one event.
#[derive(Debug)]
pub struct Outcome {
    /// What API Gateway is told.
    pub answer: Result<Value, AuthorizerError>,
    /// What the audit log is told.
    pub audit: audit_log::AuditEntry,
    /// What is to be noted once the answer has left.
    pub note: Option<DeferredWrite>,
}

impl Authorizer {
    /// One that has read nothing yet.
    ///
    /// # Errors
    /// When the OpenID Connect provider of the settings cannot be one.
    pub fn new(app: App, http_api_response_format: HttpApiResponseFormat) -> Result<Self, ConfigError> {
        let timeout = app.settings.oidc.timeout;
        let sessions =
            app.settings.oidc.provider.clone().map(|oidc| SessionVerifier::new(oidc, timeout)).transpose()?;
        let catalogs = CatalogCache::new(app.tokens.clone());
        Ok(Self { app, sessions, http_api_response_format, catalogs, noted: NotedUses::default() })
    }

    /// Reads what the first request will need. It goes on without, if it has to.
    pub async fn warm_up(&self) {
        self.catalogs.refresh(self.app.clock.now()).await;
    }

    /// Decides on one request.
    pub async fn handle(&self, event: Event) -> Outcome {
        let now = self.app.clock.now();
        let shape = ResponseFormat::of(&event, self.http_api_response_format);
        let Some(arn) = event.arn().and_then(Arn::parse) else {
            return undecided(&event, None, now, "no_arn");
        };
        let found =
            match authenticate::authenticate(&self.app, self.sessions.as_ref(), &self.catalogs, &event, now).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(%error, "no decision");
                    return undecided(&event, Some(&arn), now, error.reason());
                }
            };
        let decision = match &found {
            Authentication::Failed(reason, ..) => Decision::Unauthorized(*reason),
            Authentication::RetiredSecret(_) => Decision::Unauthorized(DenyReason::SecretReuse),
            Authentication::Session(principal, catalog) => self.decided(principal, catalog, &event, &arn, now),
            Authentication::Token(token) => self.decided(&token.principal, &token.catalog, &event, &arn, now),
        };
        let principal = found.principal().map(|(principal, _)| principal);
        let whole = api_wide_policy::respond(&self.app.settings.authz, shape, &event, &arn, &found, &decision, now);
        Outcome {
            answer: whole.map_or_else(|| response::respond(shape, event.api(), &arn, principal, &decision, now), Ok),
            audit: audit::line(&event, Some(&arn), now, &found, &decision),
            note: self.note(&found, &event, &arn, &decision, now),
        }
    }

    /// What is done once an answer has left, while nobody waits.
    pub async fn run_deferred(&self, note: Option<DeferredWrite>) {
        if let Some(note) = note {
            self.write_note(&note).await;
        }
        self.catalogs.refresh(self.app.clock.now()).await;
    }

    async fn write_note(&self, note: &DeferredWrite) {
        let (record, what) = note.about();
        let clock = &self.app.clock;
        match (self.app.tokens.apply_deferred(note, clock, self.app.settings.limits.history_days).await, note.made()) {
            (Ok(Some(usage)), Some((made, day))) => self.noted.remember(&record.id, made, usage, day),
            (Ok(_), _) => {}
            // The next one is noted once the store works again.
            (Err(error), _) => tracing::warn!(%error, token_id = %record.id, "{what} was not noted"),
        }
    }

    fn note(
        &self,
        found: &Authentication,
        event: &Event,
        arn: &Arn<'_>,
        decision: &Decision,
        now: Timestamp,
    ) -> Option<DeferredWrite> {
        match found {
            Authentication::Token(token) if *decision == Decision::Allow => {
                let rules = AuthzContext::of(&token.catalog.catalog, &self.app.settings.authz);
                let made = permission_used(token.principal.grants(), &rules, &asked(event, arn));
                let record = &token.credential.record;
                let made = made.and_then(|made| self.noted.unless_noted(&record.id, made, Day::of(now)));
                DeferredWrite::of_use(record, made, &event.caller(), now)
            }
            Authentication::RetiredSecret(credential) => {
                DeferredWrite::of_reuse(credential, self.app.settings.token.quarantine_on_reuse, &event.caller(), now)
            }
            _ => None,
        }
    }

    fn decided(
        &self,
        principal: &Principal,
        catalog: &StoredCatalog,
        event: &Event,
        arn: &Arn<'_>,
        now: Timestamp,
    ) -> Decision {
        let rules = AuthzContext::of(&catalog.catalog, &self.app.settings.authz);
        let decision = authorize(Some(principal), &rules, &asked(event, arn), now);
        // A policy cannot name a resource of more than 512 characters.
        if decision == Decision::Allow && arn.text.len() > MAX_ARN_LENGTH {
            return Decision::Forbidden(DenyReason::MalformedPath, Missing::default());
        }
        decision
    }
}

fn asked<'a>(event: &Event, arn: &Arn<'a>) -> AccessRequest<'a> {
    AccessRequest { api: event.api(), target: arn.target, from: event.caller().source_ip }
}

fn undecided(event: &Event, arn: Option<&Arn<'_>>, now: Timestamp, reason: &'static str) -> Outcome {
    Outcome { answer: Err(AuthorizerError::NoDecision), audit: audit::error(event, arn, now, reason), note: None }
}
