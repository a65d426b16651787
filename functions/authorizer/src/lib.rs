//! The decision on each request: event -> credential -> record -> [`decide`] -> the answer
//! in the shape that event needs. One read of the table, none for garbage.
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
//! Sources: [REST and WebSocket](https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html),
//! [HTTP API](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html).

mod answer;
mod arn;
mod bookkeeping;
mod credential;
mod event;

use portcullis::App;
use portcullis::access::{Api, Decision, Missing, Reason, Target, decide};
use portcullis::audit;
use portcullis::clock::Timestamp;
use portcullis::store::{self, LastUse};
use portcullis::token::{Digest, Record, Secret};
use serde_json::Value;

pub use answer::Refusal;
use answer::Shape;
use arn::{Arn, LONGEST_ARN};
pub use bookkeeping::{Bookkeeping, Settling};
use credential::Presented;
pub use event::Event;

/// What came of one event.
#[derive(Debug)]
pub struct Verdict {
    /// What API Gateway is told.
    pub answer: Result<Value, Refusal>,
    /// What the audit log is told.
    pub audit: audit::Decision,
    /// What is to be noted once the answer has left.
    pub used: Option<LastUse>,
}

/// Decides on one request.
pub async fn handle(app: &App, event: Event) -> Verdict {
    let now = app.clock.now();
    let shape = Shape::of(&event, app.settings.http_api_answer);
    let Some(arn) = event.arn().and_then(Arn::parse) else {
        return undecided(&event, None, now, "no_arn");
    };
    let found = match find(app, &event).await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "the store failed: no decision");
            return undecided(&event, Some(&arn), now, "store_unavailable");
        }
    };
    let decision = match &found {
        Found::Garbage(_) => Decision::Refuse(Reason::Malformed),
        Found::Nobody(_) => decided(None, &event, &arn, now),
        Found::Token(record) => decided(Some(record), &event, &arn, now),
    };
    Verdict {
        answer: answer::answer(shape, &arn, found.record(), &decision),
        audit: audit_line(&event, Some(&arn), now, &found, &decision),
        used: match (&decision, &found) {
            (Decision::Allow, Found::Token(record)) => LastUse::worth_noting(record, now),
            _ => None,
        },
    }
}

/// Whom the presented credential belongs to.
enum Found {
    /// It is no credential; why, for the audit log.
    Garbage(String),
    /// Nobody has this secret; the id that was claimed.
    Nobody(String),
    /// This token's.
    Token(Box<Record>),
}

impl Found {
    fn record(&self) -> Option<&Record> {
        match self {
            Self::Token(record) => Some(record),
            Self::Garbage(_) | Self::Nobody(_) => None,
        }
    }
}

async fn find(app: &App, event: &Event) -> Result<Found, store::Error> {
    let secret = match Presented::of(event) {
        Presented::One(text) => Secret::parse(&app.settings.prefix, text).map_err(|error| error.to_string()),
        Presented::Nothing(why) => Err(why.to_owned()),
    };
    let secret = match secret {
        Ok(secret) => secret,
        Err(why) => return Ok(Found::Garbage(why)),
    };
    let presented = secret.digest();
    let credential = app.tokens.credential(secret.id()).await?;
    // An unknown id takes the same way as a wrong secret: a digest is compared either way,
    // with one that no token has.
    let stored = credential.as_ref().map_or(Digest::NOBODYS, |credential| credential.digest.clone());
    let matches = presented.matches(&stored);
    Ok(match credential {
        Some(credential) if matches => Found::Token(Box::new(credential.record)),
        _ => Found::Nobody(secret.id().to_string()),
    })
}

fn decided(record: Option<&Record>, event: &Event, arn: &Arn<'_>, now: Timestamp) -> Decision {
    let api = if event.is_own_api() { Api::Own } else { Api::Protected };
    let decision = decide(record, api, arn.target, now);
    // A policy cannot name a resource of more than 512 characters.
    if decision == Decision::Allow && arn.text.len() > LONGEST_ARN {
        return Decision::Forbid(Reason::MalformedPath, Missing::default());
    }
    decision
}

fn undecided(event: &Event, arn: Option<&Arn<'_>>, now: Timestamp, reason: &'static str) -> Verdict {
    let mut audit = audit_of(event, arn, now);
    audit.rbac_decision = "error";
    audit.reason = Some(reason);
    Verdict { answer: Err(Refusal::NoDecision), audit, used: None }
}

fn audit_line(
    event: &Event,
    arn: Option<&Arn<'_>>,
    now: Timestamp,
    found: &Found,
    decision: &Decision,
) -> audit::Decision {
    let mut audit = audit_of(event, arn, now);
    match found {
        Found::Garbage(why) => audit.detail = Some(why.clone()),
        Found::Nobody(id) => {
            audit.principal_type = Some("token");
            audit.api_token_id = Some(id.clone());
        }
        Found::Token(record) => {
            audit.principal_type = Some("token");
            audit.api_token_id = Some(record.id.to_string());
            audit.api_token_name = Some(record.name.to_string());
            audit.owner = Some(record.owner.to_string());
        }
    }
    match decision {
        Decision::Allow => audit.rbac_decision = "allow",
        Decision::Refuse(reason) | Decision::Forbid(reason, _) => audit.reason = Some(reason.as_str()),
    }
    audit
}

fn audit_of(event: &Event, arn: Option<&Arn<'_>>, now: Timestamp) -> audit::Decision {
    let (method, path) = match arn.map(|arn| arn.target) {
        Some(Target::Http { method, path }) => (Some(method.to_owned()), Some(format!("/{path}"))),
        Some(Target::Connect) => (Some("CONNECT".to_owned()), Some("$connect".to_owned())),
        None => (None, None),
    };
    audit::Decision {
        timestamp: now,
        request_id: event.request_id().map(str::to_owned),
        principal_type: None,
        api_token_id: None,
        api_token_name: None,
        owner: None,
        method,
        path,
        source_ip: event.source_ip().map(str::to_owned),
        rbac_decision: "deny",
        reason: None,
        detail: None,
    }
}
