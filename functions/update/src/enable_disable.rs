//! `POST /tokens/{id}/disable` and `/enable`: a token that is disabled opens nothing, and can be
//! let open doors again.

use lambda_http::Request;
use portcullis::App;
use portcullis::http::{Answer, Call, Fields, IfMatch, Problem};
use portcullis::store::{Change, Changed, Ending};
use portcullis::token::{Happened, Record, Standing, WhyDisabled};

use crate::outcome::{alive, changed, shown};

pub(crate) async fn disable(app: &App, call: &Call, request: &Request) -> Answer {
    let (condition, seen) = target(app, call, request).await?;
    alive(app, &seen)?;
    let why = if call.is_someone_elses(&seen) { WhyDisabled::Admin } else { WhyDisabled::Owner };
    let (actor, by) = (call.actor(), call.author());
    let ending = Ending { seen: &seen, actor: &actor, by: &by, clock: &app.clock, limits: app.settings.limits };
    // `*` holds for every version that comes between, too.
    let version = condition.filter(|condition| *condition != IfMatch::Any).map(|_| seen.version);
    changed(app, app.tokens.disable(&ending, why, version).await?)
}

/// Enables the token as it is, however others change it in the meantime.
pub(crate) async fn enable(app: &App, call: &Call, request: &Request) -> Answer {
    let (condition, mut seen) = target(app, call, request).await?;
    let by = &call.author();
    loop {
        if let Some(condition) = &condition {
            condition.check(seen.version)?;
        }
        alive(app, &seen)?;
        let now = app.clock.now();
        if seen.disabled.is_none() && seen.standing(now, app.settings.authz.max_idle_days) != Standing::Idle {
            return shown(app, &seen);
        }
        let by_admin = seen.disabled.as_ref().is_some_and(|disabled| disabled.why == WhyDisabled::Admin);
        if by_admin && !call.caller.is_admin_of(&format!("tokens/{}", seen.id)) {
            return Err(Problem::forbidden("An admin disabled this token, so only an admin can enable it."));
        }
        let next = Record { disabled: None, enabled_at: Some(now.to_the_second()), ..seen.clone() };
        let what = Happened::Enabled;
        let change = Change { seen: &seen, next, what, by, clock: &app.clock, limits: app.settings.limits };
        match app.tokens.change(&change).await? {
            Changed::Stale(record) => seen = *record,
            outcome => return changed(app, outcome),
        }
    }
}

/// The call's condition, if it has one, which the token meets, and the token.
async fn target(app: &App, call: &Call, request: &Request) -> Result<(Option<IfMatch>, Record), Problem> {
    let condition = IfMatch::read(request)?;
    Fields::read_or_none(request.body())?.finish("none")?;
    let seen = call.target(app).await?;
    if let Some(condition) = &condition {
        condition.check(seen.version)?;
    }
    Ok((condition, seen))
}
