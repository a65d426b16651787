//! `GET /tokens/{id}/events`: a token's history.

use lambda_http::http::StatusCode;
use portcullis::api_types::{Event, EventPage};
use portcullis::http::{ApiRequest, ApiResult, Problem, json, page};
use portcullis::store::EventCursor;
use portcullis::{App, token};

pub(crate) async fn events(app: &App, call: &ApiRequest) -> ApiResult {
    let parameters = call.query_params(["limit", "cursor"])?;
    let target = call.target_token(app).await?;
    let (limit, after) = page(parameters, |text| EventCursor::decode(text, &target.id)).map_err(Problem::invalid)?;
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
