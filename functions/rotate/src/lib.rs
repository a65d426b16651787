//! `POST /tokens/{id}/rotate`: gives a token a new secret, which is in this response only.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::TokenWithSecret;
use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::http::{
    ApiRequest, ApiResult, FieldError, GrantSpec, IdempotencyKey, IfMatch, JsonFields, Problem, RequestedAccess,
    check_expiry, json, read_expiry, respond, set_etag,
};
use portcullis::secret::PlaintextToken;
use portcullis::store::{RotationKey, TokenUpdate};
use portcullis::text::parse_expires_in;
use portcullis::token::{EventKind, IssuedToken, TokenRecord};
use portcullis::validation::ValidationError;
use rand::rngs::SysRng;

const KNOWN: &str = "expires_in, expires_at, overlap";
/// Maximum overlap in which the previous secret stays valid, in seconds.
const MAX_OVERLAP_SECONDS: i64 = 7 * DAY_SECONDS;

/// Handles a request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, rotate(app, &request).await)
}

async fn rotate(app: &App, request: &Request) -> ApiResult {
    let call = ApiRequest::read(app, request).await?;
    call.query_params([])?;
    let now = app.clock.now();
    let condition = IfMatch::read(request)?;
    let key = IdempotencyKey::read(request)?;
    let key = key.map(|key| RotationKey { digest: key.digest(), at: now.truncated_to_seconds() });
    let requested = RotateRequest::read(request.body(), app, now)?;
    let id = call.target_token(app).await?.id;
    let credential = app.tokens.credential(&id).await?.ok_or_else(Problem::not_found)?;
    let seen = &credential.record;
    // Before the condition: a repeated request names the version before the rotation.
    if let Some(at) = key.as_ref().and_then(|key| credential.rotated_by(key)) {
        return Err(Problem::already_rotated(at, seen.version));
    }
    if let Some(condition) = &condition {
        condition.check(seen.version)?;
    }
    if seen.via.is_some() {
        return Err(Problem::token_exchanged(seen.version));
    }
    let next = requested.apply(app, &call, seen, now)?;
    let secret = PlaintextToken::generate_for(&app.settings.prefix, &id, &mut SysRng)?;
    let what = EventKind::Rotated {
        previous_secret_until: next.previous_secret_until,
        expires_at: (next.expires_at != seen.expires_at).then_some([seen.expires_at, next.expires_at]),
    };
    let limits = app.settings.limits;
    let change = TokenUpdate { seen, next, what, by: &call.author(), clock: &app.clock, limits };
    let outcome = app.tokens.rotate(&change, &credential, secret.digest(), key.as_ref()).await?;
    let record = Problem::ensure_changed(outcome, limits, |record| match condition {
        Some(_) => Problem::precondition_failed(record.version),
        None => Problem::concurrent_change(record.version),
    })?;
    let issued = IssuedToken { record, secret };
    let mut response = json(StatusCode::OK, &TokenWithSecret::from_issued(&issued, &app.settings, now));
    set_etag(&mut response, issued.record.version);
    Ok(response)
}

/// The optional body.
struct RotateRequest {
    expires_at: Option<Option<Timestamp>>,
    overlap: Option<Timestamp>,
}

impl RotateRequest {
    fn read(body: &Body, app: &App, now: Timestamp) -> Result<Self, Problem> {
        let mut fields = JsonFields::read_optional_body(body)?;
        let expires_at = read_expiry(&mut fields, &app.settings, now);
        let overlap = fields.optional_with("overlap", |text| {
            let invalid =
                || ValidationError("must be at least 1s and at most 7d, as a whole number and s, m, h or d".to_owned());
            let latest = now.truncated_to_seconds().plus_seconds(MAX_OVERLAP_SECONDS);
            parse_expires_in(text, now).ok().filter(|until| *until <= latest).ok_or_else(invalid)
        });
        fields.finish(KNOWN)?;
        Ok(Self { expires_at, overlap })
    }

    /// The rotated record, if the caller may receive its secret.
    fn apply(&self, app: &App, call: &ApiRequest, seen: &TokenRecord, now: Timestamp) -> Result<TokenRecord, Problem> {
        if seen.revoked.is_some() {
            return Err(Problem::token_ended("It was revoked, which cannot be undone.", seen.version));
        }
        if seen.has_expired(now) {
            if self.expires_at.is_none() {
                let detail = "It has expired. Send expires_in to renew it with a new secret.";
                return Err(Problem::token_ended(detail, seen.version));
            }
            if self.overlap.is_some() {
                let message = "must not be given: the token has expired, and its old secret cannot become valid again";
                return Err(Problem::invalid(vec![FieldError::new("overlap", message)]));
            }
        }
        let expires_at = self.expires_at.unwrap_or(seen.expires_at);
        let next = TokenRecord {
            expires_at,
            rotated_at: Some(now.truncated_to_seconds()),
            // No secret is valid longer than its token.
            previous_secret_until: self.overlap.map(|until| expires_at.map_or(until, |end| until.min(end))),
            ..seen.clone()
        };
        if self.expires_at.is_none() {
            self.check_lifetime(app, &next, now)?;
        }
        let whole = GrantSpec::Grants(next.grants.clone());
        let (grants, allowed_ips, expires_at) = (&next.grants, &next.allowed_ips, next.expires_at);
        RequestedAccess { access: &whole, grants, allowed_ips, expires_at }.ensure_covered_by(&call.caller)?;
        Ok(next)
    }

    /// Refuses a rotation that would keep an expiry beyond the maximum lifetime.
    fn check_lifetime(&self, app: &App, next: &TokenRecord, now: Timestamp) -> Result<(), Problem> {
        let mut fields = JsonFields::read_optional_body(&Body::Empty)?;
        check_expiry(&mut fields, "expires_in", next.expires_at, &app.settings, now);
        fields.finish(KNOWN)
    }
}
