//! Impact of a new catalog on a token: the routes that the token could call and cannot any more, or the other way
//! round.
//!
//! It compares what the two catalogs decide on sample requests of each route that differs. The samples are the paths
//! that the token's resources name. A route is lost if any of its samples is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Api, AuthzContext, requirement};
use crate::catalog::{METHODS, RequestPath, Route, RouteMatcher, Segment, Target};
use crate::grants::{Grants, Resource};

/// Maximum number of routes that are compared, so that the work is bounded.
const MAX_COMPARED_ROUTES: usize = 200;

/// Maximum number of sample paths of a token and a route.
const MAX_SAMPLES: usize = 20;

/// A name that no route and no grant contains, because they never contain control characters.
const ANY_NAME: &str = "\0";

/// The names of a path.
type Names = Vec<String>;

/// Two catalogs, and the routes in which they differ.
pub struct CatalogImpact<'a> {
    before: AuthzContext<'a>,
    after: AuthzContext<'a>,
    routes: Vec<&'a Route>,
    skipped: usize,
}

/// The impact on one token, by the pattern of the route; `None` stands for the paths without a route.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TokenImpact<'a> {
    /// The routes that the token can no longer call.
    pub loses: BTreeSet<Option<&'a str>>,
    /// The routes that the token can call from now on.
    pub gains: BTreeSet<Option<&'a str>>,
}

impl<'a> CatalogImpact<'a> {
    /// Finds the routes in which two catalogs differ.
    #[must_use]
    pub fn new(before: AuthzContext<'a>, after: AuthzContext<'a>) -> Self {
        let differing = |ours: &AuthzContext<'a>, theirs: &AuthzContext<'a>| {
            let theirs: BTreeMap<_, _> =
                theirs.catalog.routes().iter().map(|route| (route.pattern.as_str(), route)).collect();
            let routes = ours.catalog.routes().iter();
            routes
                .filter(move |route| {
                    theirs.get(route.pattern.as_str()) != Some(route)
                        || before.catalog.approval_rule(&route.permission)
                            != after.catalog.approval_rule(&route.permission)
                })
                .collect::<Vec<_>>()
        };
        let mut routes = [differing(&after, &before), differing(&before, &after)].concat();
        let skipped = routes.len().saturating_sub(MAX_COMPARED_ROUTES);
        routes.truncate(MAX_COMPARED_ROUTES);
        Self { before, after, routes, skipped }
    }

    /// The number of routes that differ and are not compared, because there are more than 200.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The impact on a token with these grants.
    #[must_use]
    pub fn on(&self, grants: &Grants) -> TokenImpact<'a> {
        let mut impact = TokenImpact::default();
        for route in &self.routes {
            let RouteMatcher::Http(method, parts) = &route.on else {
                self.compare(grants, Target::Connect, &[], Some(&route.pattern), &mut impact);
                continue;
            };
            let samples = samples(route, parts, grants);
            for method in METHODS.into_iter().filter(|known| *known != "HEAD" && method.is(known)) {
                for names in &samples {
                    self.compare(grants, Target::Http { method, path: "" }, names, Some(&route.pattern), &mut impact);
                }
            }
        }
        if self.before.catalog.is_strict() != self.after.catalog.is_strict()
            || !self.before.catalog.has_approvals_of(self.after.catalog)
        {
            for (method, names) in unlisted_samples(grants) {
                self.compare(grants, Target::Http { method, path: "" }, &names, None, &mut impact);
            }
        }
        impact
    }

    /// Adds the impact on one request. Without a `route`, it counts only if no catalog lists it.
    fn compare(
        &self,
        grants: &Grants,
        target: Target<'_>,
        names: &[String],
        route: Option<&'a str>,
        impact: &mut TokenImpact<'a>,
    ) {
        let path = RequestPath::from_names(names);
        let listed = |rules: &AuthzContext<'a>| rules.catalog.route(target, &path).map(|(it, _)| it.pattern.as_str());
        let (was_listed, is_listed) = (listed(&self.before), listed(&self.after));
        if route.is_none() && was_listed.or(is_listed).is_some() {
            return;
        }
        // A token that needs an approval can no longer make the request alone.
        let allows = |rules| {
            let needed = requirement(rules, Api::Protected, target, &path);
            needed.is_met_by(grants) && !needed.needs_approval(rules, grants)
        };
        match (allows(&self.before), allows(&self.after)) {
            (true, false) => _ = impact.loses.insert(was_listed.or(route)),
            (false, true) => _ = impact.gains.insert(is_listed.or(route)),
            _ => {}
        }
    }
}

/// Paths of a route that refer to a resource of the grants, as the route's resource and by convention.
fn samples(route: &Route, parts: &[Segment], grants: &Grants) -> BTreeSet<Names> {
    let resources: BTreeSet<_> = grants.iter().flat_map(|grant| &grant.resources).collect();
    let templates = [route.template.as_deref(), Some(parts)];
    let found = resources
        .into_iter()
        .flat_map(|resource| templates.iter().flatten().filter_map(move |template| sample(parts, template, resource)));
    found.take(MAX_SAMPLES).collect()
}

/// A path of the route for which the template names something that the resource covers.
fn sample(parts: &[Segment], template: &[Segment], resource: &Resource) -> Option<Names> {
    let mut bound = BTreeMap::new();
    let mut root = names_of(resource);
    for segment in template {
        let Some((first, others)) = root.split_first() else { break };
        match segment {
            Segment::Literal(name) if name == first || first == ANY_NAME => root = others.to_vec(),
            Segment::Literal(_) => return None,
            // In a template, `{name}` stands for the path's `{name+}` too.
            Segment::Parameter(name) | Segment::CatchAll(name) if parts.contains(&Segment::CatchAll(name.clone())) => {
                bound.insert(name.as_str(), std::mem::take(&mut root));
            }
            Segment::Parameter(name) | Segment::CatchAll(name) => {
                bound.insert(name.as_str(), vec![first.clone()]);
                root = others.to_vec();
            }
        }
    }
    let path = parts.iter().flat_map(|part| match part {
        Segment::Literal(name) => vec![name.clone()],
        Segment::Parameter(name) | Segment::CatchAll(name) => {
            bound.get(name.as_str()).cloned().unwrap_or_else(|| vec![ANY_NAME.to_owned()])
        }
    });
    root.is_empty().then(|| path.collect())
}

/// Requests that the convention would allow to the grants.
fn unlisted_samples(grants: &Grants) -> Vec<(&'static str, Names)> {
    let found = grants.iter().flat_map(|grant| {
        grant.resources.iter().flat_map(move |resource| {
            grant.permissions.iter().flat_map(move |permission| {
                let mut names = names_of(resource);
                if names.is_empty() {
                    names.push(permission.resource().unwrap_or(ANY_NAME).to_owned());
                }
                let below = [names.as_slice(), &[ANY_NAME.to_owned()]].concat();
                [("GET", names.clone()), ("POST", names), ("GET", below.clone()), ("POST", below)]
            })
        })
    });
    found.take(4 * MAX_SAMPLES).collect()
}

/// The names of something that the resource covers; none if it covers everything.
fn names_of(resource: &Resource) -> Names {
    let names = |root: &str| root.split('/').map(str::to_owned).collect::<Vec<_>>();
    match resource {
        Resource::All => Vec::new(),
        Resource::Subtree(root) => names(root),
        Resource::Descendants(root) => [names(root), vec![ANY_NAME.to_owned()]].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Settings;
    use crate::catalog::tests::catalog;
    use crate::grants::grant::tests::grants;
    use serde_json::{Value, json};

    fn document(routes: &Value, strict: bool) -> String {
        let permissions = json!({"apps:read": "", "apps:write": "", "app:view": "", "ws:open": ""});
        json!({"strict": strict, "permissions": permissions, "routes": routes}).to_string()
    }

    /// The impact of the second catalog on a token, one line for each route.
    fn impact(before: &str, after: &str, held: &[(&[&str], &[&str])]) -> Vec<String> {
        let (before, after) = (catalog(before), catalog(after));
        let context = |catalog| AuthzContext::new(catalog, &Settings::default());
        let impact = CatalogImpact::new(context(&before), context(&after)).on(&grants(held));
        let line = |what: &str, route: Option<&str>| format!("{what} {}", route.unwrap_or("others"));
        let loses = impact.loses.into_iter().map(|route| line("loses", route));
        loses.chain(impact.gains.into_iter().map(|route| line("gains", route))).collect()
    }

    /// The impact if the routes change and the catalogs are not strict.
    fn of_routes(before: &Value, after: &Value, held: &[(&[&str], &[&str])]) -> Vec<String> {
        impact(&document(before, false), &document(after, false), held)
    }

    #[test]
    fn a_route_with_another_requirement_is_lost_and_gained() {
        let read = json!([{"match": "GET /apps/{app}", "permission": "apps:read"}]);
        let view = json!([{"match": "GET /apps/{app}", "permission": "app:view", "resource": "app/{app}"}]);
        for resource in ["*", "apps", "apps/*", "apps/billing"] {
            assert_eq!(
                of_routes(&read, &view, &[(&["apps:read"], &[resource])]),
                ["loses GET /apps/{app}"],
                "{resource}"
            );
        }
        assert_eq!(of_routes(&read, &view, &[(&["app:view"], &["app/billing"])]), ["gains GET /apps/{app}"]);
        assert_eq!(of_routes(&read, &view, &[(&["*"], &["*"])]), [""; 0]);
        assert_eq!(of_routes(&read, &view, &[(&["apps:read"], &["apps/billing/builds", "app/x"])]), [""; 0]);
    }

    #[test]
    fn a_resource_names_the_routes_below_it() {
        let before = json!([{"match": "GET /apps/{app}/env", "permission": "app:view", "resource": "app/{app}/env"}]);
        let after = json!([{"match": "GET /apps/{app}/env", "permission": "ws:open", "resource": "app/{app}/env"}]);
        for resource in ["*", "app", "app/*", "app/x", "app/x/*", "app/x/env"] {
            let lost = of_routes(&before, &after, &[(&["app:view"], &[resource])]);
            assert_eq!(lost, ["loses GET /apps/{app}/env"], "{resource}");
        }
        for resource in ["apps", "app/x/env/*", "app/x/env/y", "app/x/builds"] {
            assert_eq!(of_routes(&before, &after, &[(&["app:view"], &[resource])]), [""; 0], "{resource}");
        }
    }

    #[test]
    fn a_route_is_lost_if_one_of_its_paths_is() {
        let before = json!([{"match": "ANY /apps/{app}", "permission": "app:view"}]);
        let after = json!([
            {"match": "GET /apps/{app}", "permission": "app:view"},
            {"match": "POST /apps/{app}", "permission": "apps:write"}]);
        assert_eq!(of_routes(&before, &after, &[(&["app:view"], &["*"])]), ["loses ANY /apps/{app}"]);
    }

    #[test]
    fn a_route_is_compared_for_its_own_methods_only() {
        let before = json!([
            {"match": "GET /apps", "permission": "apps:read"}, {"match": "POST /apps", "permission": "app:view"}]);
        let after = json!([{"match": "GET /apps", "permission": "app:view"}]);
        assert_eq!(of_routes(&before, &after, &[(&["apps:write"], &["*"])]), ["gains POST /apps"]);
    }

    #[test]
    fn a_resource_names_all_that_a_catch_all_takes() {
        let route = |permission| json!([{"match": "GET /f/{path+}", "permission": permission, "resource": "f/{path}"}]);
        let lost = of_routes(&route("apps:read"), &route("app:view"), &[(&["apps:read"], &["f/a/b"])]);
        assert_eq!(lost, ["loses GET /f/{path+}"]);
    }

    #[test]
    fn resources_of_other_routes_take_no_samples() {
        let route = |permission| json!([{"match": "GET /apps/{app}", "permission": permission}]);
        let others: Vec<_> = (0..=MAX_SAMPLES).map(|n| format!("a{n}/y")).collect();
        let held: Vec<_> = others.iter().map(String::as_str).chain(["apps/x"]).collect();
        let lost = of_routes(&route("apps:read"), &route("app:view"), &[(&["apps:read"], &held)]);
        assert_eq!(lost, ["loses GET /apps/{app}"]);
    }

    #[test]
    fn every_resource_is_tried_on_the_paths_without_a_route() {
        let (loose, strict) = (document(&json!([]), false), document(&json!([]), true));
        let resources: Vec<_> = (0..MAX_SAMPLES).map(|n| format!("a{n:02}")).collect();
        let held: Vec<_> = resources.iter().map(String::as_str).collect();
        assert_eq!(impact(&loose, &strict, &[(&["a19:read"], &held)]), ["loses others"]);
    }

    #[test]
    fn a_removed_route_requires_what_the_convention_does() {
        let before = json!([{"match": "GET /apps/{app}/{rest+}", "permission": "app:view", "resource": "app/{app}"}]);
        assert_eq!(of_routes(&before, &json!([]), &[(&["app:view"], &["app/x"])]), ["loses GET /apps/{app}/{rest+}"]);
        assert_eq!(of_routes(&before, &json!([]), &[(&["apps:read"], &["apps/x"])]), ["gains GET /apps/{app}/{rest+}"]);
        let strict = |routes| document(&routes, true);
        let lost = impact(&strict(before), &strict(json!([])), &[(&["app:view"], &["*"])]);
        assert_eq!(lost, ["loses GET /apps/{app}/{rest+}"]);
    }

    #[test]
    fn renamed_parameters_and_another_order_have_no_impact() {
        let before = json!([
            {"match": "GET /apps/{app}", "permission": "app:view", "resource": "app/{app}"},
            {"match": "GET /files/{path+}", "permission": "apps:read", "resource": "files/{path}"}]);
        let after = json!([
            {"match": "GET /files/{file+}", "permission": "apps:read", "resource": "files/{file}"},
            {"match": "GET /apps/{name}", "permission": "app:view", "resource": "app/{name}"}]);
        let held = [(&["app:view", "apps:read"][..], &["app/billing", "files/a/b", "*"][..])];
        assert_eq!(of_routes(&before, &after, &held), [""; 0]);
    }

    #[test]
    fn a_strict_catalog_takes_the_paths_without_a_route() {
        let routes = json!([{"match": "GET /apps/{app}", "permission": "apps:read"}]);
        let (loose, strict) = (document(&routes, false), document(&routes, true));
        for resource in ["*", "apps", "apps/*", "apps/x"] {
            assert_eq!(impact(&loose, &strict, &[(&["apps:read"], &[resource])]), ["loses others"], "{resource}");
        }
        assert_eq!(impact(&strict, &loose, &[(&["apps:write"], &["apps/x"])]), ["gains others"]);
        assert_eq!(impact(&loose, &strict, &[(&["app:view"], &["*"])]), [""; 0]);
    }

    #[test]
    fn a_route_that_needs_approval_from_now_on_is_lost() {
        let before = json!({"permissions": {"rel:write": "", "rel:unapproved": ""}});
        let rule = json!({"description": "", "approval": {"valid_for": "15m", "unless": "rel:unapproved"}});
        let after = json!({"permissions": {"rel:write": rule, "rel:unapproved": ""}});
        let (before, after) = (before.to_string(), after.to_string());
        assert_eq!(impact(&before, &after, &[(&["rel:write"], &["*"])]), ["loses others"]);
        assert_eq!(impact(&after, &before, &[(&["rel:write"], &["*"])]), ["gains others"]);
        assert_eq!(impact(&before, &after, &[(&["rel:write", "rel:unapproved"], &["*"])]), [""; 0]);
    }

    #[test]
    fn opening_a_websocket_is_compared_too() {
        let after = json!([{"match": "$connect", "permission": "ws:open"}]);
        assert_eq!(of_routes(&json!([]), &after, &[(&["websocket:connect"], &["*"])]), ["loses $connect"]);
    }

    #[test]
    fn at_most_200_differing_routes_are_compared() {
        let route = |n| json!({"match": format!("GET /r{n}"), "permission": "apps:read"});
        let after = catalog(&document(&(0..202).map(route).collect(), false));
        let before = catalog(&document(&json!([]), false));
        let context = |catalog| AuthzContext::new(catalog, &Settings::default());
        assert_eq!(CatalogImpact::new(context(&before), context(&after)).skipped(), 2);
    }
}
