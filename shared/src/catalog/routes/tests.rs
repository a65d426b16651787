use super::*;
use crate::catalog::Catalog;
use proptest::prelude::*;
use serde_json::json;

/// A route's pattern and the resource that a request refers to.
type Found = (String, String);

/// The routes that match a path, found by comparing it with each of them. With `spelling`, the routes of which it is
/// another spelling.
fn scan(catalog: &Catalog, method: &str, path: &RequestPath, spelling: bool) -> Vec<Found> {
    let names: Vec<_> = path.names().collect();
    let found = catalog.routes().iter().filter_map(|route| {
        let (on, pattern) = route.pattern.split_once(" /")?;
        let accepted = on == "ANY" || on == method || (on == "GET" && method == "HEAD");
        let parts: Vec<_> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        let resource = resource_of(&parts, &names, spelling).filter(|_| accepted)?;
        Some((route.pattern.clone(), resource.join("/")))
    });
    found.collect()
}

/// The parts with the path's names in place of the parameters; `None` if the path does not match.
fn resource_of(parts: &[&str], names: &[&str], spelling: bool) -> Option<Vec<String>> {
    match (parts, names) {
        ([], []) => Some(Vec::new()),
        ([part], [_, ..]) if part.ends_with("+}") => Some(vec![names.join("/")]),
        ([part, parts @ ..], [name, names @ ..]) => {
            let shown = if part.starts_with('{') { name } else { part };
            let same = if spelling { is_spelled_alike(part, name, names.is_empty()) } else { part == name };
            let rest = resource_of(parts, names, spelling).filter(|_| part.starts_with('{') || same)?;
            Some([vec![(*shown).to_owned()], rest].concat())
        }
        _ => None,
    }
}

fn is_spelled_alike(part: &str, name: &str, last: bool) -> bool {
    let (part, name) = (fold(part), fold(name));
    let extension = name.strip_prefix(&part).filter(|_| last);
    part == name || extension.is_some_and(|rest| rest.trim_start().starts_with('.'))
}

fn any_route() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec("a|b|A|a\\.b|a b|Ü|\\{\\}", 0..4);
    ("GET|HEAD|POST|ANY", parts, prop::bool::weighted(0.2)).prop_map(|(method, mut parts, rest)| {
        parts.extend(rest.then(|| "{rest+}".to_owned()));
        let named = parts.iter().enumerate().map(|(at, part)| part.replace("{}", &format!("{{p{at}}}")));
        format!("{method} /{}", named.collect::<Vec<_>>().join("/"))
    })
}

/// A stored catalog: its routes may overlap, and then the first one matches.
fn any_catalog() -> impl Strategy<Value = Catalog> {
    prop::collection::vec(any_route(), 0..12).prop_map(|patterns| {
        let routes = patterns.iter().map(|pattern| json!({"match": pattern, "permission": "x:read"}));
        Catalog::from_stored(&json!({"routes": routes.collect::<Vec<_>>()}).to_string()).unwrap()
    })
}

fn any_path() -> impl Strategy<Value = String> {
    prop::collection::vec("(a|b|A|B|c|a\\.b|A b|ü|u\u{308})(| )(|\\.|\\.x|\\.b\\.x)", 0..5)
        .prop_map(|names| names.join("/"))
}

proptest! {
    #[test]
    fn a_scan_of_all_routes_finds_the_same_ones(
        catalog in any_catalog(),
        requests in prop::collection::vec(("GET|HEAD|POST|PUT|BREW", any_path()), 8),
    ) {
        for (method, path) in &requests {
            let (target, path) = (Target::Http { method, path }, RequestPath::parse(path).unwrap());
            let found = catalog.route(target, &path).map(|(route, resource)| (route.pattern.clone(), resource));
            let first = scan(&catalog, method, &path, false).into_iter().next();
            prop_assert_eq!(found, first, "{} {}", method, path);
            let found: Vec<_> = catalog.lookalikes(target, &path).into_iter().map(|it| (it.route, it.resource)).collect();
            prop_assert_eq!(found, scan(&catalog, method, &path, true), "spellings of {} {}", method, path);
        }
    }
}
