use super::*;
use crate::authz::{AccessRequest, Api, Decision, Principal, Session, Settings, authorize};
use crate::catalog::tests::catalog;
use crate::catalog::{Catalog, Target};
use crate::clock::Timestamp;
use crate::grants::grant::tests::{any_grants, grants};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

fn found(list: &[(&[&str], &[&str])], document: &str) -> Result<AllowedPaths, NotExpressible> {
    regions_of(&grants(list), &catalog(document))
}

fn regions_of(grants: &Grants, catalog: &Catalog) -> Result<AllowedPaths, NotExpressible> {
    allowed_paths(grants, &AuthzContext::new(catalog, &Settings::default()))
}

/// The regions, with methods grouped by path: `GET+HEAD apps/**`. `/**` marks a subtree, `/+` the paths below
/// only.
#[track_caller]
fn shown(list: &[(&[&str], &[&str])], document: &str) -> Vec<String> {
    let regions = match found(list, document).unwrap() {
        AllowedPaths::Everything => return vec!["everything".to_owned()],
        AllowedPaths::Regions(regions) => regions,
    };
    let mut shown: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for Region { method, names, extent } in regions {
        let extent = match extent {
            Extent::Exact => "",
            Extent::Subtree => "/**",
            Extent::Descendants => "/+",
        };
        shown.entry(format!("{}{extent}", names.join("/"))).or_default().push(method);
    }
    shown.into_iter().map(|(paths, methods)| format!("{} {paths}", methods.join("+"))).collect()
}

fn contains(allowed: &AllowedPaths, method: &str, path: &str) -> bool {
    let path: Vec<_> = path.split('/').filter(|name| !name.is_empty()).collect();
    let within = |region: &Region| {
        let begins = region.method == method
            && path.len() >= region.names.len()
            && region.names.iter().zip(&path).all(|(a, b)| a == b);
        let more = path.len() > region.names.len();
        begins
            && match region.extent {
                Extent::Exact => !more,
                Extent::Subtree => true,
                Extent::Descendants => more,
            }
    };
    match allowed {
        AllowedPaths::Everything => true,
        AllowedPaths::Regions(regions) => regions.iter().any(within),
    }
}

#[test]
fn by_convention_a_grant_allows_its_resources() {
    for (permissions, resources, expected) in [
        (&["apps:read"] as &[&str], &["apps/billing"] as &[&str], &["GET+HEAD+OPTIONS apps/billing/**"] as &[&str]),
        (&["apps:read", "jobs:read"], &["*"], &["GET+HEAD+OPTIONS apps/**", "GET+HEAD+OPTIONS jobs/**"]),
        (&["apps:write"], &["apps/*"], &["DELETE+PATCH+POST+PUT apps/+"]),
        (
            &["apps:*"],
            &["apps/a", "apps/b", "jobs"],
            &["DELETE+GET+HEAD+OPTIONS+PATCH+POST+PUT apps/a/**", "DELETE+GET+HEAD+OPTIONS+PATCH+POST+PUT apps/b/**"],
        ),
        (&["*:read"], &["*"], &["GET+HEAD+OPTIONS /**"]),
        (&["*:read"], &["~me"], &["GET+HEAD+OPTIONS ~me/**"]),
        (&["apps:read"], &["~me"], &[]),
        (&["apps:restart"], &["*"], &[]),
        (&["*"], &["*"], &["everything"]),
        (&["*"], &["apps"], &["DELETE+GET+HEAD+OPTIONS+PATCH+POST+PUT apps/**"]),
    ] {
        assert_eq!(shown(&[(permissions, resources)], "{}"), expected, "{permissions:?} on {resources:?}");
    }
}

#[test]
fn a_region_within_another_is_dropped() {
    let list: &[(&[&str], &[&str])] =
        &[(&["apps:read"], &["apps/a", "apps/a/b", "apps/*"]), (&["*:read"], &["jobs", "*"])];
    assert_eq!(shown(&list[..1], "{}"), ["GET+HEAD+OPTIONS apps/+"]);
    assert_eq!(shown(list, "{}"), ["GET+HEAD+OPTIONS /**"]);
}

/// The convention uses none of these permissions.
const APPS: &str = r#"{"permissions": {"app:view": "", "build:create": "", "env:view": "", "file:put": ""}, "routes": [
    {"match": "GET /apps", "permission": "app:view", "resource": "app"},
    {"match": "GET /apps/{app}", "permission": "app:view", "resource": "app/{app}"},
    {"match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}"},
    {"match": "GET /apps/{app}/env", "permission": "env:view", "resource": "app/{app}"},
    {"match": "ANY /files/{owner}/{path+}", "permission": "file:put", "resource": "file/{owner}/{path}"}]}"#;

#[test]
fn route_parameters_bound_by_the_grant_make_exact_paths() {
    let one_app: &[(&[&str], &[&str])] = &[(&["app:view", "build:create"], &["app/billing"])];
    assert_eq!(shown(one_app, APPS), ["GET+HEAD apps/billing", "POST apps/billing/builds"]);
    let any = "DELETE+GET+HEAD+OPTIONS+PATCH+POST+PUT";
    assert_eq!(shown(&[(&["file:put"], &["file/me"])], APPS), [format!("{any} files/me/+")]);
    assert_eq!(shown(&[(&["file:put"], &["file/me/a/b"])], APPS), [format!("{any} files/me/a/b/**")]);
    assert_eq!(shown(&[(&["file:put"], &["file/me/a/*"])], APPS), [format!("{any} files/me/a/+")]);
    assert_eq!(shown(&[(&["app:view"], &["app/billing/deeper"])], APPS), [""; 0]);
}

#[test]
fn a_resource_may_name_a_routes_parameters_in_any_order() {
    let shown = |pattern: &str, resource: &str, grant: &str| {
        let route = json!({"match": pattern, "permission": "file:put", "resource": resource});
        let document = json!({"permissions": {"file:put": ""}, "routes": [route]}).to_string();
        shown(&[(&["file:put"], &[grant])], &document)
    };
    // The catch-all may end before the segment that follows it, with it, or beyond it.
    assert_eq!(shown("POST /files/{path+}", "{path}/of", "a/b/of"), ["POST files/a/b", "POST files/a/b/of/**"]);
    assert_eq!(shown("POST /{x}/{y}", "{y}/{x}", "a/b"), ["POST b/a"]);
    assert_eq!(shown("POST /{x}/{y}", "{x}/{x}", "a/b"), [""; 0]);
    assert_eq!(shown("POST /files/{x}", "files", "files/*"), [""; 0]);
}

#[test]
fn a_route_open_for_any_name_must_lie_within_an_open_region() {
    let open = |permissions: &[&str]| found(&[(permissions, &["*"])], APPS);
    assert_eq!(open(&["app:view"]), Err(NotExpressible::OpenParameterizedRoute("GET /apps/{app}".to_owned())));
    assert_eq!(
        open(&["app:view", "apps:read"]),
        Err(NotExpressible::ClosedRouteInside("GET /apps/{app}/env".to_owned()))
    );
    let all = shown(&[(&["app:view", "apps:read", "env:view"], &["*"])], APPS);
    assert_eq!(all, ["GET+HEAD+OPTIONS apps/**"]);
}

#[test]
fn a_listed_root_is_left_out_if_only_paths_below_it_are_open() {
    let document = r#"{"permissions": {"app:list": ""}, "routes": [{"match": "GET /apps", "permission": "app:list"}]}"#;
    assert_eq!(shown(&[(&["apps:read"], &["*"])], document), ["OPTIONS apps/**", "GET+HEAD apps/+"]);
}

#[test]
fn routes_that_match_all_paths_below_are_open_together() {
    let document = |strict| {
        let routes =
            ["GET /apps/{app}", "GET /apps/{app}/{rest+}"].map(|text| json!({"match": text, "permission": "app:view"}));
        json!({"strict": strict, "permissions": {"app:view": ""}, "routes": routes}).to_string()
    };
    for strict in [true, false] {
        assert_eq!(shown(&[(&["app:view"], &["*"])], &document(strict)), ["GET+HEAD apps/+"]);
        assert_eq!(shown(&[(&["app:view"], &["apps/billing"])], &document(strict)), ["GET+HEAD apps/billing/**"]);
    }
    // The convention does not apply to paths that are listed.
    assert_eq!(shown(&[(&["apps:read"], &["*"])], &document(false)), ["GET+HEAD apps", "OPTIONS apps/**"]);
}

#[test]
fn in_a_strict_catalog_only_routes_open_paths() {
    let document = r#"{"strict": true, "permissions": {"app:read": ""}, "routes": [
        {"match": "GET /apps/{app}", "permission": "app:read", "resource": "app/{app}"},
        {"match": "GET /status", "permission": "app:read", "resource": "status"}]}"#;
    assert_eq!(shown(&[(&["app:read"], &["app/billing"])], document), ["GET+HEAD apps/billing"]);
    assert_eq!(shown(&[(&["*"], &["status"])], document), ["GET+HEAD status"]);
    let admin = found(&[(&["*"], &["*"])], document);
    assert_eq!(admin, Err(NotExpressible::OpenParameterizedRoute("GET /apps/{app}".to_owned())));
}

#[test]
fn too_many_patterns_are_an_error() {
    // Four methods write.
    let enough: Vec<_> = (0..MAX_REGIONS / 4).map(|n| format!("a/{n}")).collect();
    let mut resources: Vec<_> = enough.iter().map(String::as_str).collect();
    assert!(found(&[(&["a:write"], &resources)], "{}").is_ok());
    resources.push("a/x");
    assert_eq!(found(&[(&["a:write"], &resources)], "{}"), Err(NotExpressible::TooManyPatterns));
}

#[test]
fn too_many_comparisons_are_an_error() {
    let routes = |count: usize| {
        let route =
            |n| json!({"match": format!("ANY /name-{n}/{{x}}/{{y}}"), "permission": "a:read", "resource": "a/{x}"});
        json!({ "routes": (0..count).map(route).collect::<Vec<_>>() }).to_string()
    };
    let resources: Vec<_> = (0..50).map(|n| format!("a/{n}/*")).collect();
    let resources: Vec<_> = resources.iter().map(String::as_str).collect();
    let list: &[(&[&str], &[&str])] = &[(&["a:*"], &resources)];
    let costly = found(list, &routes(900)).unwrap_err();
    assert_eq!(costly, NotExpressible::TooManyComparisons);
    assert_eq!(
        costly.to_string(),
        "with so many routes, computing the allowed paths takes more than 250000 comparisons"
    );
    assert_ne!(found(list, &routes(5)), Err(NotExpressible::TooManyComparisons));
}

#[test]
fn in_a_stored_catalog_a_later_overlapping_route_allows_nothing() {
    let overlapping = r#"{"routes": [{"match": "GET /a/b", "permission": "secret:view"}, {"match": "GET /a/{x+}", "permission": "a:read"}]}"#;
    let catalog = Catalog::from_stored(overlapping).unwrap();
    let found = regions_of(&grants(&[(&["a:read"], &["*"])]), &catalog);
    assert_eq!(found, Err(NotExpressible::OpenParameterizedRoute("GET /a/{x+}".to_owned())));
}

/// A catalog of small routes on the names that grants use. Routes that conflict with earlier ones are dropped.
fn any_catalog() -> impl Strategy<Value = Catalog> {
    let part = "a|b|A|\\{x\\}|\\{y\\}";
    let path = (prop::collection::vec(part, 0..4), prop::option::weighted(0.2, Just("{z+}".to_owned())));
    let template = prop::option::of(prop::collection::vec("a|b|\\{x\\}|\\{y\\}|\\{z\\}", 1..4));
    let route = ("GET|HEAD|POST|ANY", path, "(a|b):(read|write|go)", template).prop_map(
        |(method, (mut parts, rest), permission, template)| {
            parts.extend(rest);
            let mut route = json!({"match": format!("{method} /{}", parts.join("/")), "permission": permission});
            if let Some(template) = template {
                route["resource"] = json!(template.join("/"));
            }
            route
        },
    );
    (prop::bool::weighted(0.3), prop::collection::vec(route, 0..5))
        .prop_map(|(strict, routes)| catalog_of(strict, routes))
}

/// A catalog of these routes, without those that conflict with earlier ones.
pub(crate) fn catalog_of(strict: bool, routes: Vec<Value>) -> Catalog {
    let permissions = json!({"a:read": "", "a:write": "", "a:go": "", "b:read": "", "b:write": "", "b:go": ""});
    let of = |routes: &[Value]| Catalog::read(&json!({"strict": strict, "permissions": permissions, "routes": routes}));
    let mut kept = Vec::new();
    for route in routes {
        kept.push(route);
        if of(&kept).is_err() {
            kept.pop();
        }
    }
    of(&kept).unwrap()
}

/// Every path of up to four names, the last of which is in no grant and no route, and other spellings of the
/// paths with up to three names.
fn paths() -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut longest = paths.clone();
    for _ in 0..4 {
        longest = longest.iter().flat_map(|path| ["a", "b", "c"].map(|name| format!("{path}/{name}"))).collect();
        paths.extend(longest.iter().map(|path| path.trim_start_matches('/').to_owned()));
    }
    let short = paths.iter().filter(|path| (1..6).contains(&path.len()));
    let spelled = short.flat_map(|path| {
        let (first, rest) = path.split_at(1);
        [
            path.to_uppercase(),
            format!("{path}.x"),
            format!("{}{rest}", first.to_uppercase()),
            format!("{first}.{rest} "),
        ]
    });
    paths.extend(spelled.collect::<Vec<_>>());
    paths
}

fn is_allowed(principal: &Principal, rules: &AuthzContext<'_>, method: &str, path: &str) -> bool {
    let target = Target::Http { method, path };
    authorize(
        Some(principal),
        rules,
        &AccessRequest { api: Api::Protected, target, from: None },
        Timestamp::from_seconds(1),
    ) == Decision::Allow
}

fn session_with(grants: &Grants) -> Principal {
    Principal::Session(Session {
        owner: "alice".parse().unwrap(),
        groups: Vec::new(),
        roles: Vec::new(),
        grants: grants.clone(),
        expires_at: Timestamp::from_seconds(9),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn regions_contain_exactly_the_allowed_requests(
        grants in any_grants(), catalog in any_catalog(), slash in any::<bool>()
    ) {
        let rules = AuthzContext::new(&catalog, &Settings::default());
        if let Ok(allowed) = allowed_paths(&grants, &rules) {
            let session = session_with(&grants);
            for path in paths() {
                let sent = if slash { format!("{path}/") } else { path.clone() };
                for method in METHODS {
                    prop_assert_eq!(
                        contains(&allowed, method, &path), is_allowed(&session, &rules, method, &sent),
                        "{} /{} in {:?}", method, sent, allowed
                    );
                }
            }
        }
    }
}

/// Guards the property above against a function that never finds regions.
#[test]
fn most_grants_under_most_catalogs_have_regions() {
    let mut runner = TestRunner::deterministic();
    let (mut with_routes, mut expressed, mut told) = (0, 0, 0);
    for _ in 0..2000 {
        let (grants, catalog) = (any_grants(), any_catalog()).new_tree(&mut runner).unwrap().current();
        let found = regions_of(&grants, &catalog);
        if !catalog.routes().is_empty() && !grants.iter().as_slice().is_empty() {
            with_routes += 1;
            expressed += usize::from(found.is_ok());
            told += usize::from(matches!(found, Ok(AllowedPaths::Regions(regions)) if !regions.is_empty()));
        }
    }
    println!("of {with_routes} with routes and grants, {expressed} have regions, {told} at least one");
    assert!(with_routes > 1000 && expressed * 10 > with_routes * 6 && told * 10 > with_routes * 3);
}
