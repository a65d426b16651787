//! What each revocation is asked with, and when it takes effect.

use lambda_http::Body;
use portcullis::App;
use portcullis::clock::Timestamp;
use portcullis::http::{JsonFields, Problem};
use portcullis::token::RevocationDetails;

const KNOWN: &str = "reason, comment";

/// By when no request is let in any more. No cache stands between a token and its record, so it
/// is dead by the time of the answer, whoever revoked it first; unless the operator's gateways
/// keep answers, the last of which they got just before.
pub(crate) fn effective_by(app: &App) -> Timestamp {
    app.clock.now().plus_seconds(i64::from(app.settings.authz.cache_seconds))
}

/// The body, which may be left out.
pub(crate) fn grounds(body: &Body) -> Result<RevocationDetails, Problem> {
    let mut fields = JsonFields::read_optional_body(body)?;
    let grounds = RevocationDetails { reason: fields.optional("reason"), comment: fields.optional("comment") };
    fields.finish(KNOWN)?;
    Ok(grounds)
}
