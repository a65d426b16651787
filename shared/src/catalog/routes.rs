//! The routes of a catalog, found by the path of a request. The work depends on the length of the path, and hardly on
//! the number of routes: those that begin with the same parts are found by binary search.

use std::sync::OnceLock;

use super::fold::{fold, stems};
use super::route::{Route, Segment, Target};
use super::{Lookalike, RequestPath};

/// A list of routes, with their order by path.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    list: Vec<Route>,
    /// Positions in the list, ordered by path.
    by_path: Vec<usize>,
    /// Positions in the list, ordered by folded path. A request that matches a route does not need them.
    by_folded_path: OnceLock<Vec<usize>>,
}

impl PartialEq for Routes {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Routes {}

impl Routes {
    pub(super) fn new(list: Vec<Route>) -> Self {
        let by_path = Paths { of: Route::parts, list: &list }.order();
        Self { list, by_path, by_folded_path: OnceLock::new() }
    }

    pub(super) fn as_slice(&self) -> &[Route] {
        &self.list
    }

    /// The first route of the list that matches, with the resource that the request refers to.
    pub(super) fn find(&self, target: Target<'_>, path: &RequestPath) -> Option<(&Route, String)> {
        let names: Vec<_> = match target {
            Target::Http { .. } => path.names().collect(),
            Target::Connect => Vec::new(),
        };
        let paths = Paths { of: Route::parts, list: &self.list };
        let mut found = paths.matching(&self.by_path, &names, Extension::Significant);
        let route = found.find(|route| route.on.accepts(target))?;
        Some((route, route.resource_of(path)?))
    }

    /// The routes of which the path is another spelling, in the order of the list.
    pub(super) fn lookalikes(&self, target: Target<'_>, path: &RequestPath) -> Vec<Lookalike> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let folded: Vec<_> = path.names().map(fold).collect();
        let names: Vec<_> = folded.iter().map(String::as_str).collect();
        let paths = Paths { of: Route::folded_parts, list: &self.list };
        let order = self.by_folded_path.get_or_init(|| paths.order());
        let found = paths.matching(order, &names, Extension::Ignored).filter(|route| route.on.accepts(target));
        let lookalikes = found.filter_map(|route| {
            let resource = route.resource_of(path)?;
            Some(Lookalike { route: route.pattern.clone(), permission: route.permission.clone(), resource })
        });
        lookalikes.collect()
    }
}

/// Whether a file extension of the last name counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extension {
    Significant,
    Ignored,
}

/// The part of a route's path at some depth. Routes are ordered by their parts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// The path has no more parts.
    End,
    CatchAll,
    Parameter,
    Literal(&'a str),
}

impl<'a> From<&'a Segment> for Part<'a> {
    fn from(segment: &'a Segment) -> Self {
        match segment {
            Segment::Literal(name) => Self::Literal(name),
            Segment::Parameter(_) => Self::Parameter,
            Segment::CatchAll(_) => Self::CatchAll,
        }
    }
}

/// The paths of routes, as written or folded.
struct Paths<'a> {
    of: fn(&Route) -> &[Segment],
    list: &'a [Route],
}

impl<'a> Paths<'a> {
    fn order(&self) -> Vec<usize> {
        let mut routes: Vec<_> = self.list.iter().enumerate().collect();
        routes.sort_by(|(_, a), (_, b)| {
            let (a, b) = ((self.of)(a), (self.of)(b));
            a.iter().map(Part::from).cmp(b.iter().map(Part::from))
        });
        routes.into_iter().map(|(at, _)| at).collect()
    }

    /// The routes that match the names, in the order of the list.
    fn matching(&self, order: &[usize], names: &[&str], extension: Extension) -> impl Iterator<Item = &'a Route> {
        let mut found = Vec::new();
        self.add_matching(order, 0, names, extension, &mut found);
        found.sort_unstable();
        found.into_iter().filter_map(|at| self.list.get(at))
    }

    /// Adds those of the routes that match the names. Their first parts match already, as many as `depth`.
    fn add_matching(
        &self,
        routes: &[usize],
        depth: usize,
        names: &[&str],
        extension: Extension,
        found: &mut Vec<usize>,
    ) {
        if routes.is_empty() {
            return;
        }
        let Some(name) = names.get(depth) else {
            found.extend(self.with_part(routes, depth, &Part::End));
            return;
        };
        found.extend(self.with_part(routes, depth, &Part::CatchAll));
        let mut add =
            |part| self.add_matching(self.with_part(routes, depth, &part), depth + 1, names, extension, found);
        add(Part::Parameter);
        add(Part::Literal(name));
        if extension == Extension::Ignored && depth + 1 == names.len() {
            stems(name).for_each(|stem| add(Part::Literal(stem)));
        }
    }

    /// Those of the routes that have this part at this depth. Before it, all of them have the same parts.
    fn with_part<'r>(&self, routes: &'r [usize], depth: usize, part: &Part<'_>) -> &'r [usize] {
        let (_, rest) = routes.split_at(routes.partition_point(|at| self.part(*at, depth) < *part));
        let (with_part, _) = rest.split_at(rest.partition_point(|at| self.part(*at, depth) == *part));
        with_part
    }

    fn part(&self, at: usize, depth: usize) -> Part<'a> {
        let segment = self.list.get(at).and_then(|route| (self.of)(route).get(depth));
        segment.map_or(Part::End, Part::from)
    }
}

#[cfg(test)]
mod tests;
