//! Lambda authorizer: event -> credential -> record -> [`authorize`] -> response in the format
//! that the event needs. It reads the table once, not at all for a malformed credential, and
//! caches the catalog in memory.
//!
//! | event | 401 | 403 | allow |
//! | --- | --- | --- | --- |
//! | REST `REQUEST`, REST `TOKEN`, WebSocket `$connect` | the error `Unauthorized` | a `Deny` policy | an `Allow` policy |
//! | HTTP API 1.0, and 2.0 with IAM responses | a `Deny` policy | a `Deny` policy | an `Allow` policy |
//! | HTTP API 2.0 with simple responses | `isAuthorized: false` | `isAuthorized: false` | `isAuthorized: true` |
//!
//! An HTTP API turns every authorizer error into a 500, so a refused credential gets a 403
//! there. If no decision is possible, the response is an error, which is a 500 on every API.
//!
//! If gateways cache responses (`AuthorizerCacheSeconds`), each response must hold for every
//! route: a protected API then gets one policy for everything that the principal may do there.
//!
//! Sources: [REST and WebSocket](https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html),
//! [HTTP API](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html).

mod api_wide_policy;
mod approvals;
mod audit;
mod authenticate;
mod credential;
mod event;
mod post_response;
mod recorded_denials;
mod recorded_uses;
mod request_counts;
mod response;
mod response_context;
mod settings;

use std::time::Duration;

use portcullis::authz::{
    AccessRequest, Arn, AuthzContext, Decision, Denial, DenyReason, MAX_ARN_LENGTH, MissingAccess, Principal,
    authorize, permission_used,
};
use portcullis::clock::{Day, Stopwatch, Timestamp};
use portcullis::env::ConfigError;
use portcullis::oidc::SessionVerifier;
use portcullis::store::{CatalogCache, DeferredWrite, ItemStore, StoredCatalog};
use portcullis::{App, audit_log};
use tokio::time::{Instant, timeout};

use authenticate::Authentication;
pub use event::Event;
pub use post_response::{PostResponseLayer, PostResponseService};
use recorded_denials::RecordedDenials;
use recorded_uses::RecordedUses;
use request_counts::RequestCounts;
use response::ResponseFormat;
pub use response::{AuthorizerError, AuthorizerResponse};
pub use settings::HttpApiResponseFormat;

/// Time for a decision. Longer than both requests to a provider, so that their failure is remembered.
/// With [`DEFERRED_DEADLINE`], it is shorter than the function's timeout: Lambda ends a function without an audit line.
pub const DECISION_DEADLINE: Duration = Duration::from_millis(3500);
/// Time for the work after a response.
pub const DEFERRED_DEADLINE: Duration = Duration::from_secs(1);

/// The authorizer, with the state that it keeps between requests.
#[derive(Clone, Debug)]
pub struct Authorizer {
    app: App<ItemStore>,
    sessions: Option<SessionVerifier>,
    http_api_response_format: HttpApiResponseFormat,
    catalogs: CatalogCache,
    noted: RecordedUses,
    denied: RecordedDenials,
    counts: RequestCounts,
    decision_deadline: Duration,
    deferred_deadline: Duration,
}

/// Result of one event.
#[derive(Debug)]
pub struct Outcome {
    /// The response to API Gateway.
    pub response: Result<AuthorizerResponse, AuthorizerError>,
    /// The audit entry.
    pub audit: audit_log::AuditEntry,
    /// The write to make after the response was sent.
    pub note: Option<DeferredWrite>,
}

impl Authorizer {
    /// An authorizer with empty caches.
    ///
    /// # Errors
    /// The OpenID Connect provider of the settings is invalid.
    pub fn new(
        app: impl Into<App<ItemStore>>,
        http_api_response_format: HttpApiResponseFormat,
    ) -> Result<Self, ConfigError> {
        let app = app.into();
        let timeout = app.settings.oidc.timeout;
        let sessions =
            app.settings.oidc.provider.clone().map(|oidc| SessionVerifier::new(oidc, timeout)).transpose()?;
        let catalogs = CatalogCache::new(app.tokens.clone());
        Ok(Self {
            app,
            sessions,
            http_api_response_format,
            catalogs,
            noted: RecordedUses::default(),
            denied: RecordedDenials::default(),
            counts: RequestCounts::default(),
            decision_deadline: DECISION_DEADLINE,
            deferred_deadline: DEFERRED_DEADLINE,
        })
    }

    /// The authorizer, which shares its caches, with these deadlines for a decision and for the work after a response.
    #[must_use]
    pub fn with_deadlines(self, decision_deadline: Duration, deferred_deadline: Duration) -> Self {
        Self { decision_deadline, deferred_deadline, ..self }
    }

    /// Loads the catalog before the first request. A failure is ignored.
    pub async fn warm_up(&self) {
        self.catalogs.refresh(self.app.clock.now()).await;
    }

    /// Decides on one request. There is no decision if the deadline passes.
    pub async fn handle(&self, event: Event) -> Outcome {
        let stopwatch = Stopwatch::start();
        let mut outcome = self.handle_until(event, Instant::now() + self.decision_deadline).await;
        outcome.audit.duration = stopwatch.elapsed();
        outcome
    }

    async fn handle_until(&self, event: Event, deadline: Instant) -> Outcome {
        let now = self.app.clock.now();
        let format = ResponseFormat::from_event(&event, self.http_api_response_format);
        let Some(arn) = event.arn().and_then(Arn::parse) else {
            return no_decision(&event, None, now, "no_arn", None);
        };
        let authentication =
            authenticate::authenticate(&self.app, self.sessions.as_ref(), &self.catalogs, &event, now, deadline).await;
        let authentication = match authentication {
            Ok(authentication) => authentication,
            Err(error) => {
                tracing::error!(%error, "no decision");
                return no_decision(&event, Some(&arn), now, error.reason(), error.detail());
            }
        };
        let decision = match &authentication {
            Authentication::Failed(reason, ..) => Decision::Unauthorized(*reason),
            Authentication::RetiredSecret(_) => Decision::Unauthorized(DenyReason::SecretReuse),
            Authentication::Authenticated { principal, catalog, .. } => {
                self.decide(principal, catalog, &event, &arn, now)
            }
        };
        let taken = match (&decision, authentication.principal()) {
            (Decision::Allow, Some((principal, catalog))) => {
                let rules = AuthzContext::new(&catalog.catalog, &self.app.settings.authz);
                let asked = access_request(&event, &arn);
                approvals::take(&self.app.tokens, principal, &rules, &asked, now, deadline).await
            }
            _ => Ok(Ok(Vec::new())),
        };
        let (decision, approvals) = match taken {
            Ok(Ok(approvals)) => (decision, approvals),
            Ok(Err(missing)) => (Decision::Forbidden(DenyReason::ApprovalRequired, missing), Vec::new()),
            Err(error) => {
                tracing::error!(%error, "no decision");
                return no_decision(&event, Some(&arn), now, error.reason(), error.detail());
            }
        };
        let principal = authentication.principal().map(|(principal, _)| principal);
        let api_wide =
            api_wide_policy::respond(&self.app.settings.authz, format, &event, &arn, &authentication, &decision, now);
        Outcome {
            response: api_wide.map_or_else(
                || response::respond(format, event.api(), &arn, principal, &decision, &approvals, now),
                Ok,
            ),
            audit: audit::entry(&event, Some(&arn), now, &authentication, &decision, &approvals),
            note: self.deferred_write(&authentication, &event, &arn, &decision, now),
        }
    }

    /// Runs the work that follows a sent response: the deferred write and the catalog refresh. Cuts it off at the
    /// deadline: if Lambda ended the function instead, the next request would wait for a new one.
    pub async fn run_deferred(&self, note: Option<DeferredWrite>) {
        let work = async {
            if let Some(note) = note {
                self.write_note(&note).await;
            }
            self.catalogs.refresh(self.app.clock.now()).await;
        };
        if timeout(self.deferred_deadline, work).await.is_err() {
            tracing::warn!("the work after the response was cut off");
        }
    }

    async fn write_note(&self, note: &DeferredWrite) {
        let (id, what) = note.describe();
        let clock = &self.app.clock;
        match (
            self.app.tokens.apply_deferred(note, clock, self.app.settings.limits.history_days).await,
            note.permission_use(),
        ) {
            (Ok(Some(usage)), Some((made, day))) => self.noted.remember(id, made, usage, day),
            (Ok(_), _) => {}
            // Nothing to do: the next use is written once the store works again.
            (Err(error), _) => tracing::warn!(%error, token_id = %id, "{what} was not noted"),
        }
    }

    fn deferred_write(
        &self,
        authentication: &Authentication,
        event: &Event,
        arn: &Arn<'_>,
        decision: &Decision,
        now: Timestamp,
    ) -> Option<DeferredWrite> {
        match authentication {
            Authentication::Authenticated { principal: Principal::Token(record), catalog, .. }
                if *decision == Decision::Allow =>
            {
                let rules = AuthzContext::new(&catalog.catalog, &self.app.settings.authz);
                let made = permission_used(&record.grants, &rules, &access_request(event, arn));
                let is_due = DeferredWrite::is_last_use_due(record, now);
                let counts = made.as_ref();
                let counts = counts.and_then(|made| self.counts.count(&record.id, &made.permission, now, is_due));
                let made = made.and_then(|made| self.noted.unless_recorded(&record.id, made, Day::from_timestamp(now)));
                DeferredWrite::last_use(record, made, counts, &event.caller(), now)
            }
            Authentication::Authenticated { principal: Principal::Token(record), .. } => {
                let denial = Denial::from_decision(decision, now)?;
                self.denied.admit(&record.id, &denial).then(|| DeferredWrite::denial(&record.id, denial))
            }
            Authentication::RetiredSecret(credential) => DeferredWrite::secret_reuse(
                credential,
                self.app.settings.token.quarantine_on_reuse,
                &event.caller(),
                now,
            ),
            _ => None,
        }
    }

    fn decide(
        &self,
        principal: &Principal,
        catalog: &StoredCatalog,
        event: &Event,
        arn: &Arn<'_>,
        now: Timestamp,
    ) -> Decision {
        let rules = AuthzContext::new(&catalog.catalog, &self.app.settings.authz);
        let decision = authorize(Some(principal), &rules, &access_request(event, arn), now);
        // A policy's resource has at most 512 characters.
        if decision == Decision::Allow && arn.text.len() > MAX_ARN_LENGTH {
            return Decision::Forbidden(DenyReason::MalformedPath, MissingAccess::default());
        }
        decision
    }
}

fn access_request<'a>(event: &Event, arn: &Arn<'a>) -> AccessRequest<'a> {
    AccessRequest { api: event.api(), target: arn.target, from: event.caller().source_ip }
}

fn no_decision(
    event: &Event,
    arn: Option<&Arn<'_>>,
    now: Timestamp,
    reason: &'static str,
    detail: Option<String>,
) -> Outcome {
    let audit = audit::error(event, arn, now, reason, detail);
    Outcome { response: Err(AuthorizerError::NoDecision), audit, note: None }
}
