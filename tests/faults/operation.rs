//! The operations of the functions and of the authorizer.

use std::collections::HashMap;
use std::sync::Arc;

use authorizer::{AuthorizerError, Outcome};
use exchange::Exchange;
use lambda_http::{Body, Request, RequestExt as _, Response};
use portcullis::App;
use portcullis::cache_flush::{CacheFlusher, Stages};
use portcullis::clock::Clock;
use portcullis::store::{DeferredWrite, Timeouts};
use serde_json::{Value, json};

use super::snapshot::Snapshot;
use super::world::{FOREVER, StoredToken, World, created_at};
use crate::store::unavailable::{asked, request, request_by};

/// An operation that uses the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    DecideOnActive,
    DecideOnRevoked,
    DecideOnDisabled,
    DecideOnExpired,
    DecideOnRetired,
    DecideOnUnknown,
    DecideOnSession,
    RecordFirstUse,
    RecordLaterUse,
    Quarantine,
    Introspect,
    IntrospectRevoked,
    IntrospectRetired,
    ReadToken,
    ListTokens,
    ReadEvents,
    ReadUsage,
    ReadActivity,
    ReadCatalog,
    ReadCatalogVersions,
    ReadCatalogVersion,
    ShowCatalogImpact,
    ListApprovals,
    ReadApproval,
    Explain,
    Create,
    Exchange,
    Update,
    Extend,
    Tighten,
    Rotate,
    Disable,
    Enable,
    Revoke,
    RevokeByHolder,
    RevokeOwner,
    Delete,
    PutCatalog,
    RequestApproval,
    Approve,
    Reject,
    EndApproval,
}

/// What the caller of an operation gets.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The documented response of a success, or a decision.
    Success(Value),
    /// The documented response to a fault of the store.
    Unavailable,
    /// These tokens could not be revoked.
    Incomplete(Vec<String>),
    /// A refusal because of another change, with this status.
    Refused(u16),
    /// Anything else.
    Undocumented(String),
}

/// What an operation works on.
#[derive(Default)]
pub(super) struct Subject {
    /// The owner of what the operation creates; the reference of an exchanged identity.
    pub(super) owner: String,
    /// The first one is the target.
    pub(super) tokens: Vec<StoredToken>,
    identity: String,
    /// ID of the request for approval.
    pub(super) approval: String,
    note: Option<DeferredWrite>,
    /// A table of its own, where the operation is about a whole table.
    pub(super) world: Option<Arc<World>>,
}

impl Subject {
    /// An owner without tokens.
    pub(super) fn new(owner: String) -> Self {
        Self { owner, ..Self::default() }
    }

    /// The token's secret, or else the session.
    pub(super) fn credential(&self) -> &str {
        self.tokens.first().map_or(&self.identity, |token| &token.secret)
    }
}

impl Operation {
    pub(super) const ALL: [Self; 42] = [
        Self::DecideOnActive,
        Self::DecideOnRevoked,
        Self::DecideOnDisabled,
        Self::DecideOnExpired,
        Self::DecideOnRetired,
        Self::DecideOnUnknown,
        Self::DecideOnSession,
        Self::RecordFirstUse,
        Self::RecordLaterUse,
        Self::Quarantine,
        Self::Introspect,
        Self::IntrospectRevoked,
        Self::IntrospectRetired,
        Self::ReadToken,
        Self::ListTokens,
        Self::ReadEvents,
        Self::ReadUsage,
        Self::ReadActivity,
        Self::ReadCatalog,
        Self::ReadCatalogVersions,
        Self::ReadCatalogVersion,
        Self::ShowCatalogImpact,
        Self::ListApprovals,
        Self::ReadApproval,
        Self::Explain,
        Self::Create,
        Self::Exchange,
        Self::Update,
        Self::Extend,
        Self::Tighten,
        Self::Rotate,
        Self::Disable,
        Self::Enable,
        Self::Revoke,
        Self::RevokeByHolder,
        Self::RevokeOwner,
        Self::Delete,
        Self::PutCatalog,
        Self::RequestApproval,
        Self::Approve,
        Self::Reject,
        Self::EndApproval,
    ];

    /// Its row in the page.
    pub(super) fn group(self) -> &'static str {
        match self {
            Self::DecideOnSession => "decide on a session",
            decision if decision < Self::DecideOnSession => "decide on a token",
            Self::RecordFirstUse | Self::RecordLaterUse | Self::Quarantine => "work after a response",
            Self::Introspect | Self::IntrospectRevoked | Self::IntrospectRetired => "introspect",
            Self::Create => "create",
            Self::Exchange => "exchange",
            Self::Update | Self::Extend | Self::Tighten => "update, tighten",
            Self::Rotate => "rotate",
            Self::Disable | Self::Enable => "disable, enable",
            Self::Revoke | Self::RevokeByHolder => "revoke",
            Self::RevokeOwner => "revoke an owner's tokens",
            Self::Delete => "delete",
            Self::PutCatalog => "replace the catalog",
            Self::RequestApproval | Self::Approve | Self::Reject | Self::EndApproval => {
                "request, approve, reject, end an approval"
            }
            _ => "read, list",
        }
    }

    /// Whether a function runs it, for a caller that it reads first.
    pub(super) fn is_of_function(self) -> bool {
        self > Self::Quarantine && !matches!(self, Self::Exchange | Self::RevokeByHolder)
    }

    /// Whether it writes nothing, so that its subject can be shared and its answer is always the same.
    pub(super) fn is_read(self) -> bool {
        self < Self::RecordFirstUse
            || (Self::Introspect..=Self::IntrospectRevoked).contains(&self)
            || (Self::ReadToken..=Self::Explain).contains(&self)
    }

    /// Whether a success promises the change. The work after a response promises nothing.
    pub(super) fn is_acknowledged(self) -> bool {
        !matches!(self, Self::RecordFirstUse | Self::RecordLaterUse | Self::Quarantine | Self::IntrospectRetired)
    }

    /// Prepares what it works on.
    pub(super) async fn prepare(self, world: &World) -> Subject {
        let owner = world.new_owner();
        let mut subject = Subject::new(owner.clone());
        match self {
            Self::PutCatalog => {
                subject.world = Some(Arc::new(World::without_catalog(Arc::clone(&world.issuer)).await));
                return subject;
            }
            Self::ReadActivity | Self::ShowCatalogImpact => {
                let world = World::without_catalog(Arc::clone(&world.issuer)).await;
                subject.tokens.push(world.token_until(&owner, None).await);
                subject.world = Some(Arc::new(world));
                return subject;
            }
            Self::DecideOnUnknown => {
                subject.tokens.push(world.unknown_token());
                return subject;
            }
            Self::Exchange | Self::DecideOnSession => {
                let mut claims = world.issuer.claims();
                claims["ref"] = Value::from(owner);
                claims["groups"] = json!(["readers"]);
                subject.identity = world.issuer.signs(&claims);
                return subject;
            }
            Self::DecideOnExpired => subject.tokens.push(world.token_until(&owner, Some(-60)).await),
            Self::Extend => subject.tokens.push(world.token_until(&owner, Some(3600)).await),
            _ => subject.tokens.push(world.token_until(&owner, None).await),
        }
        let after = async |operation: Self, subject: &Subject| {
            let answer = operation.call(&world.functions, subject).await;
            let Answer::Success(answer) = answer else { panic!("{operation:?}: {answer:?}") };
            answer
        };
        match self {
            Self::DecideOnRevoked | Self::IntrospectRevoked => drop(after(Self::Revoke, &subject).await),
            Self::DecideOnDisabled | Self::Enable => drop(after(Self::Disable, &subject).await),
            Self::DecideOnRetired | Self::Quarantine | Self::IntrospectRetired => {
                drop(after(Self::Rotate, &subject).await);
            }
            // A revoked token takes the last slot, until the owner needs it.
            Self::Create => {
                subject.tokens.insert(0, world.token_until(&owner, None).await);
                drop(after(Self::Revoke, &subject).await);
                subject.tokens.swap(0, 1);
            }
            Self::RevokeOwner => subject.tokens.push(world.token_until(&owner, None).await),
            Self::ListApprovals | Self::ReadApproval | Self::Approve | Self::Reject | Self::EndApproval => {
                let asked = after(Self::RequestApproval, &subject).await;
                subject.approval = asked["id"].as_str().unwrap().to_owned();
                if self == Self::EndApproval {
                    drop(after(Self::Approve, &subject).await);
                }
            }
            Self::Tighten | Self::ReadUsage | Self::RecordLaterUse => {
                let note = world.ask(&subject.tokens[0].secret).await.note.unwrap();
                let App { tokens, settings, clock } = &world.functions;
                tokens.apply_deferred(&note, clock, settings.limits.history_days).await.unwrap();
            }
            _ => {}
        }
        if matches!(self, Self::RecordFirstUse | Self::RecordLaterUse | Self::Quarantine) {
            let later = i64::from(self == Self::RecordLaterUse) * 3600;
            let clock = Clock::from_fn(move || Clock::system().now().plus_seconds(later));
            let authorizer = world.authorizer(world.table.engine_url(), Timeouts::ONE_MACHINE, clock);
            subject.note = Some(asked(&authorizer, &subject.tokens[0].secret).await.note.unwrap());
        }
        subject
    }

    /// Runs it with the engine at this URL.
    pub(super) async fn run(self, world: &World, subject: &Subject, url: &str, timeouts: Timeouts) -> Answer {
        let world = subject.world.as_deref().unwrap_or(world);
        if self <= Self::Quarantine {
            let authorizer = world.authorizer(url, timeouts, Clock::system());
            let Some(note) = &subject.note else { return decision(&asked(&authorizer, subject.credential()).await) };
            authorizer.run_deferred(Some(note.clone())).await;
            return Answer::Success(Value::Null);
        }
        self.call(&world.app(url, timeouts), subject).await
    }

    /// Runs a function.
    pub(super) async fn call(self, app: &App, subject: &Subject) -> Answer {
        let token = subject.tokens.first();
        let id = token.map(|token| token.id.as_str());
        let secret = token.map(|token| format!("token={}", token.secret)).unwrap_or_default();
        let send = |method: &str, route: &str, body: &str| {
            let mut request = request(method, route, id, Some(body));
            request.headers_mut().insert("if-match", "*".parse().unwrap());
            request
        };
        let with_query = |request: Request, query: &[(&str, &str)]| {
            let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            request.with_query_string_parameters(query.collect::<HashMap<_, _>>())
        };
        let owner = ("owner", &*subject.owner);
        let no_flush = CacheFlusher::new(Stages::default(), "us-east-1", None, None);
        let response = match self {
            Self::ReadToken => read::handle(app, send("GET", "/tokens/{id}", "")).await,
            Self::ListTokens => read::handle(app, with_query(send("GET", "/tokens", ""), &[owner])).await,
            Self::ReadEvents => read::handle(app, send("GET", "/tokens/{id}/events", "")).await,
            Self::ReadUsage => read::handle(app, send("GET", "/tokens/{id}/usage", "")).await,
            Self::ReadActivity => {
                // One second, so one query: the events of each day are another one.
                let at = created_at().to_string();
                let query = [owner, ("from", &*at), ("to", &*at)];
                read::handle(app, with_query(send("GET", "/activity", ""), &query)).await
            }
            Self::ReadCatalog => catalog::handle(app, send("GET", "/catalog", "")).await,
            Self::ReadCatalogVersions => read::handle(app, send("GET", "/catalog/versions", "")).await,
            Self::ReadCatalogVersion => {
                let request = send("GET", "/catalog/versions/{version}", "");
                let version = HashMap::from([("version".to_owned(), "1".to_owned())]);
                read::handle(app, request.with_path_parameters(version)).await
            }
            Self::ShowCatalogImpact => {
                let document = json!({"strict": true}).to_string();
                read::handle(app, send("POST", "/catalog/impact", &document)).await
            }
            Self::ListApprovals => {
                approvals::handle(app, request_by(id.unwrap(), "GET", "/approvals", None, None)).await
            }
            Self::ReadApproval => {
                approvals::handle(app, request("GET", "/approvals/{id}", Some(&subject.approval), None)).await
            }
            Self::Explain => {
                let question = json!({"token_id": id, "method": "GET", "path": "/apps/billing"});
                read::handle(app, send("POST", "/explain", &question.to_string())).await
            }
            Self::Introspect | Self::IntrospectRevoked | Self::IntrospectRetired => {
                introspect::handle(app, send("POST", "/introspect", &secret)).await
            }
            Self::Create => {
                let body = json!({
                    "name": "new", "owner": subject.owner, "permissions": ["apps:read"], "resources": ["apps/billing"],
                });
                create::handle(app, send("POST", "/tokens", &body.to_string())).await
            }
            Self::Exchange => {
                let form = format!(
                    "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={}\
                     &subject_token_type=urn:ietf:params:oauth:token-type:id_token",
                    subject.identity
                );
                let exchange = Exchange::new(app.clone()).with_deadline(FOREVER);
                exchange.handle(&send("POST", "/exchange", &form)).await.response
            }
            Self::Update => update::handle(app, send("PATCH", "/tokens/{id}", r#"{"name": "renamed"}"#)).await,
            Self::Extend => {
                let body = r#"{"expires_at": "2099-01-01T00:00:00Z"}"#;
                update::handle(app, send("PATCH", "/tokens/{id}", body)).await
            }
            Self::Tighten => update::handle(app, send("POST", "/tokens/{id}/tighten", "")).await,
            Self::Rotate => rotate::handle(app, send("POST", "/tokens/{id}/rotate", "")).await,
            Self::Disable => update::handle(app, send("POST", "/tokens/{id}/disable", "")).await,
            Self::Enable => update::handle(app, send("POST", "/tokens/{id}/enable", "")).await,
            Self::Revoke => revoke::handle(app, &no_flush, send("POST", "/tokens/{id}/revoke", "")).await,
            Self::RevokeByHolder => revoke::handle(app, &no_flush, send("POST", "/revoke", &secret)).await,
            Self::RevokeOwner => {
                let request = send("POST", "/owners/{owner}/revoke-tokens", "");
                let owner = HashMap::from([("owner".to_owned(), subject.owner.clone())]);
                revoke::handle(app, &no_flush, request.with_path_parameters(owner)).await
            }
            Self::Delete => revoke::handle(app, &no_flush, send("DELETE", "/tokens/{id}", "")).await,
            Self::PutCatalog => {
                let document = json!({"roles": {"reader": {"permissions": ["apps:read"]}}});
                catalog::handle(app, send("PUT", "/catalog", &document.to_string())).await
            }
            Self::RequestApproval => {
                let body = json!({"permission": "apps:write", "resource": "apps/billing", "reason": "a fault"});
                let caller = id.unwrap();
                let request = request_by(caller, "POST", "/approvals", None, Some(&body.to_string()));
                approvals::handle(app, request).await
            }
            Self::Approve => {
                let request = request("POST", "/approvals/{id}/approve", Some(&subject.approval), Some(""));
                approvals::handle(app, request).await
            }
            Self::Reject => {
                let request = request("POST", "/approvals/{id}/reject", Some(&subject.approval), Some(""));
                approvals::handle(app, request).await
            }
            Self::EndApproval => {
                let request = request("DELETE", "/approvals/{id}", Some(&subject.approval), Some(""));
                approvals::handle(app, request).await
            }
            decision => panic!("{decision:?} is the authorizer's"),
        };
        answer(&response)
    }

    /// Whether its change is in the table.
    pub(super) fn is_done(self, subject: &Subject, snapshot: &Snapshot) -> bool {
        let target = subject.tokens.first();
        let record = target.and_then(|token| snapshot.records.get(&token.id));
        match self {
            Self::Create => snapshot.tokens_of(&subject.owner) > subject.tokens.len(),
            Self::Exchange => snapshot.tokens_of(&subject.owner) > 0,
            Self::PutCatalog => snapshot.catalog_version == 1,
            Self::RevokeOwner => subject.tokens.iter().all(|token| snapshot.records[&token.id].is_revoked),
            Self::Delete => record.is_none(),
            Self::RecordFirstUse => record.unwrap().was_used,
            Self::RecordLaterUse => false,
            Self::RequestApproval => snapshot.approvals_of(&subject.tokens[0].id) > 0,
            Self::Approve => snapshot.approvals[&subject.approval].decision == Some(true),
            Self::Reject => snapshot.approvals[&subject.approval].decision == Some(false),
            Self::EndApproval => snapshot.approvals[&subject.approval].is_ended,
            _ => record.unwrap().version > self.version_before(),
        }
    }

    /// The version of its target.
    fn version_before(self) -> u64 {
        if matches!(self, Self::Enable | Self::Quarantine | Self::IntrospectRetired) { 2 } else { 1 }
    }

    /// Whether its change happened more than once.
    pub(super) fn is_repeated(self, subject: &Subject, snapshot: &Snapshot) -> bool {
        let versions = subject.tokens.first().and_then(|token| snapshot.records.get(&token.id));
        let created = snapshot.tokens_of(&subject.owner).saturating_sub(subject.tokens.len());
        let asked = subject.tokens.first().map_or(0, |token| snapshot.approvals_of(&token.id));
        created > 1 || asked > 1 || versions.is_some_and(|record| record.version > self.version_before() + 1)
    }
}

/// The answer in the authorizer's response.
fn decision(outcome: &Outcome) -> Answer {
    match &outcome.response {
        Ok(policy) => Answer::Success(serde_json::from_str(policy.as_str()).unwrap()),
        Err(AuthorizerError::Unauthorized) => Answer::Success(Value::from("unauthorized")),
        Err(AuthorizerError::NoDecision) if outcome.audit.reason == Some("store_unavailable") => Answer::Unavailable,
        Err(error) => Answer::Undocumented(format!("{error} for {:?}", outcome.audit.reason)),
    }
}

/// The answer in a function's response.
fn answer(response: &Response<Body>) -> Answer {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    match response.status().as_u16() {
        200 if body["done"] == false => {
            let failed = body["failed"].as_array().unwrap().iter();
            Answer::Incomplete(failed.map(|id| id.as_str().unwrap().to_owned()).collect())
        }
        200..300 => Answer::Success(body),
        503 if body["type"] == "urn:portcullis:problem:unavailable" => Answer::Unavailable,
        status @ (404 | 409 | 412) => Answer::Refused(status),
        status => Answer::Undocumented(format!("{status} {body}")),
    }
}
