//! Everything that a principal may do on a protected API: the requests that [`authorize`] allows, as regions of
//! paths that policy patterns can express exactly.
//!
//! In a policy pattern `*` matches any run of characters, including slashes. So a pattern can express one path,
//! or all paths below one, but not "any one name, and then `builds`". Nothing is subtracted either: a path has
//! several spellings, and a `Deny` could miss one. If regions cannot express the grants exactly, there is no
//! result.
//!
//! [`authorize`]: crate::authz::authorize

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use super::open_path_probe::{MAX_COMPARISONS, OpenPathProbe};
use super::route_unification::{names_of, paths_about};
use crate::authz::AuthzContext;
use crate::authz::requirement::conventional_action;
use crate::catalog::{METHODS, Route, RouteMatcher};
use crate::grants::{Grant, Grants, Permission, Resource};

/// Maximum number of regions that are computed. A policy has room for far fewer.
const MAX_REGIONS: usize = 400;

/// The allowed paths of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AllowedPaths {
    /// Every method on every path.
    Everything,
    /// The paths in these regions, none of which contains another.
    Regions(Vec<Region>),
}

/// A method on a set of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// `GET`
    pub method: &'static str,
    /// The decoded names with which its paths begin; empty for the API's root.
    pub names: Vec<String>,
    /// Which of the paths with that beginning.
    pub extent: Extent,
}

/// Extent of a region among the paths with the same beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// The path itself only.
    Exact,
    /// The path itself and all below.
    Subtree,
    /// All paths below only.
    Descendants,
}

/// Why no regions express the grants. The messages go to the operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExpressible {
    /// A route is open for any parameter, among paths that are closed.
    #[error("the route {0} is open for any parameter, which no pattern can express without opening longer paths too")]
    OpenParameterizedRoute(String),
    /// A route is closed among paths that are open.
    #[error("the route {0} is closed or partly closed among open paths")]
    ClosedRouteInside(String),
    /// A permission needs approval, so that the token may use it only sometimes.
    #[error("the permission {0} needs approval on some resources only, or the token has it by a wildcard")]
    ApprovalRequired(String),
    /// The result has too many patterns.
    #[error("the allowed paths need more than {MAX_REGIONS} patterns")]
    TooManyPatterns,
    /// The computation is too expensive for one request.
    #[error("with so many routes, computing the allowed paths takes more than {MAX_COMPARISONS} comparisons")]
    TooManyComparisons,
}

/// All requests of a protected API that an active principal with these grants may make, for each method that
/// API Gateway knows.
///
/// # Errors
/// When regions cannot express that exactly.
pub(super) fn allowed_paths(grants: &Grants, rules: &AuthzContext<'_>) -> Result<AllowedPaths, NotExpressible> {
    let all = |held: &Permission| held.resource().is_none() && held.action().is_none();
    let universal = |grant: &Grant| grant.permissions.iter().any(all) && grant.resources.contains(&Resource::All);
    if !rules.catalog.is_strict() && grants.iter().any(universal) {
        return Ok(AllowedPaths::Everything);
    }
    let mut builder = RegionBuilder { probe: OpenPathProbe::new(grants, rules), grants, coverage: BTreeMap::new() };
    if !rules.catalog.is_strict() {
        for method in METHODS {
            builder.add_convention(method)?;
        }
    }
    for route in rules.catalog.routes() {
        builder.add_route(route)?;
    }
    builder.ensure_probe_not_exhausted()?;
    Ok(AllowedPaths::Regions(builder.regions()))
}

struct RegionBuilder<'a> {
    probe: OpenPathProbe<'a>,
    grants: &'a Grants,
    coverage: BTreeMap<(&'static str, Vec<String>), Coverage>,
}

/// Which parts of a subtree are open.
#[derive(Clone, Copy, Default)]
struct Coverage {
    root: bool,
    below: bool,
}

impl RegionBuilder<'_> {
    /// # Errors
    /// When there were too many comparisons for a reliable result.
    fn ensure_probe_not_exhausted(&self) -> Result<(), NotExpressible> {
        if self.probe.is_exhausted() { Err(NotExpressible::TooManyComparisons) } else { Ok(()) }
    }

    /// Adds the paths that the convention opens.
    fn add_convention(&mut self, method: &'static str) -> Result<(), NotExpressible> {
        let action = conventional_action(method);
        for grant in self.grants {
            let held = grant.permissions.iter().filter(|held| held.action().is_none_or(|held| held == action));
            let first_names: Vec<_> = held.map(|held| Vec::from_iter(held.resource().map(str::to_owned))).collect();
            for resource in &grant.resources {
                self.ensure_probe_not_exhausted()?;
                match resource {
                    Resource::All => {
                        for names in &first_names {
                            self.add_root(method, names)?;
                            self.add_below_by_convention(method, names)?;
                        }
                    }
                    Resource::Subtree(root) | Resource::Descendants(root) => {
                        let Some(names) = names_of(root) else { continue };
                        let first = names.first().map_or("", String::as_str);
                        if !grant.has_permission(&Permission::needed(first, action)) {
                            continue;
                        }
                        if matches!(resource, Resource::Subtree(_)) {
                            self.add_root(method, &names)?;
                        }
                        self.add_below_by_convention(method, &names)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds the paths that a route of the catalog opens.
    fn add_route(&mut self, route: &Route) -> Result<(), NotExpressible> {
        let RouteMatcher::Http(on, parts) = &route.on else { return Ok(()) };
        for grant in self.grants.iter().filter(|grant| grant.has_permission(&route.permission)) {
            for paths in grant.resources.iter().flat_map(|resource| paths_about(route, parts, resource)) {
                for method in METHODS.into_iter().filter(|method| on.is(method)) {
                    self.ensure_probe_not_exhausted()?;
                    if paths.more {
                        self.add_below_by_route(method, &paths.names, route)?;
                    } else {
                        self.add_root(method, &paths.names)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn add_root(&mut self, method: &'static str, names: &[String]) -> Result<(), NotExpressible> {
        if self.probe.opens(method, names) {
            self.record(method, names, Coverage { root: true, below: false })?;
        }
        Ok(())
    }

    /// The paths below on which no route decides.
    fn add_below_by_convention(&mut self, method: &'static str, names: &[String]) -> Result<(), NotExpressible> {
        if self.has_below(method, names) {
            return Ok(());
        }
        match self.probe.closed_below(method, names) {
            None => self.record(method, names, Coverage { root: false, below: true }),
            // Routes match every path; the convention does not apply.
            Some(_) if self.probe.lists_all_below(method, names) => Ok(()),
            Some(route) => Err(NotExpressible::ClosedRouteInside(route.pattern.clone())),
        }
    }

    /// Open paths below count only together with everything else that is below.
    fn add_below_by_route(
        &mut self,
        method: &'static str,
        names: &[String],
        route: &Route,
    ) -> Result<(), NotExpressible> {
        if self.has_below(method, names) {
            Ok(())
        } else if self.probe.allows_all_below(method, names) {
            self.record(method, names, Coverage { root: false, below: true })
        } else {
            Err(NotExpressible::OpenParameterizedRoute(route.pattern.clone()))
        }
    }

    fn has_below(&self, method: &'static str, names: &[String]) -> bool {
        self.coverage.get(&(method, names.to_vec())).is_some_and(|coverage| coverage.below)
    }

    fn record(&mut self, method: &'static str, names: &[String], more: Coverage) -> Result<(), NotExpressible> {
        let entry = self.coverage.entry((method, names.to_vec())).or_default();
        entry.root |= more.root;
        entry.below |= more.below;
        if self.coverage.len() > MAX_REGIONS { Err(NotExpressible::TooManyPatterns) } else { Ok(()) }
    }

    fn regions(&self) -> Vec<Region> {
        let within_another = |method: &'static str, names: &[String]| {
            let above = (0..names.len()).filter_map(|count| names.get(..count));
            above.into_iter().any(|above| self.has_below(method, above))
        };
        let regions = self.coverage.iter().filter(|((method, names), _)| !within_another(method, names));
        let regions = regions.map(|((method, names), found)| {
            let extent = match (found.root, found.below) {
                (true, true) => Extent::Subtree,
                (false, true) => Extent::Descendants,
                (_, false) => Extent::Exact,
            };
            Region { method, names: names.clone(), extent }
        });
        regions.collect()
    }
}
