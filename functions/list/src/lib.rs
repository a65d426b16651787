//! What there is to see: `GET /tokens`, `GET /tokens/{id}` and `GET /me`.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::access::{Permission, Resource};
use portcullis::clock::Timestamp;
use portcullis::http::{Answer, Call, FieldError, Problem, TokenView, json, respond, tag};
use portcullis::store::{Cursor, Filter, MOST_PER_PAGE, Scope};
use portcullis::token::{Invalid, OwnerId, Record, Status};
use serde::Serialize;

const PER_PAGE: usize = 50;

/// Answers a call.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(show(app, &request).await)
}

async fn show(app: &App, request: &Request) -> Answer {
    let call = Call::read(app, request).await?;
    match call.route.as_str() {
        "/tokens" => many(app, &call).await,
        "/tokens/{id}" => one(app, &call).await,
        "/me" => me(&call),
        _ => Err(Problem::not_found()),
    }
}

async fn many(app: &App, call: &Call) -> Answer {
    let asked = Asked::read(call)?;
    let scope = match asked.owner {
        Some(owner) if owner == call.caller.owner => Scope::Owner(owner),
        owner if call.is_admin_of("tokens") => owner.map_or(Scope::Everyone, Scope::Owner),
        None => Scope::Owner(call.caller.owner.clone()),
        Some(_) => {
            return Err(Problem::forbidden("Tokens of another owner need tokens:admin."));
        }
    };
    let after = asked.cursor.map(|text| Cursor::decode(text, &scope)).transpose();
    let after = after.map_err(|invalid| Problem::invalid(vec![FieldError::of("cursor", invalid)]))?;
    let now = app.clock.now();
    let filter = Filter { scope, status: asked.status, after, limit: asked.limit, now };
    let page = app.tokens.list(&filter).await?;
    Ok(json(
        StatusCode::OK,
        &Many {
            tokens: page.tokens.iter().map(|record| TokenView::of(record, now)).collect(),
            next_cursor: page.next.map(|cursor| cursor.encode(&filter.scope)),
        },
    ))
}

#[derive(Serialize)]
struct Many {
    tokens: Vec<TokenView>,
    next_cursor: Option<String>,
}

/// The query of `GET /tokens`.
struct Asked<'a> {
    owner: Option<OwnerId>,
    status: Option<Status>,
    cursor: Option<&'a str>,
    limit: usize,
}

impl<'a> Asked<'a> {
    fn read(call: &'a Call) -> Result<Self, Problem> {
        let [limit, cursor, status, owner] = call.parameters(["limit", "cursor", "status", "owner"])?;
        let mut errors = Vec::new();
        let mut wrong = |field, invalid| errors.push(FieldError::of(field, invalid));
        let limit = match limit.map(page_size).transpose() {
            Ok(limit) => limit.unwrap_or(PER_PAGE),
            Err(invalid) => {
                wrong("limit", invalid);
                PER_PAGE
            }
        };
        let status = status.map(str::parse).transpose().map_err(|invalid| wrong("status", invalid));
        let owner = owner.map(str::parse).transpose().map_err(|invalid| wrong("owner", invalid));
        match (status, owner) {
            (Ok(status), Ok(owner)) if errors.is_empty() => Ok(Self { owner, status, cursor, limit }),
            _ => Err(Problem::invalid(errors)),
        }
    }
}

fn page_size(text: &str) -> Result<usize, Invalid> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let size = text.parse().ok().filter(|size| digits && (1..=MOST_PER_PAGE).contains(size));
    size.ok_or_else(|| Invalid(format!("must be a whole number from 1 to {MOST_PER_PAGE}")))
}

async fn one(app: &App, call: &Call) -> Answer {
    call.parameters([])?;
    let record = call.target(app).await?;
    let mut response = json(StatusCode::OK, &TokenView::of(&record, app.clock.now()));
    tag(&mut response, &record);
    Ok(response)
}

fn me(call: &Call) -> Answer {
    call.parameters([])?;
    Ok(json(StatusCode::OK, &Me::of(&call.caller)))
}

/// Who am I, what may I do, when do I expire.
#[derive(Serialize)]
struct Me {
    principal_type: &'static str,
    token_id: String,
    token_name: String,
    owner: String,
    permissions: Vec<String>,
    resources: Vec<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl Me {
    fn of(record: &Record) -> Self {
        Self {
            principal_type: "token",
            token_id: record.id.to_string(),
            token_name: record.name.to_string(),
            owner: record.owner.to_string(),
            permissions: record.grant.permissions.iter().map(Permission::to_string).collect(),
            resources: record.grant.resources.iter().map(Resource::to_string).collect(),
            created_at: record.created_at.to_the_second(),
            expires_at: record.expires_at,
        }
    }
}
