//! Revocation and deletion: `POST /tokens/{id}/revoke` keeps the record, `DELETE /tokens/{id}`
//! removes it, `POST /owners/{owner}/revoke-tokens` revokes all tokens of an owner, and
//! `POST /revoke` revokes the token in its body (RFC 7009).

mod owner_tokens;
mod revocation;
mod rfc7009;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::{RevokeResponse, Token};
use portcullis::cache_flush::CacheFlusher;
use portcullis::http::{ApiRequest, ApiResult, FieldError, Problem, json, no_content, respond, route, set_etag};
use portcullis::store::StatusChange;
use revocation::{effective_by, revocation_details};

/// Handles a request.
pub async fn handle(app: &App, flusher: &CacheFlusher, request: Request) -> Response<Body> {
    respond(&request, dispatch(app, flusher, &request).await)
}

async fn dispatch(app: &App, flusher: &CacheFlusher, request: &Request) -> ApiResult {
    // This route bypasses the authorizer: the token in the body is the credential.
    if request.method() == Method::POST && rfc7009::ROUTE == route(request) {
        return rfc7009::revoke(app, request).await;
    }
    let call = ApiRequest::read(app, request).await?;
    match (&call.method, call.route.as_str()) {
        (&Method::POST, "/tokens/{id}/revoke") => revoke(app, flusher, &call, request.body()).await,
        (&Method::POST, "/owners/{owner}/revoke-tokens") => owner_tokens::revoke(app, &call, request).await,
        (&Method::DELETE, "/tokens/{id}") => delete(app, &call).await,
        _ => Err(Problem::not_found()),
    }
}

async fn revoke(app: &App, flusher: &CacheFlusher, call: &ApiRequest, body: &Body) -> ApiResult {
    let wants_flush = wants_flush(app, flusher, call)?;
    let details = revocation_details(body)?;
    let target = call.target_token(app).await?;
    let (actor, by) = (call.actor(), call.author());
    let change = StatusChange { seen: &target, actor: &actor, by: &by, clock: &app.clock, limits: app.settings.limits };
    let revoked = app.tokens.revoke(&change, &details).await?;
    let record = revoked.ok_or_else(Problem::not_found)?.record;
    let flushed = if wants_flush { Some(flush_caches(flusher).await) } else { None };
    let view = Token::from_record(&record, &app.settings, app.clock.now());
    let effective_by = if flushed == Some(true) { app.clock.now() } else { effective_by(app) };
    let mut response = json(StatusCode::OK, &RevokeResponse { view, effective_by, flushed });
    set_etag(&mut response, record.version);
    Ok(response)
}

/// `flush=true`: whether to flush the gateways' authorizer caches. It affects all tokens, so it
/// needs an admin.
fn wants_flush(app: &App, flusher: &CacheFlusher, call: &ApiRequest) -> Result<bool, Problem> {
    let [flush] = call.query_params(["flush"])?;
    let invalid = |message: &str| Problem::invalid(vec![FieldError::new("flush", message)]);
    match flush {
        None | Some("false") => Ok(false),
        Some("true") if !call.caller.is_admin_of("tokens") => Err(Problem::forbidden(
            "You need the permission tokens:admin to flush gateway caches. Ask an administrator.",
        )),
        Some("true") if app.settings.authz.cache_seconds > 0 && flusher.stages().is_empty() => {
            Err(invalid("needs the stages of your APIs: set the stack parameter FlushStages"))
        }
        Some("true") => Ok(true),
        Some(_) => Err(invalid("must be true or false")),
    }
}

/// Flushes the gateways' caches. If it fails, the token is revoked anyway, and the cached responses
/// expire.
async fn flush_caches(flusher: &CacheFlusher) -> bool {
    match flusher.flush().await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "cannot flush the gateway caches");
            false
        }
    }
}

async fn delete(app: &App, call: &ApiRequest) -> ApiResult {
    call.query_params([])?;
    let target = call.target_token(app).await?;
    let (actor, by) = (call.actor(), call.author());
    let change = StatusChange { seen: &target, actor: &actor, by: &by, clock: &app.clock, limits: app.settings.limits };
    if app.tokens.delete(&change).await? { Ok(no_content()) } else { Err(Problem::not_found()) }
}
