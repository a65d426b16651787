//! Reading of the fields `expires_in` and `expires_at`.

use super::JsonFields;
use crate::Settings;
use crate::clock::{DAY_SECONDS, Timestamp};
use crate::text::{counted, parse_expires_at, parse_expires_in};

/// Reads the expiry from `expires_in` or `expires_at`, of which one may be given, even as `null` for no expiry. The
/// outer `None` means that both are absent.
pub fn read_expiry(fields: &mut JsonFields, settings: &Settings, now: Timestamp) -> Option<Option<Timestamp>> {
    let relative = fields.contains("expires_in");
    let never = fields.take_if_null("expires_at");
    if relative && (never || fields.contains("expires_at")) {
        fields.error("expires_at", "must not be given together with expires_in");
    }
    let expires_in = fields.optional_with("expires_in", |text| parse_expires_in(text, now));
    let expires_at = fields.optional_with("expires_at", |text| parse_expires_at(text, now));
    let field = if relative { "expires_in" } else { "expires_at" };
    let asked = expires_in.or(expires_at).map(Some).or(never.then_some(None).filter(|_| !relative));
    if let Some(at) = asked {
        check_expiry(fields, field, at, settings, now);
    }
    asked
}

/// Records an error if the expiry exceeds the deployment's maximum lifetime.
pub fn check_expiry(fields: &mut JsonFields, field: &str, at: Option<Timestamp>, settings: &Settings, now: Timestamp) {
    let days = settings.token.max_lifetime_days;
    let latest = now.truncated_to_seconds().plus_seconds(i64::from(days) * DAY_SECONDS);
    if days == 0 || at.is_some_and(|at| at <= latest) {
        return;
    }
    let days = counted(days, "day");
    let message = match at {
        Some(_) => format!("must be at most {days} away, the maximum lifetime of this deployment"),
        None => format!("tokens of this deployment must expire within {days}"),
    };
    fields.error(field, message);
}
