//! `POST /introspect` ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)): token introspection for
//! services not behind API Gateway. It uses the same `authorize` as the authorizer.

use std::net::IpAddr;
use std::str::FromStr as _;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::{Grant, Introspection, IntrospectionStatus, RequestDecision};
use portcullis::authz::{Api, AuthzContext, Decision, DenyReason, Principal, authorize, needed_approvals};
use portcullis::clock::Timestamp;
use portcullis::grants::Permission;
use portcullis::http::{
    ApiField, ApiRequest, ApiResult, DescribedRequest, Form, OAuthError, Problem, json, parse_source_ip, respond,
};
use portcullis::secret::PlaintextToken;
use portcullis::store::{ClientInfo, DeferredWrite, MatchedSecret};
use portcullis::text::redact;
use portcullis::token::{TokenRecord, TokenState};
use portcullis::validation::ValidationError;

const KNOWN: [&str; 5] = ["token_type_hint", "method", "path", "api", "source_ip"];

/// Handles a request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, introspect(app, &request).await)
}

async fn introspect(app: &App, request: &Request) -> ApiResult {
    let call = ApiRequest::read(app, request).await?;
    call.query_params([])?;
    if call.route != "/introspect" {
        return Err(Problem::not_found());
    }
    let form = Form::read(request.body(), "token", &KNOWN, &[]);
    let read = form.and_then(|form| {
        Ok((PlaintextToken::parse(&app.settings.prefix, form.secret()?), IntrospectionRequest::read(&form)?))
    });
    let (secret, query) = match read {
        Ok(read) => read,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let record = match secret {
        Ok(secret) => active_token(app, &secret, query.source_ip).await?,
        Err(_) => None,
    };
    match record {
        None => Ok(json(StatusCode::OK, &IntrospectionStatus { active: false })),
        Some(record) => {
            let catalog = call.catalog(app).await?;
            let rules = AuthzContext::new(&catalog.catalog, &app.settings.authz);
            let decision = match &query.request {
                Some(request) => Some(decide(app, &record, request, &rules).await?),
                None => None,
            };
            Ok(json(StatusCode::OK, &introspection(&record, decision)))
        }
    }
}

/// The token of this secret, if it is active and allowed from this address.
async fn active_token(
    app: &App,
    secret: &PlaintextToken,
    from: Option<IpAddr>,
) -> Result<Option<TokenRecord>, Problem> {
    let now = app.clock.now();
    match app.tokens.match_secret(secret, now).await? {
        None => Ok(None),
        Some(MatchedSecret::Retired(credential)) => {
            // The audit log names the caller only, so the token is logged here.
            tracing::warn!(token_id = %secret.id(), reason = DenyReason::SecretReuse.as_str(), "a rotated-out secret was introspected");
            // The caller reports the source IP.
            let caller = ClientInfo { source_ip: from, agent: None };
            if let Some(note) =
                DeferredWrite::secret_reuse(&credential, app.settings.token.quarantine_on_reuse, &caller, now)
            {
                app.tokens.apply_deferred(&note, &app.clock, app.settings.limits.history_days).await?;
            }
            Ok(None)
        }
        Some(MatchedSecret::Current(credential) | MatchedSecret::Previous(credential)) => {
            let record = credential.record;
            let active = record.state(now, app.settings.authz.max_idle_days) == TokenState::Active
                && record.allowed_ips.contains(from);
            Ok(active.then_some(record))
        }
    }
}

/// The fields beside the token: a request to decide on, if any, and the source IP.
struct IntrospectionRequest {
    request: Option<DescribedRequest>,
    source_ip: Option<IpAddr>,
}

impl IntrospectionRequest {
    fn read(form: &Form) -> Result<Self, OAuthError> {
        let api = parse_field(form, "api", ApiField::from_str)?.map_or(Api::Protected, |ApiField(api)| api);
        let source_ip = parse_field(form, "source_ip", parse_source_ip)?;
        let request = match (parse_field(form, "method", str::parse)?, parse_field(form, "path", str::parse)?) {
            (None, None) => None,
            (Some(method), Some(path)) => Some(DescribedRequest { method, path, api, source_ip }),
            _ => return Err(OAuthError::new("Send method and path together.")),
        };
        Ok(Self { request, source_ip })
    }
}

fn parse_field<T>(
    form: &Form,
    name: &str,
    parse: fn(&str) -> Result<T, ValidationError>,
) -> Result<Option<T>, OAuthError> {
    form.field(name).map(parse).transpose().map_err(|invalid| OAuthError::new(format!("{name} {invalid}.")))
}

/// The decision on the described request. Like the authorizer, it uses up an approval for one use.
async fn decide(
    app: &App,
    record: &TokenRecord,
    request: &DescribedRequest,
    rules: &AuthzContext<'_>,
) -> Result<Decision, Problem> {
    let (asked, now) = (request.asked(), app.clock.now());
    let principal = Principal::Token(Box::new(record.clone()));
    let decision = authorize(Some(&principal), rules, &asked, now);
    if decision != Decision::Allow {
        return Ok(decision);
    }
    let needed = needed_approvals(record, rules, &asked, now);
    let taken = app.tokens.take_approvals(&needed, now).await?;
    Ok(taken.map_or_else(|missing| Decision::Forbidden(DenyReason::ApprovalRequired, missing), |_| Decision::Allow))
}

fn introspection(record: &TokenRecord, decision: Option<Decision>) -> Introspection {
    let scope = record.grants.to_oauth_scope();
    let (id, owner) = (record.id.to_string(), record.owner.to_string());
    let (name, grants) = (record.name.to_string(), Grant::all(&record.grants));
    let (iat, exp) = (record.created_at.seconds(), record.expires_at.map(Timestamp::seconds));
    Introspection {
        active: true,
        token_type: "Bearer".to_owned(),
        client_id: id,
        name,
        sub: owner.clone(),
        username: owner,
        scope,
        grants,
        iat,
        exp,
        decision: decision.map(request_decision),
    }
}

fn request_decision(decision: Decision) -> RequestDecision {
    let (reason, missing) = match decision {
        Decision::Allow => (None, None),
        Decision::Unauthorized(reason) => (Some(reason), None),
        Decision::Forbidden(reason, missing) => (Some(reason), Some(missing)),
    };
    let missing = missing.unwrap_or_default();
    RequestDecision {
        allowed: reason.is_none(),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        permission: missing.permission.as_ref().map(Permission::to_string),
        resource: missing.resource.map(|resource| redact(&resource).into_owned()),
    }
}
