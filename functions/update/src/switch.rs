//! `POST /tokens/{id}/disable` and `/enable`: a token that is disabled opens nothing, and can be
//! let open doors again.

use lambda_http::Request;
use portcullis::App;
use portcullis::http::{Answer, Call, Fields, Problem, if_match_at_all};
use portcullis::store::{Change, Changed};
use portcullis::token::{Disablement, Happened, Record, Standing, WhyDisabled};

use crate::{alive, shown};

pub(crate) async fn disable(app: &App, call: &Call, request: &Request) -> Answer {
    let now = app.clock.now();
    switched(app, call, request, |seen| {
        let why = if call.is_someone_elses(seen) { WhyDisabled::Admin } else { WhyDisabled::Owner };
        // Whatever it is disabled for, an admin who disables it too means to be asked.
        let stands = |disabled: &Disablement| why == WhyDisabled::Owner || disabled.why == WhyDisabled::Admin;
        if seen.disabled.as_ref().is_some_and(stands) {
            return Ok(None);
        }
        let disabled = Some(Disablement { at: now.to_the_second(), by: Some(call.actor()), why });
        Ok(Some((Record { disabled, ..seen.clone() }, Happened::Disabled(why))))
    })
    .await
}

pub(crate) async fn enable(app: &App, call: &Call, request: &Request) -> Answer {
    let now = app.clock.now();
    switched(app, call, request, |seen| {
        let idle = seen.standing(now, app.settings.max_idle_days) == Standing::Idle;
        if seen.disabled.is_none() && !idle {
            return Ok(None);
        }
        let by_admin = seen.disabled.as_ref().is_some_and(|disabled| disabled.why == WhyDisabled::Admin);
        if by_admin && !call.caller.is_admin_of(&format!("tokens/{}", seen.id)) {
            return Err(Problem::forbidden("An admin disabled this token, so only an admin can enable it."));
        }
        let next = Record { disabled: None, enabled_at: Some(now.to_the_second()), ..seen.clone() };
        Ok(Some((next, Happened::Enabled)))
    })
    .await
}

/// Does what `next` says, on the token as it is, whoever else changes it meanwhile; nothing
/// where there is nothing to do.
async fn switched(
    app: &App,
    call: &Call,
    request: &Request,
    next: impl Fn(&Record) -> Result<Option<(Record, Happened)>, Problem>,
) -> Answer {
    let asked_for = if_match_at_all(request)?;
    Fields::read_or_none(request.body())?.finish("none")?;
    let mut seen = call.target(app).await?;
    let by = &call.author();
    loop {
        if asked_for.is_some_and(|version| version != seen.version) {
            return Err(Problem::precondition_failed(seen.version));
        }
        alive(app, &seen)?;
        let Some((next, what)) = next(&seen)? else {
            return shown(app, &seen);
        };
        let change = Change { seen: &seen, next, what, by, now: app.clock.now(), limits: app.limits() };
        match app.tokens.change(&change).await? {
            Changed::Done(record) => return shown(app, &record),
            Changed::Stale(record) => seen = *record,
            Changed::Gone => return Err(Problem::not_found()),
            Changed::LimitReached => return Err(Problem::token_limit_reached(app.limits().live_tokens)),
        }
    }
}
