//! `POST /owners/{owner}/revoke-tokens`: every token of an owner, for an admin.

use lambda_http::http::StatusCode;
use lambda_http::{Request, RequestExt as _};
use portcullis::App;
use portcullis::api::OwnerRevoked;
use portcullis::http::{Answer, Call, FieldError, Problem, json};
use portcullis::store::{Filter, MOST_PER_PAGE, Scope};
use portcullis::token::{OwnerId, TokenId};

use crate::{effective_by, grounds};

/// What stands in the path for an owner whose name a path cannot hold.
const ELSEWHERE: &str = "-";
/// For so long one call goes on; a gateway waits for 29 seconds, and the function has 10.
const MOST_MILLIS: i64 = 5_000;

pub(crate) async fn revoke(app: &App, call: &Call, request: &Request) -> Answer {
    let owner = owner(call, request)?;
    let grounds = grounds(request.body())?;
    let (actor, author, began) = (call.actor(), call.author(), app.clock.now());
    let mut answer = OwnerRevoked { owner: owner.to_string(), revoked: 0, done: true, effective_by: began };
    for id in live(app, call, &owner).await? {
        if app.clock.now().millis() - began.millis() > MOST_MILLIS {
            answer.done = false;
            break;
        }
        let revoked = app.tokens.revoke(&id, &actor, &author, &grounds, &app.clock, app.limits()).await?;
        answer.revoked += u64::from(revoked.is_some_and(|revoked| revoked.by_this));
    }
    answer.effective_by = effective_by(app);
    Ok(json(StatusCode::OK, &answer))
}

fn owner(call: &Call, request: &Request) -> Result<OwnerId, Problem> {
    let path = request.path_parameters_ref().and_then(|path| path.first("owner").map(str::to_owned));
    let path = path.ok_or_else(Problem::not_found)?;
    let text = if path == ELSEWHERE {
        let [owner] = call.parameters(["owner"])?;
        let missing = || Problem::invalid(vec![FieldError::new("owner", "is required where the path has - for it")]);
        owner.ok_or_else(missing)?.to_owned()
    } else {
        call.parameters([])?;
        path
    };
    text.parse().map_err(|invalid| Problem::invalid(vec![FieldError::of("owner", invalid)]))
}

/// The ids of the tokens that are not revoked: those that have a slot, as they are at this
/// moment, and those that the index knows of besides. That of the caller comes last, so that
/// the call can be made again.
async fn live(app: &App, call: &Call, owner: &OwnerId) -> Result<Vec<TokenId>, Problem> {
    let mut ids = app.tokens.with_slots(owner).await?;
    let now = app.clock.now();
    let scope = Scope::Owner(owner.clone());
    let mut filter =
        Filter { scope, status: None, after: None, idle_since: None, max_idle_days: 0, limit: MOST_PER_PAGE, now };
    loop {
        let page = app.tokens.list(&filter).await?;
        ids.extend(page.tokens.into_iter().filter(|record| record.revoked.is_none()).map(|record| record.id));
        match page.next {
            None => break,
            next => filter.after = next,
        }
    }
    ids.sort();
    ids.dedup();
    let actor = call.actor().to_string();
    ids.sort_by_key(|id| actor == format!("token:{id}"));
    Ok(ids)
}
