//! All that a principal may do on a protected API at once: the requests that [`authorize`]
//! allows, as regions of paths that a policy's patterns can say exactly.
//!
//! In a policy's pattern `*` stands for any run of characters, slashes included. So a path
//! can be said, and all paths below one; "any one name, and then `builds`" cannot. Nor is
//! anything ever subtracted: a path has several spellings, and one that a `Deny` misses
//! would be let in. Where regions alone cannot say it, there are none.
//!
//! [`authorize`]: crate::authz::authorize

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use super::open_path_probe::{MAX_COMPARISONS, Witness};
use super::route_unification::{names_of, paths_about};
use crate::authz::AuthzContext;
use crate::authz::requirement::conventional_action;
use crate::catalog::{METHODS, Route, RouteMatcher};
use crate::grants::{Grant, Grants, Permission, Resource};

/// The most regions that are looked for. A policy has room for far fewer.
const MAX_REGIONS: usize = 400;

/// What is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AllowedPaths {
    /// Every method on every path.
    Everything,
    /// What is in one of these, none of which is within another.
    Regions(Vec<Region>),
}

/// A method on some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// `GET`
    pub method: &'static str,
    /// The names, decoded, with which its paths begin; none is the API's root.
    pub names: Vec<String>,
    /// Which of those paths.
    pub extent: Extent,
}

/// Which of the paths that begin with the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// The one that has no more.
    Exact,
    /// All of them.
    Tree,
    /// All that have more.
    Below,
}

/// Why no regions say what is allowed. Each is a sentence for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExpressible {
    /// A route is open on paths with any one name in them, among others that are closed.
    #[error(
        "the route {0} is open whatever its parameters are, which no pattern says without opening longer paths too"
    )]
    OpenParameterizedRoute(String),
    /// A route is closed within what is open around it.
    #[error("the route {0} is closed, or partly so, among paths that are open")]
    ClosedRouteInside(String),
    /// There is too much to say.
    #[error("it takes more than {MAX_REGIONS} patterns to say what is allowed")]
    TooManyPatterns,
    /// There is too much to work out for one request.
    #[error("with so many routes it takes more than {MAX_COMPARISONS} comparisons to say what is allowed")]
    TooManyComparisons,
}

/// All requests of a protected API that are allowed to whoever has these grants and is
/// alive, by the methods that API Gateway knows.
///
/// # Errors
/// When there are no regions that say exactly that.
pub(super) fn regions(grants: &Grants, rules: &AuthzContext<'_>) -> Result<AllowedPaths, NotExpressible> {
    let all = |held: &Permission| held.resource().is_none() && held.action().is_none();
    let universal = |grant: &Grant| grant.permissions.iter().any(all) && grant.resources.contains(&Resource::All);
    if !rules.catalog.is_strict() && grants.iter().any(universal) {
        return Ok(AllowedPaths::Everything);
    }
    let mut finder = Finder { witness: Witness::new(grants, rules), grants, found: BTreeMap::new() };
    if !rules.catalog.is_strict() {
        for method in METHODS {
            finder.by_convention(method)?;
        }
    }
    for route in rules.catalog.routes() {
        finder.by_route(route)?;
    }
    finder.is_done()?;
    Ok(AllowedPaths::Regions(finder.regions()))
}

struct Finder<'a> {
    witness: Witness<'a>,
    grants: &'a Grants,
    found: BTreeMap<(&'static str, Vec<String>), Found>,
}

/// Which parts of a tree were found to be open.
#[derive(Clone, Copy, Default)]
struct Found {
    root: bool,
    below: bool,
}

impl Finder<'_> {
    /// # Errors
    /// Where there were too many comparisons for anything to be said.
    fn is_done(&self) -> Result<(), NotExpressible> {
        if self.witness.is_exhausted() { Err(NotExpressible::TooManyComparisons) } else { Ok(()) }
    }

    /// What the convention opens.
    fn by_convention(&mut self, method: &'static str) -> Result<(), NotExpressible> {
        let action = conventional_action(method);
        for grant in self.grants {
            let held = grant.permissions.iter().filter(|held| held.action().is_none_or(|held| held == action));
            let first_names: Vec<_> = held.map(|held| Vec::from_iter(held.resource().map(str::to_owned))).collect();
            for resource in &grant.resources {
                self.is_done()?;
                match resource {
                    Resource::All => {
                        for names in &first_names {
                            self.root(method, names)?;
                            self.below_by_convention(method, names)?;
                        }
                    }
                    Resource::Subtree(root) | Resource::Descendants(root) => {
                        let Some(names) = names_of(root) else { continue };
                        let first = names.first().map_or("", String::as_str);
                        if !grant.has(&Permission::needed(first, action)) {
                            continue;
                        }
                        if matches!(resource, Resource::Subtree(_)) {
                            self.root(method, &names)?;
                        }
                        self.below_by_convention(method, &names)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What a route of the catalog opens.
    fn by_route(&mut self, route: &Route) -> Result<(), NotExpressible> {
        let RouteMatcher::Http(on, parts) = &route.on else { return Ok(()) };
        for grant in self.grants.iter().filter(|grant| grant.has(&route.permission)) {
            for paths in grant.resources.iter().flat_map(|resource| paths_about(route, parts, resource)) {
                for method in METHODS.into_iter().filter(|method| on.is(method)) {
                    self.is_done()?;
                    if paths.more {
                        self.below_by_route(method, &paths.names, route)?;
                    } else {
                        self.root(method, &paths.names)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn root(&mut self, method: &'static str, names: &[String]) -> Result<(), NotExpressible> {
        if self.witness.opens(method, names) {
            self.found(method, names, Found { root: true, below: false })?;
        }
        Ok(())
    }

    /// What is below, on which no route says otherwise.
    fn below_by_convention(&mut self, method: &'static str, names: &[String]) -> Result<(), NotExpressible> {
        if self.has_below(method, names) {
            return Ok(());
        }
        match self.witness.closed_below(method, names) {
            None => self.found(method, names, Found { root: false, below: true }),
            // Routes say it all, and the convention nothing.
            Some(_) if self.witness.lists_all_below(method, names) => Ok(()),
            Some(route) => Err(NotExpressible::ClosedRouteInside(route.pattern.clone())),
        }
    }

    /// Paths below that are open: only together with everything else that is below.
    fn below_by_route(&mut self, method: &'static str, names: &[String], route: &Route) -> Result<(), NotExpressible> {
        if self.has_below(method, names) {
            Ok(())
        } else if self.witness.opens_all_below(method, names) {
            self.found(method, names, Found { root: false, below: true })
        } else {
            Err(NotExpressible::OpenParameterizedRoute(route.pattern.clone()))
        }
    }

    fn has_below(&self, method: &'static str, names: &[String]) -> bool {
        self.found.get(&(method, names.to_vec())).is_some_and(|found| found.below)
    }

    fn found(&mut self, method: &'static str, names: &[String], more: Found) -> Result<(), NotExpressible> {
        let found = self.found.entry((method, names.to_vec())).or_default();
        found.root |= more.root;
        found.below |= more.below;
        if self.found.len() > MAX_REGIONS { Err(NotExpressible::TooManyPatterns) } else { Ok(()) }
    }

    fn regions(&self) -> Vec<Region> {
        let within_another = |method: &'static str, names: &[String]| {
            let above = (0..names.len()).filter_map(|count| names.get(..count));
            above.into_iter().any(|above| self.has_below(method, above))
        };
        let regions = self.found.iter().filter(|((method, names), _)| !within_another(method, names));
        let regions = regions.map(|((method, names), found)| {
            let extent = match (found.root, found.below) {
                (true, true) => Extent::Tree,
                (false, true) => Extent::Below,
                (_, false) => Extent::Exact,
            };
            Region { method, names: names.clone(), extent }
        });
        regions.collect()
    }
}
