//! `GET /tokens/{id}/events`: a token's history.

use lambda_http::http::StatusCode;
use portcullis::api_types::{Event, EventPage};
use portcullis::http::{ApiRequest, ApiResult, FieldError, Problem, json};
use portcullis::store::{EventCursor, MAX_PER_PAGE};
use portcullis::{App, token};

use crate::parameters::{DEFAULT_PER_PAGE, whole_number};

pub(crate) async fn events(app: &App, call: &ApiRequest) -> ApiResult {
    let [limit, cursor] = call.query_params(["limit", "cursor"])?;
    let target = call.target_token(app).await?;
    let limit = limit.map(|text| whole_number(text, MAX_PER_PAGE)).transpose();
    let after = cursor.map(|text| EventCursor::decode(text, &target.id)).transpose();
    let (limit, after) = match (limit, after) {
        (Ok(limit), Ok(after)) => (limit.unwrap_or(DEFAULT_PER_PAGE), after),
        (limit, after) => {
            let results = [("limit", limit.err()), ("cursor", after.err())];
            let errors = results.into_iter().filter_map(|(field, invalid)| Some(FieldError::new(field, invalid?)));
            return Err(Problem::invalid(errors.collect()));
        }
    };
    let page = app.tokens.events(&target.id, after.as_ref(), limit).await?;
    let next_cursor = page.next.map(|cursor| cursor.encode(&target.id));
    Ok(json(StatusCode::OK, &EventPage { events: page.events.into_iter().map(event_view).collect(), next_cursor }))
}

pub(crate) fn event_view(event: token::Event) -> Event {
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
