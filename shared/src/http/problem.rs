//! Problem documents, as RFC 9457 says: what went wrong, for the person who can mend it.
//! The one place where an error becomes a status.

use lambda_http::http::header::ACCEPT_ENCODING;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use rand::rngs::SysError;
use serde::Serialize;

use super::response::json_with_content_type;
use super::set_etag;
use crate::api_types::FieldError;
use crate::catalog::CatalogIssue;
use crate::clock::Timestamp;
use crate::store::{self, Limits, UpdateOutcome};
use crate::text::{cut, redact};
use crate::token::TokenRecord;
use crate::validation::ValidationError;

/// The most errors that a response names.
const MAX_ERRORS: usize = 20;
/// The most characters of a field's place, and of what is said of it.
const MAX_FIELD_LENGTH: usize = 200;
const MAX_MESSAGE_LENGTH: usize = 1000;

/// Why a call was not answered as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    r#type: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The version that is there now, for the `ETag` of the answer.
    #[serde(skip)]
    version: Option<u64>,
}

impl FieldError {
    /// Names a field, in which whatever looks like a token is redacted, in at most 200 characters; the
    /// message has at most 1,000.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: cut(&redact(field), MAX_FIELD_LENGTH).into_owned(),
            message: cut(&message.into(), MAX_MESSAGE_LENGTH).into_owned(),
        }
    }
}

/// The first errors, and how many more there are: a response must not grow with the request.
fn limited(mut errors: Vec<FieldError>) -> Vec<FieldError> {
    let more = errors.len().saturating_sub(MAX_ERRORS);
    errors.truncate(MAX_ERRORS);
    if more > 0 {
        errors.push(FieldError::new("*", format!("{more} more errors are not named")));
    }
    errors
}

impl Problem {
    /// 400: every offending field at once.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors: limited(errors), ..Self::new(400, "invalid_request", "The request is not valid") }
    }

    /// 400: the body as a whole.
    pub fn invalid_body(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(400, "invalid_request", "The request is not valid") }
    }

    /// 413
    #[must_use]
    pub fn body_too_large(limit: usize) -> Self {
        let detail = Some(format!("The body may have at most {limit} bytes."));
        Self { detail, ..Self::new(413, "body_too_large", "The body is too large") }
    }

    /// 415: the body is in a content coding that is not understood; the response names those that are.
    #[must_use]
    pub fn unsupported_content_encoding() -> Self {
        let detail = "The body must be sent as it is, or in the coding that Content-Encoding names: gzip or deflate.";
        let problem = Self::new(415, "unsupported_content_encoding", "Unsupported content coding");
        Self { detail: Some(detail.to_owned()), ..problem }
    }

    /// 403: the credential is alive, but this is not for it.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(403, "forbidden", "This needs more than you have") }
    }

    /// 403: more was asked for than the caller has to give.
    #[must_use]
    pub fn exceeds_grants(errors: Vec<FieldError>) -> Self {
        Self { errors: limited(errors), ..Self::new(403, "exceeds_grants", "Nobody can hand out more than they have") }
    }

    /// 404: not there, or not yours: one answer for both.
    #[must_use]
    pub fn not_found() -> Self {
        let detail = Some("There is no such token, or it is not yours.".to_owned());
        Self { detail, ..Self::new(404, "not_found", "Not found") }
    }

    /// 409
    #[must_use]
    pub fn token_limit_reached(limit: u32) -> Self {
        let detail = format!("An owner may have at most {limit} live tokens. Revoke one that is not needed any more.");
        Self { detail: Some(detail), ..Self::new(409, "token_limit_reached", "The token limit is reached") }
    }

    /// 409: it was revoked, or it has expired, and is not to be changed any more.
    pub fn token_ended(detail: impl Into<String>, version: u64) -> Self {
        Self { version: Some(version), ..Self::conflict("token_ended", "The token has ended", detail) }
    }

    /// 409: somebody else has changed it at the same time; the answer has the `ETag` of what is
    /// there now.
    #[must_use]
    pub fn concurrent_change(version: u64) -> Self {
        let detail =
            "It was changed at the same time, and nothing was done. Read it, and try again if it is still to be done.";
        Self { version: Some(version), ..Self::conflict("conflict", "Changed meanwhile", detail) }
    }

    /// 409: a request with this `Idempotency-Key` has done it already.
    #[must_use]
    pub fn already_rotated(at: Timestamp, version: u64) -> Self {
        let detail = format!(
            "A request with this Idempotency-Key gave the token a new secret at {at}, and nothing was done now. That answer alone showed the secret; if it was lost, rotate again with another key."
        );
        Self { version: Some(version), ..Self::conflict("already_rotated", "The token was rotated already", detail) }
    }

    /// 409: what a token was used for is not known in full, so nothing is taken from it for that.
    #[must_use]
    pub fn usage_incomplete() -> Self {
        let detail = "Not every use of this token is known: gateways keep the authorizer's answers, it was used in too many ways, or on a long resource that its grants no longer name. Change its grants by hand.";
        Self::conflict("usage_incomplete", "Its usage is not known in full", detail)
    }

    /// 409: a token keeps at least one permission.
    #[must_use]
    pub fn nothing_used(days: u32) -> Self {
        let detail = format!(
            "It was used for nothing in {days} days, and a token has at least one permission. Revoke it if nobody needs it."
        );
        Self::conflict("nothing_used", "Nothing of it was used", detail)
    }

    /// 409: what was asked for does not go with the state that things are in.
    fn conflict(code: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(409, code, title) }
    }

    /// 412: the current version does not meet `If-Match`, or it was changed at the same time; the
    /// answer has the `ETag` of what is there now.
    #[must_use]
    pub fn precondition_failed(version: u64) -> Self {
        let detail = "Its current version is none that If-Match names, or it was changed at the same time. Read it, and send its ETag as If-Match.";
        let problem = Self::new(412, "precondition_failed", "Changed meanwhile");
        Self { detail: Some(detail.to_owned()), version: Some(version), ..problem }
    }

    /// 428
    #[must_use]
    pub fn precondition_required() -> Self {
        let detail = "Send the ETag of what you have read as If-Match, so that nobody's change is overwritten unseen.";
        let problem = Self::new(428, "precondition_required", "If-Match is required");
        Self { detail: Some(detail.to_owned()), ..problem }
    }

    /// 500: nothing that the caller can mend. What happened is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(500, "internal_error", "Something went wrong on our side")
    }

    /// 503: the store failed; trying again may help.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail = Some("The store did not answer. Nothing was acknowledged; try again.".to_owned());
        Self { detail, ..Self::new(503, "unavailable", "Unavailable for the moment") }
    }

    /// 503: the keys of an identity's issuer cannot be had; trying again may help.
    #[must_use]
    pub fn issuer_unavailable() -> Self {
        let detail = "The issuer of this identity did not give its keys, so nobody knows whether it is genuine. Nothing was done; try again.";
        Self { detail: Some(detail.to_owned()), ..Self::unavailable() }
    }

    /// 409: a token that was exchanged for an identity is not changed, but for its end.
    #[must_use]
    pub fn token_exchanged(version: u64) -> Self {
        let detail = "It was exchanged for the identity of a job, lives for minutes, and is not changed: exchange a fresh identity for another one.";
        Self { version: Some(version), ..Self::conflict("token_exchanged", "The token was exchanged", detail) }
    }

    /// The record of a token that was changed. `stale` makes the problem for a newer record.
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

    fn new(status: u16, code: &str, title: &'static str) -> Self {
        let r#type = format!("urn:portcullis:problem:{code}");
        Self { r#type, title, status, detail: None, errors: Vec::new(), version: None }
    }

    /// As a response.
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
        tracing::error!(%error, "the operating system gave no randomness");
        Self::internal()
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "the store failed");
        match error {
            store::Error::Unavailable(_) | store::Error::Contention => Self::unavailable(),
            store::Error::Corrupt { .. } => Self::internal(),
        }
    }
}

impl From<CatalogIssue> for FieldError {
    fn from(flaw: CatalogIssue) -> Self {
        Self::new(&flaw.place, flaw.message)
    }
}

impl FieldError {
    /// What a parser said of a field.
    #[must_use]
    pub fn of(field: &str, invalid: ValidationError) -> Self {
        Self::new(field, invalid.0)
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
    fn every_problem_is_a_document_of_its_own() {
        let errors = || vec![FieldError::new("name", "must be 1 to 100 characters; it has 0")];
        let all = [
            Problem::invalid(errors()),
            Problem::invalid_body("The body is not JSON."),
            Problem::body_too_large(16_384),
            Problem::unsupported_content_encoding(),
            Problem::forbidden("Tokens of another owner need tokens:admin."),
            Problem::exceeds_grants(errors()),
            Problem::not_found(),
            Problem::token_limit_reached(10),
            Problem::token_ended("It was revoked.", 7),
            Problem::concurrent_change(7),
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
    fn twenty_errors_are_named_and_no_response_grows_with_the_request() {
        let long = "x".repeat(100_000);
        let errors: Vec<_> =
            (0..50_000).map(|_| FieldError { field: long[..9].to_owned(), message: String::new() }).collect();
        for problem in [Problem::invalid(errors.clone()), Problem::exceeds_grants(errors)] {
            assert_eq!(problem.errors.len(), 21);
            assert_eq!(problem.errors[20], FieldError::new("*", "49980 more errors are not named"));
        }
        let largest = Problem::invalid(vec![FieldError::new(&long, long.clone()); 1000]);
        assert!(shown(largest).len() < 30_000);
    }

    #[test]
    fn a_field_that_is_named_like_a_token_is_redacted() {
        let field = format!("pcl_{}", "s3".repeat(33));
        assert!(!shown(Problem::invalid(vec![FieldError::new(&field, "unknown")])).contains(&"s3".repeat(20)));
    }
}
