//! What became of a token, and what it has been used for.

use lambda_http::http::StatusCode;
use portcullis::api_types::{Event, Events, Grant, PermissionUse, Usage};
use portcullis::clock::Day;
use portcullis::http::{Answer, Call, FieldError, Problem, json, tag};
use portcullis::secret::TokenId;
use portcullis::store::{EventCursor, MAX_PER_PAGE};
use portcullis::{App, token};

use crate::{PER_PAGE, whole_number};

/// The days that are looked back, if it is not said otherwise.
const DAYS: u32 = 90;
const MOST_DAYS: u32 = 365;

/// `GET /tokens/{id}/events`
pub(crate) async fn events(app: &App, call: &Call) -> Answer {
    let [limit, cursor] = call.parameters(["limit", "cursor"])?;
    let target = call.target(app).await?;
    let limit = limit.map(|text| whole_number(text, MAX_PER_PAGE)).transpose();
    let after = cursor.map(|text| EventCursor::decode(text, &target.id)).transpose();
    let (limit, after) = match (limit, after) {
        (Ok(limit), Ok(after)) => (limit.unwrap_or(PER_PAGE), after),
        (limit, after) => {
            let wrong = [("limit", limit.err()), ("cursor", after.err())];
            let errors = wrong.into_iter().filter_map(|(field, invalid)| Some(FieldError::of(field, invalid?)));
            return Err(Problem::invalid(errors.collect()));
        }
    };
    let page = app.tokens.events(&target.id, after.as_ref(), limit).await?;
    let next_cursor = page.next.map(|cursor| cursor.encode(&target.id));
    Ok(json(StatusCode::OK, &Events { events: page.events.into_iter().map(shown).collect(), next_cursor }))
}

pub(crate) fn shown(event: token::Event) -> Event {
    Event {
        id: event.id,
        kind: event.kind,
        at: event.at,
        by: event.by.actor.as_ref().map(ToString::to_string),
        source_ip: event.by.source_ip,
        user_agent: event.by.agent.as_ref().map(ToString::to_string),
        detail: event.detail,
    }
}

/// `GET /tokens/{id}/usage`
pub(crate) async fn usage(app: &App, call: &Call) -> Answer {
    let [days] = call.parameters(["days"])?;
    let days = days.map(|text| whole_number(text, MOST_DAYS)).transpose();
    let days = days.map_err(|invalid| Problem::invalid(vec![FieldError::of("days", invalid)]))?.unwrap_or(DAYS);
    let target: TokenId = call.target(app).await?.id;
    let (record, uses) = app.tokens.usage(&target).await?.ok_or_else(Problem::not_found)?;
    let since = Day::of(app.clock.now()).minus(days);
    let permissions = uses.of_permissions(&record.grants);
    let used = permissions.iter().filter(|(_, day)| day.is_some_and(|day| day >= since)).count();
    let usage = Usage {
        days,
        granted: permissions.len(),
        used,
        summary: format!("{used} of {} permissions used in {days} days", permissions.len()),
        // A gateway that keeps answers does not ask again for each request.
        complete: app.settings.authz.cache_seconds == 0 && uses.are_complete(since),
        permissions: permissions
            .into_iter()
            .map(|(permission, day)| PermissionUse {
                permission: permission.to_string(),
                last_used_on: day.map(|day| day.to_string()),
            })
            .collect(),
        enough: Grant::all(&uses.enough(&record.grants, since)),
    };
    let mut response = json(StatusCode::OK, &usage);
    tag(&mut response, record.version);
    Ok(response)
}
