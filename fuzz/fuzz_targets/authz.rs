//! The decision on a request. Oracle: a second implementation of the documented rules.
#![no_main]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portcullis::authz::{
    AccessRequest, Api, AuthzContext, Decision, MissingAccess, Principal, TokenManagement, authorize, needed_approvals,
};
use portcullis::catalog::Target;
use portcullis::clock::Timestamp;
use portcullis::grants::{IpAllowlist, Network};
use portcullis::token::{Actor, DisableReason, DisabledState, Revocation, RevocationDetails, TokenRecord};
use portcullis_fuzz::approvals::{LiveInput, RuleInput, rules, unapproved};
use portcullis_fuzz::authz::{Denial, Needs, Outcome, decide, management, names, pieces, protected};
use portcullis_fuzz::catalog::{METHODS, RouteInput, RouteText, catalog};
use portcullis_fuzz::grants::{GrantInput, grants, pick};

#[derive(Arbitrary, Debug)]
struct Input {
    grants: [GrantInput; 2],
    state: State,
    strict: bool,
    routes: [RouteInput; 3],
    rules: [RuleInput; 2],
    live: [LiveInput; 2],
    /// The management API, and whether only admins manage tokens.
    management: Option<bool>,
    method: u8,
    root: u8,
    path: [u8; 4],
}

/// What ends or restricts a token. Times are in days; it is day 100.
#[derive(Arbitrary, Debug)]
struct State {
    revoked: bool,
    disabled: bool,
    expires: Option<u8>,
    max_idle_days: u8,
    created: u8,
    rotated: Option<u8>,
    only_from: Option<u8>,
    from: Option<u8>,
}

const TODAY: u8 = 100;
/// First names of the management API's paths.
const ROOTS: [&str; 8] = ["me", "tokens", "activity", "explain", "introspect", "owners", "catalog", "a"];

fuzz_target!(|input: Input| {
    let (held, parsed) = grants(&input.grants);
    let listed = rules(&input.rules);
    let (catalog, routes) = catalog(input.strict, &input.routes, &listed);
    let method = pick(&[&METHODS[1..], &["BREW"]].concat(), input.method);
    let root = input.management.map(|_| pick(&ROOTS, input.root));
    let path: Vec<_> = root.into_iter().chain(pieces(&input.path)).collect();
    let path = path.join("/");

    let context = AuthzContext {
        catalog: &catalog,
        management: if input.management == Some(true) { TokenManagement::Admins } else { TokenManagement::Owners },
        max_idle_days: input.state.max_idle_days.into(),
        cache_seconds: 0,
    };
    let request = AccessRequest {
        api: if input.management.is_some() { Api::Management } else { Api::Protected },
        target: Target::Http { method, path: &path },
        from: input.state.from.map(address),
    };
    let live: Vec<_> = input.live.iter().enumerate().map(|(number, live)| live.approval(number)).collect();
    let mut record = record(&input.state, parsed);
    record.approvals.live.clone_from(&live);
    let principal = Principal::Token(Box::new(record.clone()));
    let decision = outcome(&authorize(Some(&principal), &context, &request, day(TODAY)));
    let needs = match needs(&input, &routes, method, &path) {
        Ok(needs) => needs,
        refused => return assert_eq!(decision.map(|()| Needs::Nothing), refused, "{method} {path}"),
    };
    let granted = decide(&held, &needs);
    let unapproved = |live: &[_]| match input.management {
        None => unapproved(&listed, &held, live, &needs, day(TODAY)),
        Some(_) => Vec::new(),
    };
    let missing = unapproved(&live);
    match &decision {
        Err(("approval_required", first)) => {
            assert!(granted.is_ok() && missing.contains(first.as_ref().unwrap()), "{first:?} for {method} {path}");
        }
        _ => {
            assert!(decision == granted && (granted.is_err() || missing.is_empty()), "{decision:?} for {method} {path}")
        }
    }
    if decision.is_ok() {
        let used = needed_approvals(&record, &context, &request, day(TODAY)).into_iter();
        let used: BTreeSet<_> = used.map(|it| (it.permission.to_string(), it.resource)).collect();
        assert_eq!(used, unapproved(&[]).into_iter().collect(), "{method} {path}");
    }
});

/// What a request needs of an active token, or why it is refused before that.
fn needs(input: &Input, routes: &[RouteText], method: &str, path: &str) -> Result<Needs, Denial> {
    let state = &input.state;
    let last_activity = state.created.max(state.rotated.unwrap_or(0));
    let idle_days = i32::from(TODAY) - i32::from(last_activity);
    let refused = [
        ("revoked", state.revoked),
        ("disabled", state.disabled),
        ("expired", state.expires.is_some_and(|day| day <= TODAY)),
        ("idle", state.max_idle_days > 0 && idle_days >= state.max_idle_days.into()),
    ];
    if let Some((reason, _)) = refused.into_iter().find(|(_, applies)| *applies) {
        return Err((reason, None));
    }
    let names = names(path)?;
    if state.only_from.is_some_and(|only| state.from != Some(only)) {
        return Err(("ip_not_allowed", None));
    }
    Ok(match input.management {
        Some(only_admins) => management(only_admins, method, &names),
        None => protected(input.strict, routes, method, &names),
    })
}

fn outcome(decision: &Decision) -> Outcome {
    match decision {
        Decision::Allow => Ok(()),
        Decision::Unauthorized(reason) => Err((reason.as_str(), None)),
        Decision::Forbidden(reason, MissingAccess { permission, resource, .. }) => {
            let missing = permission.as_ref().map(ToString::to_string).zip(resource.clone());
            Err((reason.as_str(), missing))
        }
    }
}

fn record(state: &State, grants: portcullis::grants::Grants) -> TokenRecord {
    let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
    let created = day(state.created);
    let mut record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, created);
    let at = day(TODAY);
    let (by, grounds) = (Actor::Bootstrap, RevocationDetails::default());
    record.revoked = state.revoked.then_some(Revocation { at, by, grounds });
    record.disabled = state.disabled.then_some(DisabledState { at, by: None, why: DisableReason::Owner });
    record.expires_at = state.expires.map(day);
    record.rotated_at = state.rotated.map(day);
    let network = |last: u8| address(last).to_string().parse::<Network>().unwrap();
    record.allowed_ips = IpAllowlist::from(state.only_from.map(network).into_iter().collect::<Vec<_>>());
    record
}

fn day(number: u8) -> Timestamp {
    Timestamp::from_seconds(i64::from(number) * 86_400)
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}
