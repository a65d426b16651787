//! Problem documents (RFC 9457), and the mapping of errors to statuses.

use lambda_http::http::header::ACCEPT_ENCODING;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use rand::rngs::SysError;
use serde::{Serialize, Serializer};

use super::response::json_with_content_type;
use super::set_etag;
use crate::api_types::FieldError;
use crate::catalog::CatalogIssue;
use crate::clock::Timestamp;
use crate::secret::TokenId;
use crate::store::{self, Limits, UpdateOutcome};
use crate::text::{counted, cut, redact};
use crate::token::TokenRecord;

/// Maximum number of errors in a response.
const MAX_ERRORS: usize = 20;
/// Maximum lengths of a field's path and of its message, in characters.
const MAX_FIELD_LENGTH: usize = 200;
const MAX_MESSAGE_LENGTH: usize = 1000;

/// The error response of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type", serialize_with = "as_urn")]
    code: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The token that exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<Box<str>>,
    /// The current version, for the `ETag` of the response.
    #[serde(skip)]
    version: Option<u64>,
}

impl FieldError {
    /// An error of a field. Token-like text in the path is redacted. The path is cut to 200 characters and the
    /// message to 1,000.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: cut(&redact(field), MAX_FIELD_LENGTH).into_owned(),
            message: cut(&message.into(), MAX_MESSAGE_LENGTH).into_owned(),
        }
    }
}

/// The stable type of a problem, as a URN.
fn as_urn<S: Serializer>(code: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("urn:portcullis:problem:{code}"))
}

/// The first errors and the number of the others, so that a response does not grow with the request.
fn limited(mut errors: Vec<FieldError>) -> Vec<FieldError> {
    let more = errors.len().saturating_sub(MAX_ERRORS);
    errors.truncate(MAX_ERRORS);
    if more > 0 {
        errors.push(FieldError::new("*", counted(more, "more error")));
    }
    errors
}

impl Problem {
    /// 400: invalid fields.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors: limited(errors), ..Self::new(400, "invalid_request", "Invalid request") }
    }

    /// 400: invalid body.
    pub fn invalid_body(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(400, "invalid_request", "Invalid request") }
    }

    /// 413
    #[must_use]
    pub fn body_too_large(limit: usize) -> Self {
        let detail = Some(format!("The body may have at most {limit} bytes."));
        Self { detail, ..Self::new(413, "body_too_large", "Body too large") }
    }

    /// 415: unsupported content coding; the response lists the supported ones.
    #[must_use]
    pub fn unsupported_content_encoding() -> Self {
        let detail = "Send the body uncompressed, or with Content-Encoding gzip or deflate.";
        let problem = Self::new(415, "unsupported_content_encoding", "Unsupported content coding");
        Self { detail: Some(detail.to_owned()), ..problem }
    }

    /// 403: the credential is valid but does not allow this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(403, "forbidden", "Insufficient permission") }
    }

    /// 403: the request asks for more than the caller holds.
    #[must_use]
    pub fn exceeds_grants(errors: Vec<FieldError>) -> Self {
        Self { errors: limited(errors), ..Self::new(403, "exceeds_grants", "Requested access exceeds your own") }
    }

    /// 404: the token does not exist or the caller may not see it.
    #[must_use]
    pub fn not_found() -> Self {
        let detail = Some("There is no such token, or you do not have access to it.".to_owned());
        Self { detail, ..Self::new(404, "not_found", "Not found") }
    }

    /// 404: the catalog has no such version, or no longer.
    #[must_use]
    pub fn catalog_version_not_found() -> Self {
        let detail = Some("There is no such version of the catalog, or it is no longer kept.".to_owned());
        Self { detail, ..Self::not_found() }
    }

    /// 404: the approval does not exist or the caller may not see it.
    #[must_use]
    pub fn approval_not_found() -> Self {
        let detail = Some("There is no such approval, or you do not have access to it.".to_owned());
        Self { detail, ..Self::not_found() }
    }

    /// 409: the request for approval is no longer pending.
    pub fn approval_decided(detail: impl Into<String>) -> Self {
        Self::conflict("approval_decided", "The request is no longer pending", detail)
    }

    /// 409: the token has the maximum number of pending requests or live approvals.
    #[must_use]
    pub fn approval_limit_reached(limit: usize, what: &str) -> Self {
        let detail = format!(
            "The token has {}. Wait for one of them, or end one (DELETE /approvals/{{id}}).",
            counted(limit, what)
        );
        Self::conflict("approval_limit_reached", "Approval limit reached", detail)
    }

    /// 409: the token has made the maximum number of requests for approval of a day.
    #[must_use]
    pub fn daily_approval_limit_reached(limit: u32) -> Self {
        let detail =
            format!("The token has made {} since midnight UTC. Ask again tomorrow.", counted(limit, "request"));
        Self::conflict("approval_limit_reached", "Approval limit reached", detail)
    }

    /// 409
    #[must_use]
    pub fn token_limit_reached(limit: u32) -> Self {
        let detail = format!(
            "The owner has reached the limit of {}, not counting revoked and expired ones. Revoke a token that is no longer needed.",
            counted(limit, "token")
        );
        Self { detail: Some(detail), ..Self::new(409, "token_limit_reached", "Token limit reached") }
    }

    /// 409: the token is revoked or expired and can no longer be changed.
    pub fn token_ended(detail: impl Into<String>, version: u64) -> Self {
        Self { version: Some(version), ..Self::conflict("token_ended", "Token revoked or expired", detail) }
    }

    /// 409: a concurrent request changed it; the response has the current `ETag`.
    #[must_use]
    pub fn concurrent_change(version: u64) -> Self {
        let detail = "A concurrent request changed it, so nothing was done. Read it again and retry if the change is still needed.";
        Self { version: Some(version), ..Self::conflict("conflict", "Concurrent change", detail) }
    }

    /// 409: an earlier request with this `Idempotency-Key` created a token.
    #[must_use]
    pub fn already_created(id: &TokenId) -> Self {
        let detail = format!(
            "A request with this Idempotency-Key created the token {id}; nothing was changed. Its secret was shown only then. If it was lost, rotate the token (POST /tokens/{id}/rotate), or create another one with another key."
        );
        Self {
            token_id: Some(id.as_str().into()),
            ..Self::conflict("already_created", "The token was already created", detail)
        }
    }

    /// 409: an earlier request with this `Idempotency-Key` rotated the token.
    #[must_use]
    pub fn already_rotated(at: Timestamp, version: u64) -> Self {
        let detail = format!(
            "A request with this Idempotency-Key rotated the token at {at}; nothing was changed. The secret was shown only then. If it was lost, rotate again with another key."
        );
        Self { version: Some(version), ..Self::conflict("already_rotated", "The token was already rotated", detail) }
    }

    /// 409: usage data is incomplete, so nothing is removed based on it.
    #[must_use]
    pub fn usage_incomplete() -> Self {
        let detail = "Usage data for this token is incomplete: authorizer caching is on, it has at least 1000 distinct uses, or it was used on a long resource that its grants no longer name. Edit its grants directly.";
        Self::conflict("usage_incomplete", "Incomplete usage data", detail)
    }

    /// 409: no grants would remain.
    #[must_use]
    pub fn nothing_used(days: u32) -> Self {
        let detail = format!(
            "This token was not used in the last {}, so no grants would remain. Consider revoking it.",
            counted(days, "day")
        );
        Self::conflict("nothing_used", "No permission was used", detail)
    }

    /// 409: the request conflicts with the current state.
    fn conflict(code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(409, code, title) }
    }

    /// 412: the current version does not meet `If-Match`, or a concurrent request changed it; the response has
    /// the current `ETag`.
    #[must_use]
    pub fn precondition_failed(version: u64) -> Self {
        let detail = "If-Match does not name the current version, or a concurrent request changed it. Read it again and send its ETag as If-Match.";
        let problem = Self::new(412, "precondition_failed", "Precondition failed");
        Self { detail: Some(detail.to_owned()), version: Some(version), ..problem }
    }

    /// 428
    #[must_use]
    pub fn precondition_required() -> Self {
        let detail = "Send If-Match with the ETag you read to avoid overwriting concurrent changes.";
        let problem = Self::new(428, "precondition_required", "If-Match is required");
        Self { detail: Some(detail.to_owned()), ..problem }
    }

    /// 500: an internal error; details are in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(500, "internal_error", "Internal error")
    }

    /// 503: the store failed; retrying may help.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail = Some("The store is unavailable. The request was not acknowledged; retry it.".to_owned());
        Self { detail, ..Self::new(503, "unavailable", "Temporarily unavailable") }
    }

    /// 503: the issuer's keys are unavailable; retrying may help.
    #[must_use]
    pub fn issuer_unavailable() -> Self {
        let detail = "The issuer's signing keys are unavailable, so the identity could not be verified. Retry.";
        Self { detail: Some(detail.to_owned()), ..Self::unavailable() }
    }

    /// 409: a token issued by an exchange can only be revoked, not changed.
    #[must_use]
    pub fn token_exchanged(version: u64) -> Self {
        let detail = "This token was issued for the identity of a CI job and cannot be changed. Exchange a new ID token instead.";
        Self {
            version: Some(version),
            ..Self::conflict("token_exchanged", "Exchanged tokens cannot be changed", detail)
        }
    }

    /// The record after an update. `stale` makes the problem if a newer record was found.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn ensure_changed(
        outcome: UpdateOutcome,
        limits: Limits,
        stale: impl FnOnce(&TokenRecord) -> Self,
    ) -> Result<TokenRecord, Self> {
        match outcome {
            UpdateOutcome::Done(record) => Ok(*record),
            UpdateOutcome::Stale(record) => Err(stale(&record)),
            UpdateOutcome::Gone => Err(Self::not_found()),
            UpdateOutcome::LimitReached => Err(Self::token_limit_reached(limits.live_tokens)),
        }
    }

    fn new(status: u16, code: &'static str, title: &'static str) -> Self {
        Self { code, title, status, detail: None, errors: Vec::new(), token_id: None, version: None }
    }

    /// Converts to a response.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json_with_content_type(status, &self, HeaderValue::from_static("application/problem+json"));
        if let Some(version) = self.version {
            set_etag(&mut response, version);
        }
        if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"));
        }
        response
    }
}

/// The operating system gave no randomness.
impl From<SysError> for Problem {
    fn from(error: SysError) -> Self {
        tracing::error!(%error, "the operating system's random number generator failed");
        Self::internal()
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "the store failed");
        match error {
            store::Error::Unavailable(_) | store::Error::Contention | store::Error::ChangeLog(_) => Self::unavailable(),
            store::Error::Corrupt { .. } | store::Error::NewerSchema { .. } => Self::internal(),
        }
    }
}

impl From<CatalogIssue> for FieldError {
    fn from(issue: CatalogIssue) -> Self {
        Self::new(&issue.path, issue.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(problem: Problem) -> String {
        let response = problem.into_response();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let Body::Text(body) = response.body() else { panic!("no text") };
        format!("{} {} {}\n{body}", response.status(), header("content-type"), header("cache-control"))
    }

    #[test]
    fn each_problem_has_its_document() {
        let errors = || vec![FieldError::new("name", "must be 1 to 100 characters; it has 0")];
        let all = [
            Problem::invalid(errors()),
            Problem::invalid_body("The body is not JSON."),
            Problem::body_too_large(16_384),
            Problem::unsupported_content_encoding(),
            Problem::forbidden(
                "You need the permission tokens:admin for tokens of another owner. Ask an administrator.",
            ),
            Problem::exceeds_grants(errors()),
            Problem::not_found(),
            Problem::approval_not_found(),
            Problem::approval_decided("session:bob approved it at 2027-01-15T08:05:00Z. Nothing was changed."),
            Problem::approval_limit_reached(10, "pending request"),
            Problem::daily_approval_limit_reached(100),
            Problem::token_limit_reached(10),
            Problem::token_limit_reached(1),
            Problem::token_ended("It was revoked.", 7),
            Problem::concurrent_change(7),
            Problem::already_created(&"0123456789abcdef".parse().unwrap()),
            Problem::already_rotated(Timestamp::from_seconds(1_800_000_000), 7),
            Problem::token_exchanged(7),
            Problem::issuer_unavailable(),
            Problem::usage_incomplete(),
            Problem::nothing_used(90),
            Problem::precondition_failed(7),
            Problem::precondition_required(),
            Problem::internal(),
            Problem::unavailable(),
        ];
        insta::assert_snapshot!(all.map(shown).join("\n\n"));
    }

    #[test]
    fn a_response_names_twenty_errors_and_does_not_grow_further() {
        let long = "x".repeat(100_000);
        let errors: Vec<_> =
            (0..50_000).map(|_| FieldError { field: long[..9].to_owned(), message: String::new() }).collect();
        for problem in [Problem::invalid(errors.clone()), Problem::exceeds_grants(errors)] {
            assert_eq!(problem.errors.len(), 21);
            assert_eq!(problem.errors[20], FieldError::new("*", "49980 more errors"));
        }
        let largest = Problem::invalid(vec![FieldError::new(&long, long.clone()); 1000]);
        assert!(shown(largest).len() < 30_000);
    }

    #[test]
    fn a_field_name_that_looks_like_a_token_is_redacted() {
        let field = format!("pcl_{}", "s3".repeat(33));
        assert!(!shown(Problem::invalid(vec![FieldError::new(&field, "unknown")])).contains(&"s3".repeat(20)));
    }
}
