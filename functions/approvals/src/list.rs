//! `GET /approvals` and `GET /approvals/{id}`.

use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::api_types::ApprovalPage;
use portcullis::http::{ApiRequest, ApiResult, FieldError, Problem, json, page};
use portcullis::secret::TokenId;
use portcullis::store::{ApprovalCursor, ApprovalFilter};
use portcullis::token::ApprovalStatus;

use crate::access::visible_approval;
use crate::view::view;

pub(crate) async fn list(app: &App, call: &ApiRequest) -> ApiResult {
    let filter = filter(app, call)?;
    let management = app.settings.authz.token_management;
    let page = app.tokens.approvals(&filter, |approval| call.caller.may_see_approval(approval, management)).await?;
    let approvals = page.approvals.into_iter().map(view).collect();
    Ok(json(StatusCode::OK, &ApprovalPage { approvals, next_cursor: page.next.map(|cursor| cursor.encode()) }))
}

fn filter(app: &App, call: &ApiRequest) -> Result<ApprovalFilter, Problem> {
    let [limit, cursor, status, token] = call.query_params(["limit", "cursor", "status", "token"])?;
    let mut errors = Vec::new();
    let status = status.map(str::parse::<ApprovalStatus>).transpose();
    let status = status.map_err(|invalid| errors.push(FieldError::new("status", invalid)));
    let token = token.map(str::parse::<TokenId>).transpose();
    let token = token.map_err(|invalid| errors.push(FieldError::new("token", invalid)));
    let page = page([limit, cursor], ApprovalCursor::decode);
    match (page, status, token) {
        (Ok((limit, after)), Ok(status), Ok(token)) => {
            Ok(ApprovalFilter { status, token, after, limit, now: app.clock.now() })
        }
        (page, ..) => Err(Problem::invalid(page.err().unwrap_or_default().into_iter().chain(errors).collect())),
    }
}

pub(crate) async fn show(app: &App, call: &ApiRequest) -> ApiResult {
    call.query_params([])?;
    let seen = visible_approval(app, call).await?;
    let shown = app.tokens.approval_view(seen, app.clock.now()).await?.ok_or_else(Problem::approval_not_found)?;
    Ok(json(StatusCode::OK, &view(shown)))
}
