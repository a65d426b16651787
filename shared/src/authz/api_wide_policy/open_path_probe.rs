//! Whether a path, or everything below one, is open: tried on one path for all that are
//! like it.
//!
//! A [`FRESH`] name equals no literal of any route and no name of any grant. What opens it
//! therefore opens every other name in its place: grants cover names by what they begin
//! with, and so cover a path with a fresh name only by what stands before it.

use std::cell::Cell;

use crate::authz::{Api, AuthzContext, Requirement, requirement};
use crate::catalog::fold::fold;
use crate::catalog::{Lookalike, RequestPath, Route, RouteMatcher, Segment, Target};
use crate::grants::Grants;

/// No rule ever let a control character into a route, a grant or a path.
const FRESH: &str = "\0";

/// The most routes that are compared with paths for one answer: some milliseconds' worth.
pub(super) const MAX_COMPARISONS: usize = 250_000;

pub(super) struct Witness<'a> {
    grants: &'a Grants,
    rules: &'a AuthzContext<'a>,
    /// How many comparisons are left.
    left: Cell<usize>,
}

impl<'a> Witness<'a> {
    pub(super) fn new(grants: &'a Grants, rules: &'a AuthzContext<'a>) -> Self {
        Self { grants, rules, left: Cell::new(MAX_COMPARISONS) }
    }

    /// Whether there were too many comparisons. Then what it said is not to be relied upon.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// Counts a comparison with all routes; false where there have been too many.
    fn counts(&self) -> bool {
        self.left.set(self.left.get().saturating_sub(self.rules.catalog.routes().len()));
        !self.is_exhausted()
    }

    /// Whether this very path is open.
    pub(super) fn opens(&self, method: &str, names: &[String]) -> bool {
        if !self.counts() {
            return false;
        }
        match requirement(self.rules, Api::Protected, on(method), &RequestPath::of(names)) {
            Requirement::Permission { permission, resource, lookalikes, .. } => {
                let allows = |it: &Lookalike| self.grants.allows(&it.permission, &it.resource);
                self.grants.allows(&permission, &resource) && lookalikes.iter().all(allows)
            }
            Requirement::Authenticated | Requirement::Unlisted => false,
        }
    }

    /// Whether every path below is open: those of routes, by each route, and all the others,
    /// by their number of names.
    pub(super) fn opens_all_below(&self, method: &str, names: &[String]) -> bool {
        self.closed_below(method, names).is_none() && self.depths(method, names).all(|path| self.opens(method, &path))
    }

    /// Whether every path below is one of a route.
    pub(super) fn lists_all_below(&self, method: &str, names: &[String]) -> bool {
        let listed = |path: &[String]| self.rules.catalog.route(on(method), &RequestPath::of(path)).is_some();
        self.depths(method, names).all(|path| self.counts() && listed(&path))
    }

    /// A route below that is closed, or open for some of its paths there only. Other spellings of its
    /// paths count as its paths.
    pub(super) fn closed_below(&self, method: &str, names: &[String]) -> Option<&'a Route> {
        let closed = |(route, path): &(&Route, Vec<String>)| {
            let folded: Vec<_> = path.iter().map(|name| fold(name)).collect();
            let resource = route.resource_of_lookalike(on(method), &RequestPath::of(path), &folded);
            !resource.is_some_and(|resource| self.grants.allows(&route.permission, &resource))
        };
        self.routes_below(method, names).find(closed).map(|(route, _)| route)
    }

    /// The routes that have paths below, and the most general of these paths.
    fn routes_below(&self, method: &str, names: &[String]) -> impl Iterator<Item = (&'a Route, Vec<String>)> {
        let folded: Vec<_> = names.iter().map(|name| fold(name)).collect();
        let routes = if self.counts() { self.rules.catalog.routes() } else { &[] };
        routes.iter().filter_map(move |route| match &route.on {
            RouteMatcher::Http(on, _) if on.is(method) => Some((route, below(&route.folded, names, &folded)?)),
            _ => None,
        })
    }

    /// Paths below that have fresh names only, up to a number of names from which on all are
    /// alike: one more than the longest route has.
    fn depths(&self, method: &str, names: &[String]) -> impl Iterator<Item = Vec<String>> {
        let longest = self.routes_below(method, names).map(|(_, path)| path.len()).max();
        let mut path = names.to_vec();
        (names.len()..=longest.unwrap_or(names.len())).map(move |_| {
            path.push(FRESH.to_owned());
            path.clone()
        })
    }
}

fn on(method: &str) -> Target<'_> {
    Target::Http { method, path: "" }
}

/// The most general path that begins with these names, has more, and is a route's in some spelling.
/// `parts` and `folded` are the route's parts and the names, folded.
fn below(parts: &[Segment], names: &[String], folded: &[String]) -> Option<Vec<String>> {
    let mut path = names.to_vec();
    let mut given = folded.iter();
    for part in parts {
        match (part, given.next()) {
            (Segment::Literal(literal), Some(name)) if literal != name => return None,
            (Segment::Literal(_) | Segment::Parameter(_), Some(_)) => {}
            (Segment::Literal(literal), None) => path.push(literal.clone()),
            (Segment::Parameter(_) | Segment::CatchAll(_), None) => path.push(FRESH.to_owned()),
            (Segment::CatchAll(_), Some(_)) => {
                path.push(FRESH.to_owned());
                return Some(path);
            }
        }
    }
    (path.len() > names.len()).then_some(path)
}
