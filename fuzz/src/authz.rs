//! The decision (`docs/authorization.md`; the order of the reasons: `docs/token-lifecycle.md`).

use crate::catalog::RouteText;
use crate::grants::GrantText;
use crate::path;

/// Pieces of a request's path as a client sends it: ordinary ones, other spellings, ambiguous ones, and ambiguous ones that
/// no pattern of a cached policy matches (`docs/caching.md`, Other differences).
#[rustfmt::skip]
pub const PIECES: [&str; 34] = [
    "a", "b", "A", "a.x", "c", "m y",
    "a%20", "%61", "a.", "%EF%BD%81", "%E2%80%8Ba", "B.x.y", "a%20.x", "b%C2%AD", "a%2Ex",
    "..", ".", "", "%2e", "%2E%2e", "%2f", "a;x", "%5C", "%25", "%00", "...", "%20", "%E2%80%8B", "%EF%BC%8F",
    "a%EF%BC%9Bx",
    "a*", "?", "%zz", "%ff",
];
/// The number of pieces that are not ambiguous.
pub const UNAMBIGUOUS: usize = 15;
/// The number of pieces that are not ambiguous, or that a cached policy refuses.
pub const GUARDED: usize = 30;

/// The pieces with these numbers; numbers that are too large stand for nothing.
pub fn pieces(numbers: &[u8]) -> impl Iterator<Item = &'static str> {
    numbers.iter().filter_map(|number| PIECES.get(usize::from(*number) % (PIECES.len() + 6)).copied())
}

/// What a request requires.
#[derive(Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Unlisted,
    /// Any of the permissions on the resource; and first, each permission and resource of a lookalike.
    Access {
        any_of: Vec<String>,
        resource: String,
        lookalikes: Vec<(String, String)>,
        by_convention: bool,
    },
}

/// The reason of a denial, with the missing permission and resource.
pub type Denial = (&'static str, Option<(String, String)>);
/// Allow, or a denial.
pub type Outcome = Result<(), Denial>;

/// The decision of the second half: what a request with these names requires, and whether the grants have it.
pub fn decide(grants: &[GrantText], needs: &Needs) -> Outcome {
    let Needs::Access { any_of, resource, lookalikes, .. } = needs else {
        return if *needs == Needs::Nothing { Ok(()) } else { Err(("route_not_listed", None)) };
    };
    let allowed = |permission: &str, name: &str| grants.iter().any(|grant| grant.allows(permission, name));
    if let Some(missing) = lookalikes.iter().find(|(permission, name)| !allowed(permission, name)) {
        return Err(("route_lookalike", Some(missing.clone())));
    }
    if any_of.iter().any(|permission| allowed(permission, resource)) {
        return Ok(());
    }
    let elsewhere = any_of.iter().any(|permission| grants.iter().any(|grant| grant.has(permission)));
    let reason = if elsewhere { "resource_not_granted" } else { "permission_missing" };
    Err((reason, Some((any_of[0].clone(), resource.clone()))))
}

/// What a request to a protected API requires.
pub fn protected(strict: bool, routes: &[RouteText], method: &str, names: &[String]) -> Needs {
    let of = |route: &RouteText| (route.permission.clone(), route.resource(names));
    let on_method = || routes.iter().filter(|route| route.takes(method));
    if let Some((permission, resource)) = on_method().find(|route| route.matches(names)).map(of) {
        return Needs::Access { any_of: vec![permission], resource, lookalikes: Vec::new(), by_convention: false };
    }
    if strict {
        return Needs::Unlisted;
    }
    let lookalikes = on_method().filter(|route| route.resembles(names)).map(of).collect();
    Needs::Access {
        any_of: vec![conventional(method, names)],
        resource: names.join("/"),
        lookalikes,
        by_convention: true,
    }
}

/// What a request to the management API requires.
pub fn management(only_admins: bool, method: &str, names: &[String]) -> Needs {
    let path = names.join("/");
    let needs = |any_of: Vec<String>, resource: &str| Needs::Access {
        any_of,
        resource: resource.to_owned(),
        lookalikes: Vec::new(),
        by_convention: false,
    };
    let tokens = |action: &str| if only_admins { vec![] } else { vec![format!("tokens:{action}")] };
    let or_admin = |action: &str| [tokens(action), vec!["tokens:admin".to_owned()]].concat();
    match names.first().map(String::as_str) {
        Some("me") if names.len() == 1 => Needs::Nothing,
        Some("approvals") => Needs::Nothing,
        Some("tokens") => needs(or_admin(action(method)), &path),
        Some("activity" | "explain") => needs(or_admin("read"), "tokens"),
        Some("introspect") => needs(vec!["tokens:introspect".to_owned()], "tokens"),
        Some("owners") => needs(vec!["tokens:admin".to_owned()], "tokens"),
        _ => needs(vec![conventional(method, names)], &path),
    }
}

/// The convention: the first name and the action of the method; `*` if the name cannot be in a permission.
fn conventional(method: &str, names: &[String]) -> String {
    let first = names.first().map(String::as_str).unwrap_or_default();
    let good = first.starts_with(|c: char| c.is_ascii_alphanumeric())
        && first.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    format!("{}:{}", if good { first } else { "*" }, action(method))
}

fn action(method: &str) -> &'static str {
    if ["GET", "HEAD", "OPTIONS"].contains(&method) { "read" } else { "write" }
}

/// The names of a raw path, as [`path::names`].
pub fn names(raw: &str) -> Result<Vec<String>, Denial> {
    path::names(raw).ok_or(("malformed_path", None))
}
