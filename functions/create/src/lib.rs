//! `POST /tokens`: creates a token; its secret is in this response only.
//!
//! Also creates the first admin token of a deployment: see [`bootstrap`].

mod bootstrap;
mod request;

use lambda_http::http::header::LOCATION;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::TokenWithSecret;
use portcullis::authz::Principal;
use portcullis::clock::Timestamp;
use portcullis::http::{
    ApiRequest, ApiResult, GrantSpec, IdempotencyKey, Problem, RequestedAccess, json, respond, set_etag,
};
use portcullis::secret::{PlaintextToken, TokenId};
use portcullis::store::{CreateOutcome, Limits};
use portcullis::token::{Actor, EventOrigin, IssuedToken, TokenRecord};
use rand::rngs::SysRng;

pub use bootstrap::{Bootstrap, bootstrap};
use request::CreateTokenRequest;

/// Handles a request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, create(app, &request).await)
}

async fn create(app: &App, request: &Request) -> ApiResult {
    let call = ApiRequest::read(app, request).await?;
    call.query_params([])?;
    let now = app.clock.now();
    let key = IdempotencyKey::read(request)?;
    let requested = CreateTokenRequest::read(request.body(), &app.settings, now)?;
    let grants = requested.access.expand(&call.catalog(app).await?.catalog, &call.caller)?;
    let owner = requested.owner.unwrap_or_else(|| call.caller.owner().clone());
    if owner != *call.caller.owner() && !call.caller.is_admin_of("tokens") {
        return Err(Problem::forbidden(
            "You need the permission tokens:admin for tokens of another owner. Ask an administrator.",
        ));
    }
    let expires_at = requested.expires_at.unwrap_or_else(|| Some(default_expiry(app, &call.caller, now)));
    let (access, allowed_ips) = (&requested.access, &requested.allowed_ips);
    RequestedAccess { access, grants: &grants, allowed_ips, expires_at }.ensure_covered_by(&call.caller)?;
    let role = if let GrantSpec::Role(name, _) = requested.access { Some(name) } else { None };
    let record = |id| TokenRecord {
        description: requested.description,
        role,
        allowed_ips: requested.allowed_ips,
        expires_at,
        ..TokenRecord::new(id, requested.name, owner, grants, call.actor(), now)
    };
    let id = key.map(|key| key.token_id(&call.actor()));
    let issued = issue(app, id, record, &call.author()).await?;
    let mut response = json(StatusCode::CREATED, &TokenWithSecret::from_issued(&issued, &app.settings, now));
    // Relative, so that it is valid below any stage and base path.
    let base = if request.uri().path().ends_with('/') { "" } else { "tokens/" };
    if let Ok(location) = HeaderValue::from_str(&format!("{base}{}", issued.record.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    set_etag(&mut response, issued.record.version);
    Ok(response)
}

/// Expiry of a token whose request names none: the default lifetime, within the caller's own.
fn default_expiry(app: &App, caller: &Principal, now: Timestamp) -> Timestamp {
    let default = app.settings.token.default_expiry(now);
    caller.max_expiry_of_created_tokens().map_or(default, |end| default.min(end))
}

/// Creates the token: with the ID of the request's idempotency key, or with a random one.
async fn issue(
    app: &App,
    id: Option<TokenId>,
    record: impl FnOnce(TokenId) -> TokenRecord,
    by: &EventOrigin,
) -> Result<IssuedToken, Problem> {
    let prefix = &app.settings.prefix;
    let secret = match &id {
        Some(id) => PlaintextToken::generate_for(prefix, id, &mut SysRng)?,
        None => PlaintextToken::generate(prefix, &mut SysRng)?,
    };
    let record = record(secret.id().clone());
    // Existing tokens must not prevent an operator with AWS credentials from getting in.
    let limits = app.settings.limits;
    let limits = if record.created_by == Actor::Bootstrap { Limits { live_tokens: 0, ..limits } } else { limits };
    match app.tokens.create(&record, &secret.digest(), by, &app.clock, limits).await? {
        CreateOutcome::Done => Ok(IssuedToken { record, secret }),
        CreateOutcome::LimitReached => Err(Problem::token_limit_reached(limits.live_tokens)),
        CreateOutcome::AlreadyExists => Err(Problem::already_created(&record.id)),
    }
}
