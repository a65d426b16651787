//! `POST /owners/{owner}/revoke-tokens`: revokes every token of an owner, for an admin.

use lambda_http::http::StatusCode;
use lambda_http::{Request, RequestExt as _};
use portcullis::App;
use portcullis::api_types::RevokeOwnerTokensResponse;
use portcullis::clock::Timestamp;
use portcullis::http::{ApiRequest, ApiResult, FieldError, Problem, json};
use portcullis::store::{OwnerCursor, OwnerRevocation};
use portcullis::text::OwnerId;

use crate::revocation::{effective_by, revocation_details};

/// Path segment that says that the query names the owner, for names that no path can hold.
const OWNER_IN_QUERY: &str = "-";
/// Maximum duration of one call, in milliseconds. API Gateway times out after 29 s, the function
/// after 20 s.
const MAX_MILLIS: i64 = 5_000;

pub(crate) async fn revoke(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let (owner, after) = target(call, request)?;
    let details = &revocation_details(request.body())?;
    let revocation = OwnerRevocation {
        owner: &owner,
        actor: &call.actor(),
        by: &call.author(),
        grounds: details,
        clock: &app.clock,
        limits: app.settings.limits,
        until: Timestamp::from_millis(app.clock.now().millis() + MAX_MILLIS),
        after,
    };
    let revoked = app.tokens.revoke_all(&revocation).await?;
    let response = RevokeOwnerTokensResponse {
        owner: owner.to_string(),
        revoked: revoked.revoked,
        done: revoked.done,
        failed: revoked.failed.iter().map(ToString::to_string).collect(),
        next_cursor: revoked.next.map(|next| next.encode(&owner)),
        effective_by: effective_by(app),
    };
    Ok(json(StatusCode::OK, &response))
}

/// The owner and the cursor of the request.
fn target(call: &ApiRequest, request: &Request) -> Result<(OwnerId, Option<OwnerCursor>), Problem> {
    let path = request.path_parameters_ref().and_then(|path| path.first("owner").map(str::to_owned));
    let path = path.ok_or_else(Problem::not_found)?;
    let (text, cursor) = if path == OWNER_IN_QUERY {
        let [owner, cursor] = call.query_params(["owner", "cursor"])?;
        let missing = || Problem::invalid(vec![FieldError::new("owner", "is required if the path has - in its place")]);
        (owner.ok_or_else(missing)?.to_owned(), cursor)
    } else {
        let [cursor] = call.query_params(["cursor"])?;
        (path, cursor)
    };
    let owner: OwnerId = text.parse().map_err(|invalid| Problem::invalid(vec![FieldError::new("owner", invalid)]))?;
    let after = cursor.map(|text| OwnerCursor::decode(text, &owner)).transpose();
    let after = after.map_err(|invalid| Problem::invalid(vec![FieldError::new("cursor", invalid)]))?;
    Ok((owner, after))
}
