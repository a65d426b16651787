//! `POST /tokens/{id}/rotate`: a new secret for the same token, and the one answer that ever
//! shows it.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::{Token, TokenWithSecret};
use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::http::{
    ApiRequest, ApiResult, FieldError, GrantSpec, IfMatch, JsonFields, Problem, RequestedAccess, check_expiry, json,
    read_expiry, respond, set_etag,
};
use portcullis::secret::{PlaintextToken, TokenDigest};
use portcullis::store::{RotationKey, TokenUpdate};
use portcullis::text::parse_expires_in;
use portcullis::token::{EventKind, TokenRecord};
use portcullis::validation::ValidationError;
use rand::rngs::SysRng;

const KNOWN: &str = "expires_in, expires_at, overlap";
/// The longest time for which the secret before may work too.
const MAX_OVERLAP_SECONDS: i64 = 7 * DAY_SECONDS;

/// Answers a call.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, rotate(app, &request).await)
}

async fn rotate(app: &App, request: &Request) -> ApiResult {
    let call = ApiRequest::read(app, request).await?;
    call.query_params([])?;
    let now = app.clock.now();
    let condition = IfMatch::read(request)?;
    let key = key(request, now)?;
    let asked = Asked::read(request.body(), app, now)?;
    let id = call.target_token(app).await?.id;
    let credential = app.tokens.credential(&id).await?.ok_or_else(Problem::not_found)?;
    let seen = &credential.record;
    // First, as a request that is repeated word for word names the version before.
    if let Some(at) = key.as_ref().and_then(|key| credential.rotated_by(key)) {
        return Err(Problem::already_rotated(at, seen.version));
    }
    if let Some(condition) = &condition {
        condition.check(seen.version)?;
    }
    if seen.via.is_some() {
        return Err(Problem::token_exchanged(seen.version));
    }
    let next = asked.applied(app, &call, seen, now)?;
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
    let view = Token::of(&record, &app.settings, now);
    let mut response = json(StatusCode::OK, &TokenWithSecret { token: secret.expose_secret().into(), view });
    set_etag(&mut response, record.version);
    Ok(response)
}

/// The body, which may be left out.
struct Asked {
    expires_at: Option<Option<Timestamp>>,
    overlap: Option<Timestamp>,
}

impl Asked {
    fn read(body: &Body, app: &App, now: Timestamp) -> Result<Self, Problem> {
        let mut fields = JsonFields::read_optional_body(body)?;
        let expires_at = read_expiry(&mut fields, &app.settings, now);
        let overlap = fields.optional_with("overlap", |text| {
            let wrong =
                || ValidationError("must be at least 1s and at most 7d, as a whole number and s, m, h or d".to_owned());
            let longest = now.truncated_to_seconds().plus_seconds(MAX_OVERLAP_SECONDS);
            parse_expires_in(text, now).ok().filter(|until| *until <= longest).ok_or_else(wrong)
        });
        fields.finish(KNOWN)?;
        Ok(Self { expires_at, overlap })
    }

    /// The record as it is to be, if whoever asks may hand out its secret.
    fn applied(
        &self,
        app: &App,
        call: &ApiRequest,
        seen: &TokenRecord,
        now: Timestamp,
    ) -> Result<TokenRecord, Problem> {
        if seen.revoked.is_some() {
            return Err(Problem::token_ended("It was revoked, and there is no way back.", seen.version));
        }
        if seen.has_expired(now) {
            if self.expires_at.is_none() {
                let detail =
                    "It has expired. Send expires_in with the rotation to let it live again, with another secret.";
                return Err(Problem::token_ended(detail, seen.version));
            }
            if self.overlap.is_some() {
                let message = "must not be given: the token has expired, and its secret stays dead";
                return Err(Problem::invalid(vec![FieldError::new("overlap", message)]));
            }
        }
        let expires_at = self.expires_at.unwrap_or(seen.expires_at);
        let next = TokenRecord {
            expires_at,
            rotated_at: Some(now.truncated_to_seconds()),
            // No secret works longer than its token.
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

    /// A token from before lifetimes were limited does not go on for ever with another secret.
    fn check_lifetime(&self, app: &App, next: &TokenRecord, now: Timestamp) -> Result<(), Problem> {
        let mut fields = JsonFields::read_optional_body(&Body::Empty)?;
        check_expiry(&mut fields, "expires_in", next.expires_at, &app.settings, now);
        fields.finish(KNOWN)
    }
}

/// `Idempotency-Key`, of which only the digest is kept: 1 to 255 printable ASCII characters
/// (draft-ietf-httpapi-idempotency-key-header).
fn key(request: &Request, now: Timestamp) -> Result<Option<RotationKey>, Problem> {
    let mut values = request.headers().get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    // A tab would do for `to_str`.
    let printable = |text: &&str| (1..=255).contains(&text.len()) && !text.contains('\t');
    let text = value.to_str().ok().filter(|text| values.next().is_none() && printable(text));
    let text = text.ok_or_else(|| {
        let message = "must be given once, with 1 to 255 printable ASCII characters";
        Problem::invalid(vec![FieldError::new("Idempotency-Key", message)])
    })?;
    let digest = TokenDigest::hash(text.as_bytes());
    Ok(Some(RotationKey { digest, at: now.truncated_to_seconds() }))
}
