//! One policy for every route of a protected API, for API Gateway to cache.

use portcullis::authz::{Api, ApiWidePolicy, Arn, AuthzContext, CompileError, Decision, Principal, Settings};
use portcullis::catalog::Target;
use portcullis::clock::Timestamp;

use crate::Event;
use crate::authenticate::Authentication;
use crate::response::{self, AuthorizerResponse, ResponseFormat};

/// The response that a gateway may cache for every route of a protected API. `None` if the
/// response depends on this request, or if the credential is not valid.
///
/// The management API never caches responses. Simple responses and those to `$connect` cannot
/// hold a policy for other routes.
pub(crate) fn respond(
    settings: &Settings,
    format: ResponseFormat,
    event: &Event,
    arn: &Arn<'_>,
    authentication: &Authentication,
    decision: &Decision,
    now: Timestamp,
) -> Option<AuthorizerResponse> {
    let cached = settings.cache_seconds > 0 && event.api() == Api::Protected;
    if !cached || format == ResponseFormat::Simple || arn.target == Target::Connect {
        return None;
    }
    let (principal, catalog) = authentication.principal()?;
    let allowed = match decision {
        Decision::Allow => true,
        Decision::Forbidden(reason, _) if reason.is_request_specific() => false,
        Decision::Forbidden(..) | Decision::Unauthorized(_) => return None,
    };
    compile(principal, &AuthzContext::new(&catalog.catalog, settings), arn, allowed, now)
        .map_err(|error| warn(principal, &error))
        .ok()
}

fn compile(
    principal: &Principal,
    rules: &AuthzContext<'_>,
    arn: &Arn<'_>,
    allowed: bool,
    now: Timestamp,
) -> Result<AuthorizerResponse, CompileError> {
    let policy = ApiWidePolicy::compile(principal, rules, arn, allowed, now)?;
    response::for_the_whole_api(principal, &policy, now)
}

fn warn(principal: &Principal, error: &CompileError) {
    match principal {
        Principal::Token(record) => {
            tracing::warn!(token_id = %record.id, "authorizer caching is less effective: {error}");
        }
        Principal::Session(session) => {
            tracing::warn!(owner = %session.owner, "authorizer caching is less effective: {error}");
        }
    }
}

#[cfg(test)]
mod tests;
