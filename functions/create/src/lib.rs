//! `POST /tokens`: a new token, and the one answer that ever shows it.
//!
//! Also the first admin token of a deployment: see [`bootstrap`].

mod bootstrap;
mod new_token;

use lambda_http::http::header::LOCATION;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::access::{Grants, Principal, RoleName};
use portcullis::clock::Timestamp;
use portcullis::http::{Answer, Call, FieldError, Problem, TokenView, json, respond, tag};
use portcullis::store::{Created, Limits};
use portcullis::token::{Actor, Description, OwnerId, Record, Secret, TokenName};
use rand::rngs::SysRng;
use serde::Serialize;

pub use bootstrap::{Bootstrap, bootstrap};
use new_token::{Access, NewToken};

/// Answers a call.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(create(app, &request).await)
}

async fn create(app: &App, request: &Request) -> Answer {
    let call = Call::read(app, request).await?;
    call.parameters([])?;
    let now = app.clock.now();
    let asked = NewToken::read(request.body(), now)?;
    let grants = asked.access.expand(&app.tokens.catalog().await?.catalog)?;
    let owner = asked.owner.unwrap_or_else(|| call.caller.owner().clone());
    if owner != *call.caller.owner() && !call.caller.is_admin_of("tokens") {
        return Err(Problem::forbidden("Tokens of another owner need tokens:admin."));
    }
    contained(&call.caller, &asked.access, &grants, asked.expires_at)?;
    let role = if let Access::Role(name, _) = asked.access { Some(name) } else { None };
    let blank = Blank {
        name: asked.name,
        description: asked.description,
        owner,
        role,
        grants,
        expires_at: asked.expires_at,
        created_by: call.actor(),
    };
    let issued = issue(app, blank, now).await?;
    let mut response = json(StatusCode::CREATED, &Shown::of(&issued, now));
    // Relative, so that it holds below any stage and base path.
    let base = if request.uri().path().ends_with('/') { "" } else { "tokens/" };
    if let Ok(location) = HeaderValue::from_str(&format!("{base}{}", issued.record.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    tag(&mut response, issued.record.version);
    Ok(response)
}

/// A principal can hand out only what it has: permissions, resources and time.
fn contained(
    caller: &Principal,
    access: &Access,
    grants: &Grants,
    expires_at: Option<Timestamp>,
) -> Result<(), Problem> {
    let excess = caller.grants().lacking(grants);
    let mut errors: Vec<_> = excess.iter().map(|excess| access.complaint(excess)).collect();
    if let Some(end) = caller.outlived_by_nothing_after()
        && expires_at.is_none_or(|at| at > end)
    {
        errors
            .push(FieldError::new("expires_at", format!("your own token ends at {end}; this one must not outlive it")));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::exceeds_grants(errors)) }
}

/// A token that is still to be drawn.
struct Blank {
    name: TokenName,
    description: Option<Description>,
    owner: OwnerId,
    role: Option<RoleName>,
    grants: Grants,
    expires_at: Option<Timestamp>,
    created_by: Actor,
}

/// A token that is in the table, with the secret that is about to be shown.
struct Issued {
    record: Record,
    secret: Secret,
}

async fn issue(app: &App, blank: Blank, now: Timestamp) -> Result<Issued, Problem> {
    let secret = Secret::generate(&app.settings.prefix, &mut SysRng).map_err(|error| {
        tracing::error!(%error, "the operating system gave no randomness");
        Problem::internal()
    })?;
    let record = Record {
        id: secret.id().clone(),
        name: blank.name,
        description: blank.description,
        owner: blank.owner,
        created_by: blank.created_by,
        created_at: now,
        expires_at: blank.expires_at,
        revoked: None,
        role: blank.role,
        grants: blank.grants,
        last_used_at: None,
        version: 1,
    };
    // Whoever comes with AWS credentials must not be locked out by their own tokens.
    let live_tokens = if record.created_by == Actor::Bootstrap { 0 } else { app.settings.max_tokens_per_owner };
    let limits = Limits { live_tokens, retention_days: app.settings.retention_days };
    match app.tokens.create(&record, &secret.digest(), limits).await? {
        Created::Done => Ok(Issued { record, secret }),
        Created::LimitReached => Err(Problem::token_limit_reached(limits.live_tokens)),
    }
}

/// The only answer with a secret in it.
#[derive(Serialize)]
struct Shown<'a> {
    token: &'a str,
    #[serde(flatten)]
    view: TokenView,
}

impl<'a> Shown<'a> {
    fn of(issued: &'a Issued, now: Timestamp) -> Self {
        Self { token: issued.secret.reveal(), view: TokenView::of(&issued.record, now) }
    }
}
