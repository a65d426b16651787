//! Probes whether a path, or every path below it, is open, by testing one representative path.
//!
//! A [`UNUSED_NAME`] name equals no literal of a route and no name of a grant. So if a path with a fresh name is
//! open, it is open with any other name in its place: grants match by prefix, and can only match what comes
//! before the fresh name.

use std::cell::Cell;

use crate::authz::{Api, AuthzContext, requirement};
use crate::catalog::fold::fold;
use crate::catalog::{RequestPath, Route, RouteMatcher, Segment, Target};
use crate::grants::Grants;

/// A name that no route, grant or path contains, because they never contain control characters.
const UNUSED_NAME: &str = "\0";

/// Maximum number of route comparisons for one response; they take some milliseconds.
pub(super) const MAX_COMPARISONS: usize = 250_000;

pub(super) struct OpenPathProbe<'a> {
    grants: &'a Grants,
    rules: &'a AuthzContext<'a>,
    /// Number of comparisons left.
    left: Cell<usize>,
}

impl<'a> OpenPathProbe<'a> {
    pub(super) fn new(grants: &'a Grants, rules: &'a AuthzContext<'a>) -> Self {
        Self { grants, rules, left: Cell::new(MAX_COMPARISONS) }
    }

    /// Whether the limit on comparisons was reached. The results are then unreliable.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// Counts a comparison with all routes; returns false once the limit is reached.
    fn counts(&self) -> bool {
        self.left.set(self.left.get().saturating_sub(self.rules.catalog.routes().len()));
        !self.is_exhausted()
    }

    /// Whether this path itself is open.
    pub(super) fn opens(&self, method: &str, names: &[String]) -> bool {
        if !self.counts() {
            return false;
        }
        requirement(self.rules, Api::Protected, on(method), &RequestPath::from_names(names)).is_met_by(self.grants)
    }

    /// Whether every path below is open: the paths of each route, and all others by their number of segments.
    pub(super) fn allows_all_below(&self, method: &str, names: &[String]) -> bool {
        self.closed_below(method, names).is_none() && self.depths(method, names).all(|path| self.opens(method, &path))
    }

    /// Whether a route matches every path below.
    pub(super) fn lists_all_below(&self, method: &str, names: &[String]) -> bool {
        let listed = |path: &[String]| self.rules.catalog.route(on(method), &RequestPath::from_names(path)).is_some();
        self.depths(method, names).all(|path| self.counts() && listed(&path))
    }

    /// A route below that is closed, or open for only some of its paths there. Other spellings of its paths
    /// count as its paths.
    pub(super) fn closed_below(&self, method: &str, names: &[String]) -> Option<&'a Route> {
        let closed = |(route, path): &(&Route, Vec<String>)| {
            let resource = route.resource_of(&RequestPath::from_names(path));
            !resource.is_some_and(|resource| self.grants.allows(&route.permission, &resource))
        };
        self.routes_below(method, names).find(closed).map(|(route, _)| route)
    }

    /// The routes that have paths below, each with the most general of these paths.
    fn routes_below(&self, method: &str, names: &[String]) -> impl Iterator<Item = (&'a Route, Vec<String>)> {
        let folded: Vec<_> = names.iter().map(|name| fold(name)).collect();
        let routes = if self.counts() { self.rules.catalog.routes() } else { &[] };
        routes.iter().filter_map(move |route| match &route.on {
            RouteMatcher::Http(on, _) if on.is(method) => Some((route, below(&route.folded, names, &folded)?)),
            _ => None,
        })
    }

    /// PathPrefix below that consist of fresh names, one per depth. All paths with more segments than the longest
    /// route are alike, so the depths end one beyond it.
    fn depths(&self, method: &str, names: &[String]) -> impl Iterator<Item = Vec<String>> {
        let longest = self.routes_below(method, names).map(|(_, path)| path.len()).max();
        let mut path = names.to_vec();
        (names.len()..=longest.unwrap_or(names.len())).map(move |_| {
            path.push(UNUSED_NAME.to_owned());
            path.clone()
        })
    }
}

fn on(method: &str) -> Target<'_> {
    Target::Http { method, path: "" }
}

/// The most general path that begins with these names, has more segments, and is a route's in some spelling.
/// `parts` are the route's folded parts and `folded` the folded names.
fn below(parts: &[Segment], names: &[String], folded: &[String]) -> Option<Vec<String>> {
    let mut path = names.to_vec();
    let mut given = folded.iter();
    for part in parts {
        match (part, given.next()) {
            (Segment::Literal(literal), Some(name)) if literal != name => return None,
            (Segment::Literal(_) | Segment::Parameter(_), Some(_)) => {}
            (Segment::Literal(literal), None) => path.push(literal.clone()),
            (Segment::Parameter(_) | Segment::CatchAll(_), None) => path.push(UNUSED_NAME.to_owned()),
            (Segment::CatchAll(_), Some(_)) => {
                path.push(UNUSED_NAME.to_owned());
                return Some(path);
            }
        }
    }
    (path.len() > names.len()).then_some(path)
}
