//! Read endpoints: `GET /tokens`, `GET /tokens/{id}` with its `/events` and `/usage`,
//! `GET /activity`, `GET /me`, `POST /explain`, `POST /catalog/impact`, `GET /catalog/versions` and
//! `GET /catalog/versions/{version}`.

mod activity;
mod catalog_impact;
mod catalog_versions;
mod events;
mod explain;
mod me;
mod usage;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::{Token, TokenPage};
use portcullis::clock::DAY_SECONDS;
use portcullis::http::{
    ApiRequest, ApiResult, DEFAULT_PER_PAGE, FieldError, Problem, json, respond, set_etag, whole_number,
};
use portcullis::store::{Filter, ListCursor, MAX_PER_PAGE, Scope};
use portcullis::text::OwnerId;
use portcullis::token::Status;

const MAX_IDLE_DAYS: u32 = 3650;

/// Handles a request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, route(app, &request).await)
}

async fn route(app: &App, request: &Request) -> ApiResult {
    let call = ApiRequest::read(app, request).await?;
    match call.route.as_str() {
        "/tokens" => list_tokens(app, &call).await,
        "/tokens/{id}" => get_token(app, &call).await,
        "/tokens/{id}/events" => events::events(app, &call).await,
        "/tokens/{id}/usage" => usage::usage(app, &call).await,
        "/activity" => activity::activity(app, &call).await,
        "/me" => me::show(app, &call),
        "/catalog/impact" => catalog_impact::show(app, &call, request.body()).await,
        "/catalog/versions" => catalog_versions::list(app, &call).await,
        "/catalog/versions/{version}" => catalog_versions::show(app, &call, request).await,
        "/explain" => explain::explain(app, &call, request.body()).await,
        _ => Err(Problem::not_found()),
    }
}

async fn list_tokens(app: &App, call: &ApiRequest) -> ApiResult {
    let query = ListTokensQuery::read(call)?;
    let scope = match query.owner {
        Some(owner) if owner == *call.caller.owner() => Scope::Owner(owner),
        owner if call.caller.is_admin_of("tokens") => owner.map_or(Scope::Everyone, Scope::Owner),
        None => Scope::Owner(call.caller.owner().clone()),
        Some(_) => {
            return Err(Problem::forbidden(
                "You need the permission tokens:admin for tokens of another owner. Ask an administrator.",
            ));
        }
    };
    let after = query.cursor.map(|text| ListCursor::decode(text, &scope)).transpose();
    let after = after.map_err(|invalid| Problem::invalid(vec![FieldError::new("cursor", invalid)]))?;
    let now = app.clock.now();
    let filter = Filter {
        scope,
        status: query.status,
        after,
        idle_since: query.idle_days.map(|days| now.plus_seconds(-i64::from(days) * DAY_SECONDS)),
        max_idle_days: app.settings.authz.max_idle_days,
        limit: query.limit,
        now,
    };
    let page = app.tokens.list(&filter).await?;
    Ok(json(
        StatusCode::OK,
        &TokenPage {
            tokens: page.tokens.iter().map(|record| Token::from_record(record, &app.settings, now)).collect(),
            next_cursor: page.next.map(|cursor| cursor.encode(&filter.scope)),
        },
    ))
}

/// The query of `GET /tokens`.
struct ListTokensQuery<'a> {
    owner: Option<OwnerId>,
    status: Option<Status>,
    idle_days: Option<u32>,
    cursor: Option<&'a str>,
    limit: usize,
}

impl<'a> ListTokensQuery<'a> {
    fn read(call: &'a ApiRequest) -> Result<Self, Problem> {
        let [limit, cursor, status, owner, idle_days] =
            call.query_params(["limit", "cursor", "status", "owner", "idle_days"])?;
        let mut errors = Vec::new();
        let mut report = |field, invalid| errors.push(FieldError::new(field, invalid));
        let limit = limit.map(|text| whole_number(text, MAX_PER_PAGE)).transpose();
        let limit = limit.map_err(|invalid| report("limit", invalid));
        let idle_days = idle_days.map(|text| whole_number(text, MAX_IDLE_DAYS)).transpose();
        let idle_days = idle_days.map_err(|invalid| report("idle_days", invalid));
        let status = status.map(str::parse).transpose().map_err(|invalid| report("status", invalid));
        let owner = owner.map(str::parse).transpose().map_err(|invalid| report("owner", invalid));
        match (limit, idle_days, status, owner) {
            (Ok(limit), Ok(idle_days), Ok(status), Ok(owner)) => {
                Ok(Self { owner, status, idle_days, cursor, limit: limit.unwrap_or(DEFAULT_PER_PAGE) })
            }
            _ => Err(Problem::invalid(errors)),
        }
    }
}

async fn get_token(app: &App, call: &ApiRequest) -> ApiResult {
    call.query_params([])?;
    let record = call.target_token(app).await?;
    let mut response = json(StatusCode::OK, &Token::from_record(&record, &app.settings, app.clock.now()));
    set_etag(&mut response, record.version);
    Ok(response)
}
