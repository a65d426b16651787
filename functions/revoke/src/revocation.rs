//! Body of a revocation, and the time when it takes effect.

use lambda_http::Body;
use portcullis::App;
use portcullis::clock::Timestamp;
use portcullis::http::{JsonFields, Problem};
use portcullis::token::RevocationDetails;

const KNOWN: &str = "reason, comment";

/// The time from which every request with the token is refused: now, plus the TTL of the gateways'
/// authorizer caches (0 by default). The authorizer itself never caches records.
pub(crate) fn effective_by(app: &App) -> Timestamp {
    app.clock.now().plus_seconds(i64::from(app.settings.authz.cache_seconds))
}

/// Reads the optional body.
pub(crate) fn revocation_details(body: &Body) -> Result<RevocationDetails, Problem> {
    let mut fields = JsonFields::read_optional_body(body)?;
    let details = RevocationDetails { reason: fields.optional("reason"), comment: fields.optional("comment") };
    fields.finish(KNOWN)?;
    Ok(details)
}
