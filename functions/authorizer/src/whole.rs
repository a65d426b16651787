//! When one answer holds for the whole API, and what the log says where it cannot.

use portcullis::authz::{Decision, Principal, Rules, regions};
use portcullis::catalog::Target;
use portcullis::clock::Timestamp;
use serde_json::Value;

use crate::answer::{self, Shape};
use crate::arn::Arn;
use crate::found::Found;
use crate::policy::{Policy, Unsaid};
use crate::{Authorizer, Event};

impl Authorizer {
    /// The answer that a gateway may keep for every route of a protected API. `None` where
    /// the answer is about the one request, or opens nothing anywhere.
    ///
    /// Portcullis's own API never keeps answers; a simple answer and that to the opening of
    /// a WebSocket have no policy in which to say more.
    pub(crate) fn answer_for_the_whole_api(
        &self,
        shape: Shape,
        event: &Event,
        arn: &Arn<'_>,
        found: &Found,
        decision: &Decision,
        now: Timestamp,
    ) -> Option<Value> {
        let kept = self.app.settings.authz.cache_seconds > 0 && !event.is_own_api();
        if !kept || shape == Shape::Simple || arn.target == Target::Connect {
            return None;
        }
        let (principal, catalog) = found.somebody()?;
        let allowed = match decision {
            Decision::Allow => true,
            Decision::Forbid(reason, _) if reason.is_of_the_request() => false,
            Decision::Forbid(..) | Decision::Refuse(_) => return None,
        };
        let rules = Rules::of(&catalog.catalog, &self.app.settings.authz);
        match whole(principal, &rules, arn, allowed, now) {
            Ok(answer) => Some(answer),
            Err(why) => {
                warn(principal, &why);
                None
            }
        }
    }
}

fn whole(
    principal: &Principal,
    rules: &Rules<'_>,
    arn: &Arn<'_>,
    allowed: bool,
    now: Timestamp,
) -> Result<Value, Unsaid> {
    let mut policy = Policy::of(&regions(principal.grants(), rules)?, arn)?;
    policy.settle(arn, allowed)?;
    answer::for_the_whole_api(principal, &policy, now)
}

fn warn(principal: &Principal, why: &Unsaid) {
    match principal {
        Principal::Token(record) => {
            tracing::warn!(token_id = %record.id, "authorizer caching is less effective: {why}");
        }
        Principal::Session(session) => {
            tracing::warn!(owner = %session.owner, "authorizer caching is less effective: {why}");
        }
    }
}

#[cfg(test)]
mod tests;
