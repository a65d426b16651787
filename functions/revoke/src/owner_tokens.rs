//! `POST /owners/{owner}/revoke-tokens`: revokes every token of an owner, for an admin.

use lambda_http::http::StatusCode;
use lambda_http::{Request, RequestExt as _};
use portcullis::App;
use portcullis::api_types::RevokeOwnerTokensResponse;
use portcullis::clock::Timestamp;
use portcullis::http::{ApiRequest, ApiResult, FieldError, Problem, json};
use portcullis::store::{OwnerCursor, OwnerRevocation};
use portcullis::text::OwnerId;

use crate::revocation::{effective_by, grounds};

/// What stands in the path for an owner whose name a path cannot hold.
const ELSEWHERE: &str = "-";
/// For so long one call goes on; a gateway waits for 29 seconds, and the function has 20.
const MAX_MILLIS: i64 = 5_000;

pub(crate) async fn revoke(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let (owner, after) = target(call, request)?;
    let grounds = &grounds(request.body())?;
    let revocation = OwnerRevocation {
        owner: &owner,
        actor: &call.actor(),
        by: &call.author(),
        grounds,
        clock: &app.clock,
        limits: app.settings.limits,
        until: Timestamp::from_millis(app.clock.now().millis() + MAX_MILLIS),
        after,
    };
    let revoked = app.tokens.revoke_all(&revocation).await?;
    let answer = RevokeOwnerTokensResponse {
        owner: owner.to_string(),
        revoked: revoked.revoked,
        done: revoked.done,
        failed: revoked.failed.iter().map(ToString::to_string).collect(),
        next_cursor: revoked.next.map(|next| next.encode(&owner)),
        effective_by: effective_by(app),
    };
    Ok(json(StatusCode::OK, &answer))
}

/// The owner, and where to go on.
fn target(call: &ApiRequest, request: &Request) -> Result<(OwnerId, Option<OwnerCursor>), Problem> {
    let path = request.path_parameters_ref().and_then(|path| path.first("owner").map(str::to_owned));
    let path = path.ok_or_else(Problem::not_found)?;
    let (text, cursor) = if path == ELSEWHERE {
        let [owner, cursor] = call.query_params(["owner", "cursor"])?;
        let missing = || Problem::invalid(vec![FieldError::new("owner", "is required where the path has - for it")]);
        (owner.ok_or_else(missing)?.to_owned(), cursor)
    } else {
        let [cursor] = call.query_params(["cursor"])?;
        (path, cursor)
    };
    let owner: OwnerId = text.parse().map_err(|invalid| Problem::invalid(vec![FieldError::of("owner", invalid)]))?;
    let after = cursor.map(|text| OwnerCursor::decode(text, &owner)).transpose();
    let after = after.map_err(|invalid| Problem::invalid(vec![FieldError::of("cursor", invalid)]))?;
    Ok((owner, after))
}
