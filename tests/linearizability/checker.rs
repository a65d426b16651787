//! Checks a history: whether some order of its calls, each at one moment between its beginning and its end, explains
//! every outcome.
//!
//! The tokens of a history are independent except for the limit, and each use has only two outcomes. So it suffices to
//! ask, for each use, whether any such moment has the state that it saw; a search over all orders is not needed. A call
//! whose outcome is unknown may have had its effect at any time after its beginning, or never.

use std::collections::BTreeMap;

use super::history::{Action, Call, Outcome, SecretNumber};

/// The first contradiction.
pub(crate) fn check(history: &[Call], limit: usize) -> Result<(), String> {
    let mut tokens: BTreeMap<usize, Vec<&Call>> = BTreeMap::new();
    for call in history.iter().filter(|call| call.action != Action::RevokeOwner) {
        tokens.entry(call.token).or_default().push(call);
    }
    let of_owners: Vec<_> = history.iter().filter(|call| call.action == Action::RevokeOwner).collect();
    let mut lives = Vec::new();
    for calls in tokens.values() {
        let Some(token) = Token::new(calls, &of_owners) else { continue };
        for call in calls {
            match call.action {
                Action::Use(secret) => token.check_use(call, secret)?,
                Action::UseApproval(secret) => {
                    token.check_use(call, secret)?;
                    token.check_approval(call)?;
                }
                _ => {}
            }
        }
        lives.push(token.life());
    }
    let creates = history.iter().filter(|call| call.action == Action::Create && call.outcome == Outcome::Refused);
    check_limit(&lives, creates, limit)
}

/// The calls that concern one token.
struct Token<'a> {
    create: &'a Call,
    calls: &'a [&'a Call],
    /// Calls that end it.
    endings: Vec<&'a Call>,
}

/// When a token counted against the limit of its owner.
struct Life {
    owner: usize,
    is_counted: bool,
    create: (u64, u64),
    /// The earliest beginning of a call that may have ended it.
    may_end: Option<u64>,
    /// The earliest end of a call that has ended it.
    ended: Option<u64>,
}

impl<'a> Token<'a> {
    /// `None` if it was not created.
    fn new(calls: &'a [&'a Call], of_owners: &[&'a Call]) -> Option<Self> {
        let is_create = |call: &&&Call| matches!(call.action, Action::Create | Action::Exchange);
        let create = calls.iter().find(is_create).filter(|call| call.outcome == Outcome::Done)?;
        let ends = |call: &&Call| matches!(call.action, Action::Revoke | Action::Delete);
        // A revocation of the owner's tokens that began before the token was there need not end it.
        let of_owner = of_owners.iter().filter(|call| call.owner == create.owner && call.end > create.begin);
        let endings = calls.iter().copied().filter(ends).chain(of_owner.copied());
        let endings = endings.filter(|call| call.outcome != Outcome::Refused).collect();
        Some(Self { create, calls, endings })
    }

    fn life(&self) -> Life {
        Life {
            owner: self.create.owner,
            is_counted: self.create.action == Action::Create,
            create: (self.create.begin, self.create.end),
            may_end: self.endings.iter().map(|call| call.begin).min(),
            ended: self.endings.iter().filter(|call| self.is_surely_ended_by(call)).map(|call| call.end).min(),
        }
    }

    fn is_surely_ended_by(&self, ending: &Call) -> bool {
        let is_of_all = ending.action != Action::RevokeOwner || self.create.end < ending.begin;
        ending.outcome == Outcome::Done && is_of_all
    }

    fn check_use(&self, usage: &Call, secret: SecretNumber) -> Result<(), String> {
        match usage.outcome {
            Outcome::Unknown => Ok(()),
            Outcome::Done | Outcome::Unapproved => match self.must_be_refused(usage, secret) {
                Some(cause) => Err(format!("allowed: {usage:?}\nalthough before it: {cause:?}")),
                None => Ok(()),
            },
            Outcome::Refused if self.may_be_refused(usage, secret) => Ok(()),
            Outcome::Refused => Err(format!("a live token was refused: {usage:?}\nits calls: {:#?}", self.calls)),
        }
    }

    /// Whether an approval may have been live during a use that was allowed, and none must have been during one that was
    /// denied.
    fn check_approval(&self, usage: &Call) -> Result<(), String> {
        let mut approvals = self.calls.iter().filter(|call| matches!(call.action, Action::Approve(_)));
        let explained = match usage.outcome {
            Outcome::Done => approvals.any(|approval| self.may_be_live(approval, usage)),
            Outcome::Unapproved => !approvals.any(|approval| self.must_be_live(approval, usage)),
            Outcome::Refused | Outcome::Unknown => true,
        };
        let calls = &self.calls;
        if explained { Ok(()) } else { Err(format!("no approval explains {usage:?}\nits token's calls: {calls:#?}")) }
    }

    fn may_be_live(&self, approval: &Call, usage: &Call) -> bool {
        let has_ended = |call: &&Call| call.outcome == Outcome::Done && call.end < usage.begin;
        // Before an approval, its token may have been disabled and enabled.
        let mut endings = self.endings_of(approval).filter(has_ended);
        let is_after = |call: &Call| call.begin > approval.end || matches!(call.action, Action::EndApproval(_));
        approval.outcome != Outcome::Refused && approval.begin < usage.end && !endings.any(is_after)
    }

    fn must_be_live(&self, approval: &Call, usage: &Call) -> bool {
        let may_have_ended = |call: &Call| call.end > approval.begin && call.begin < usage.end;
        let is_live = approval.outcome == Outcome::Done && approval.end < usage.begin;
        is_live && !self.endings_of(approval).any(may_have_ended)
    }

    /// The calls that end an approval, if they come after it. Those that end the token are among them.
    fn endings_of(&self, approval: &Call) -> impl Iterator<Item = &Call> {
        let Action::Approve(number) = approval.action else { panic!("{approval:?} approves nothing") };
        let ends =
            move |call: &&&Call| matches!(call.action, Action::Disable) || call.action == Action::EndApproval(number);
        let own = self.calls.iter().filter(ends).filter(|call| call.outcome != Outcome::Refused);
        own.chain(&self.endings).copied()
    }

    /// A call that was acknowledged before the use began, and after which no use can be allowed.
    fn must_be_refused(&self, usage: &Call, secret: SecretNumber) -> Option<&Call> {
        let is_before = |call: &&&Call| call.outcome == Outcome::Done && call.end < usage.begin;
        let ended = self.endings.iter().filter(is_before).find(|call| self.is_surely_ended_by(call));
        let rotated = || self.calls.iter().filter(is_before).find(|call| self.retires(call, secret));
        let disabled = || {
            let disables = self.calls.iter().filter(is_before).filter(|call| call.action == Action::Disable);
            // No enabling may have come after it.
            disables.into_iter().find(|disable| {
                !self.of(Action::Enable).any(|enable| enable.end > disable.begin && enable.begin < usage.end)
            })
        };
        ended.or_else(rotated).or_else(disabled).copied()
    }

    /// Whether a call that had begun when the use ended may have made it refuse.
    fn may_be_refused(&self, usage: &Call, secret: SecretNumber) -> bool {
        let has_begun = |call: &&&Call| call.outcome != Outcome::Refused && call.begin < usage.end;
        let is_ended = self.endings.iter().any(|call| has_begun(&call));
        let is_retired = self.calls.iter().filter(has_begun).any(|call| self.retires(call, secret));
        let may_be_disabled = self.of(Action::Disable).filter(|call| call.begin < usage.end).any(|disable| {
            // An enabling that surely came after it, and before the use, has undone it.
            let mut enables = self.of(Action::Enable).filter(|enable| enable.outcome == Outcome::Done);
            !enables.any(|enable| enable.begin > disable.end && enable.end < usage.begin)
        });
        is_ended || is_retired || may_be_disabled
    }

    /// Whether a rotation ends the validity of a secret.
    fn retires(&self, call: &Call, secret: SecretNumber) -> bool {
        matches!(call.action, Action::Rotate(new) if new > secret)
    }

    fn of(&self, action: Action) -> impl Iterator<Item = &&Call> {
        self.calls.iter().filter(move |call| call.action == action && call.outcome != Outcome::Refused)
    }
}

/// At each moment, the tokens that were surely live are at most the limit; and when a create was refused, at least so many
/// may have been live.
fn check_limit<'a>(lives: &[Life], refused: impl Iterator<Item = &'a Call>, limit: usize) -> Result<(), String> {
    let mut owners: BTreeMap<usize, Vec<&Life>> = BTreeMap::new();
    for life in lives.iter().filter(|life| life.is_counted) {
        owners.entry(life.owner).or_default().push(life);
    }
    for (owner, lives) in &owners {
        let mut changes: Vec<(u64, i32)> = Vec::new();
        for life in lives.iter().filter(|life| life.may_end.is_none_or(|end| end > life.create.1)) {
            changes.push((life.create.1, 1));
            changes.extend(life.may_end.map(|end| (end, -1)));
        }
        changes.sort_unstable();
        let mut live = 0_i32;
        for (at, change) in changes {
            live += change;
            if usize::try_from(live).is_ok_and(|live| live > limit) {
                return Err(format!("owner {owner} has {live} live tokens at {at}; the limit is {limit}"));
            }
        }
    }
    for call in refused {
        let lives = owners.get(&call.owner).map_or(&[][..], Vec::as_slice);
        let may_be_live = |life: &&&Life| life.create.0 < call.end && life.ended.is_none_or(|end| end > call.begin);
        let live = lives.iter().filter(may_be_live).count();
        if live < limit {
            return Err(format!("refused for the limit of {limit}, but at most {live} tokens were live: {call:?}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: Action, begin: u64, end: u64, outcome: Outcome) -> Call {
        Call { token: 0, owner: 0, action, begin, end, outcome }
    }

    fn created() -> Call {
        call(Action::Create, 0, 1, Outcome::Done)
    }

    const ALLOWED: Outcome = Outcome::Done;
    const FIRST: Action = Action::Use(0);

    #[test]
    fn a_use_during_a_revocation_may_be_allowed_or_refused() {
        for outcome in [ALLOWED, Outcome::Refused] {
            let history = [created(), call(Action::Revoke, 2, 5, Outcome::Done), call(FIRST, 3, 4, outcome)];
            check(&history, 1).unwrap();
        }
    }

    #[test]
    fn a_use_after_an_acknowledged_end_must_not_be_allowed() {
        for ending in [Action::Revoke, Action::Delete, Action::RevokeOwner, Action::Disable, Action::Rotate(1)] {
            let history = [created(), call(ending, 2, 3, Outcome::Done), call(FIRST, 4, 5, ALLOWED)];
            assert!(check(&history, 1).unwrap_err().starts_with("allowed"), "{ending:?}");
            let unknown = [created(), call(ending, 2, 3, Outcome::Unknown), call(FIRST, 4, 5, ALLOWED)];
            check(&unknown, 1).unwrap();
        }
    }

    #[test]
    fn a_live_token_must_not_be_refused() {
        let history = [created(), call(FIRST, 2, 3, Outcome::Refused), call(Action::Revoke, 4, 5, Outcome::Done)];
        assert!(check(&history, 1).unwrap_err().starts_with("a live token was refused"));
    }

    #[test]
    fn a_token_that_was_enabled_after_it_was_disabled_is_live() {
        let history = [
            created(),
            call(Action::Disable, 2, 3, Outcome::Done),
            call(Action::Enable, 4, 5, Outcome::Done),
            call(FIRST, 6, 7, Outcome::Refused),
        ];
        assert!(check(&history, 1).unwrap_err().starts_with("a live token was refused"));
    }

    #[test]
    fn an_approval_allows_from_its_acknowledgement_to_its_end() {
        let deploy = |begin, outcome| call(Action::UseApproval(0), begin, begin + 1, outcome);
        let approve = call(Action::Approve(7), 4, 5, Outcome::Done);
        for end in [Action::EndApproval(7), Action::Disable] {
            let history = |use_of: Call| {
                let enable = call(Action::Enable, 14, 15, Outcome::Done);
                check(&[created(), approve.clone(), call(end, 12, 13, Outcome::Done), enable, use_of], 1)
            };
            for (begin, explained, contradiction) in [
                (2, Outcome::Unapproved, ALLOWED),
                (6, ALLOWED, Outcome::Unapproved),
                (16, Outcome::Unapproved, ALLOWED),
            ] {
                history(deploy(begin, explained)).unwrap();
                let found = history(deploy(begin, contradiction)).unwrap_err();
                assert!(found.starts_with("no approval explains"), "{end:?} {begin}: {found}");
            }
        }
    }

    #[test]
    fn more_live_tokens_than_the_limit_are_found() {
        let second = Call { token: 1, ..call(Action::Create, 2, 3, Outcome::Done) };
        assert!(check(&[created(), second.clone()], 1).unwrap_err().contains("2 live tokens"));
        check(&[created(), call(Action::Revoke, 1, 9, Outcome::Done), second], 1).unwrap();
    }

    #[test]
    fn a_create_that_is_refused_below_the_limit_is_found() {
        let refused = Call { token: 1, ..call(Action::Create, 4, 5, Outcome::Refused) };
        let ended = call(Action::Revoke, 2, 3, Outcome::Done);
        check(&[created(), refused.clone()], 1).unwrap();
        assert!(check(&[created(), ended, refused], 1).unwrap_err().starts_with("refused for the limit"));
    }
}
