//! `GET /activity`: events of all tokens, newest first. Callers who are not admins see the events of
//! their own tokens.

use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::api_types::{ActivityEvent, ActivityPage};
use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::http::{ApiRequest, ApiResult, DEFAULT_PER_PAGE, FieldError, Problem, json, whole_number};
use portcullis::store::{ActivityCursor, ActivityFilter, MAX_PER_PAGE};
use portcullis::text::OwnerId;
use portcullis::token::{Actor, EVENT_KINDS};
use portcullis::validation::ValidationError;

use crate::events::event_view;

/// Default distance of `from` before `to`, in days.
const DEFAULT_DAYS: i64 = 30;
/// Days that DynamoDB may take to delete an expired event.
const TTL_DAYS: i64 = 7;

pub(crate) async fn activity(app: &App, call: &ApiRequest) -> ApiResult {
    let filter = filter(call, app.clock.now(), app.settings.limits.history_days)?;
    let page = app.tokens.activity(&filter).await?;
    let event = |activity: portcullis::store::Activity| ActivityEvent {
        token_id: activity.token.to_string(),
        owner: activity.owner.to_string(),
        event: event_view(activity.event),
    };
    let events = page.activities.into_iter().map(event).collect();
    let next_cursor = page.next.as_ref().map(ActivityCursor::encode);
    Ok(json(StatusCode::OK, &ActivityPage { events, next_cursor }))
}

fn filter(call: &ApiRequest, now: Timestamp, history_days: u32) -> Result<ActivityFilter, Problem> {
    let [from, to, kind, actor, owner, limit, cursor] =
        call.query_params(["from", "to", "kind", "actor", "owner", "limit", "cursor"])?;
    let mut errors = Vec::new();
    let from = read(&mut errors, "from", from, timestamp);
    let to = read(&mut errors, "to", to, timestamp).unwrap_or(now);
    let kind = read(&mut errors, "kind", kind, event_kind);
    let actor = read(&mut errors, "actor", actor, |text| text.parse::<Actor>().map(|actor| actor.to_string()));
    let owner: Option<OwnerId> = read(&mut errors, "owner", owner, str::parse);
    let limit = read(&mut errors, "limit", limit, |text| whole_number(text, MAX_PER_PAGE)).unwrap_or(DEFAULT_PER_PAGE);
    let after = read(&mut errors, "cursor", cursor, ActivityCursor::decode);
    let from = from.unwrap_or_else(|| to.plus_seconds(-DEFAULT_DAYS * DAY_SECONDS));
    // There are no events outside these bounds.
    let earliest = now.plus_seconds(-(i64::from(history_days) + TTL_DAYS) * DAY_SECONDS);
    let (from, to) = (from.max(earliest), to.min(now));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let own = call.caller.owner();
    let owner = match owner {
        owner if call.caller.is_admin_of("tokens") => owner,
        Some(other) if other != *own => {
            return Err(Problem::forbidden(
                "You need the permission tokens:admin for the activity of another owner. Ask an administrator.",
            ));
        }
        _ => Some(own.clone()),
    };
    Ok(ActivityFilter { from, to, kind, actor, owner, after, limit })
}

/// Parses a parameter, or adds the error to `errors`.
fn read<T>(
    errors: &mut Vec<FieldError>,
    name: &'static str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, ValidationError>,
) -> Option<T> {
    text.and_then(|text| parse(text).map_err(|invalid| errors.push(FieldError::new(name, invalid))).ok())
}

fn timestamp(text: &str) -> Result<Timestamp, ValidationError> {
    let rule = "must be an RFC 3339 time, as in 2026-11-28T12:00:00Z; encode the + of an offset as %2B";
    Timestamp::parse(text).ok_or_else(|| ValidationError(rule.to_owned()))
}

fn event_kind(text: &str) -> Result<String, ValidationError> {
    let known = EVENT_KINDS.contains(&text).then(|| text.to_owned());
    known.ok_or_else(|| ValidationError(format!("must be one of {}", EVENT_KINDS.join(", "))))
}
