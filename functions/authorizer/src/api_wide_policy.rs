//! When one response holds for the whole API, and what the log says where it cannot.

use portcullis::authz::{Api, ApiWidePolicy, Arn, AuthzContext, CompileError, Decision, Principal, Settings};
use portcullis::catalog::Target;
use portcullis::clock::Timestamp;
use serde_json::Value;

use crate::Event;
use crate::authenticate::Authentication;
use crate::response::{self, ResponseFormat};

/// The response that a gateway may keep for every route of a protected API. `None` where
/// the response is about the one request, or opens nothing anywhere.
///
/// Portcullis's own API never keeps responses; a simple response and that to the opening of
/// a WebSocket have no policy in which to say more.
pub(crate) fn respond(
    settings: &Settings,
    shape: ResponseFormat,
    event: &Event,
    arn: &Arn<'_>,
    found: &Authentication,
    decision: &Decision,
    now: Timestamp,
) -> Option<Value> {
    let kept = settings.cache_seconds > 0 && event.api() == Api::Protected;
    if !kept || shape == ResponseFormat::Simple || arn.target == Target::Connect {
        return None;
    }
    let (principal, catalog) = found.principal()?;
    let allowed = match decision {
        Decision::Allow => true,
        Decision::Forbidden(reason, _) if reason.is_request_specific() => false,
        Decision::Forbidden(..) | Decision::Unauthorized(_) => return None,
    };
    whole(principal, &AuthzContext::of(&catalog.catalog, settings), arn, allowed, now)
        .map_err(|why| warn(principal, &why))
        .ok()
}

fn whole(
    principal: &Principal,
    rules: &AuthzContext<'_>,
    arn: &Arn<'_>,
    allowed: bool,
    now: Timestamp,
) -> Result<Value, CompileError> {
    let policy = ApiWidePolicy::compile(principal.grants(), rules, arn, allowed)?;
    response::for_the_whole_api(principal, &policy, now)
}

fn warn(principal: &Principal, why: &CompileError) {
    match principal {
        Principal::Token(record) => {
            tracing::warn!(token_id = %record.id, "authorizer caching is less effective: {why}");
        }
        Principal::Session(session) => {
            tracing::warn!(owner = %session.owner, "authorizer caching is less effective: {why}");
        }
    }
}

#[cfg(test)]
mod tests;
