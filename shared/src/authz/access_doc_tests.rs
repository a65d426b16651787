//! Runs the tables of `docs/authorization.md` as tests, row by row.

use std::str::FromStr;

use super::*;
use crate::catalog::tests::catalog;
use crate::catalog::{Catalog, RequestPath, Target};
use crate::grants::{Permission, Resource};

/// The rows of the n-th table under a heading, with the cells' backquotes removed.
fn table(heading: &str, nth: usize) -> Vec<Vec<&'static str>> {
    let document = include_str!("../../../docs/authorization.md");
    let (_, section) = document.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut tables = section.split("\n\n").filter(|block| block.starts_with('|') || block.contains("\n|"));
    let rows = tables.nth(nth).unwrap().lines().filter(|line| line.starts_with('|')).skip(2);
    let cells =
        |row: &'static str| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    rows.map(cells).collect()
}

fn yes(cell: &str) -> bool {
    match cell {
        "yes" => true,
        "no" => false,
        other => panic!("neither yes nor no: {other}"),
    }
}

fn parsed<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn needed(rules: &AuthzContext<'_>, api: Api, request: &str) -> (String, String) {
    let (method, path) = request.split_once(" /").unwrap();
    match requirement(rules, api, Target::Http { method, path }, &RequestPath::parse(path).unwrap()) {
        Requirement::Authenticated => ("any valid credential".to_owned(), String::new()),
        Requirement::Unlisted => ("a listing".to_owned(), String::new()),
        Requirement::Permission { permission, or, resource, .. } => {
            let or = or.map_or(String::new(), |or| format!("` or `{or}"));
            (format!("{permission}{or}"), resource)
        }
    }
}

fn without_catalog(api: Api, request: &str) -> (String, String) {
    needed(&AuthzContext::new(&Catalog::default(), &Settings::default()), api, request)
}

#[test]
fn permissions_cover_what_the_table_says() {
    let rows = table("Permissions", 0);
    assert!(rows.len() > 10);
    for row in rows {
        let [held, needed, covered] = row[..] else { panic!("{row:?}") };
        assert_eq!(parsed::<Permission>(held).covers(&parsed(needed)), yes(covered), "{row:?}");
    }
}

#[test]
fn resources_cover_what_the_tables_say() {
    let (names, patterns) = (table("Resources", 0), table("Resources", 1));
    assert!(names.len() > 8 && patterns.len() > 6);
    for row in names {
        let [held, name, covered] = row[..] else { panic!("{row:?}") };
        assert_eq!(parsed::<Resource>(held).covers_name(name), yes(covered), "{row:?}");
    }
    for row in patterns {
        let [held, asked, covered] = row[..] else { panic!("{row:?}") };
        assert_eq!(parsed::<Resource>(held).covers(&parsed(asked)), yes(covered), "{row:?}");
    }
}

#[test]
fn requests_without_a_route_require_what_the_table_says() {
    let rows = table("Requests without a route", 0);
    assert!(rows.len() > 6);
    for row in rows {
        let [request, permission, resource] = row[..] else { panic!("{row:?}") };
        let resource = if resource == "the root" { "" } else { resource };
        assert_eq!(without_catalog(Api::Protected, request), (permission.to_owned(), resource.to_owned()), "{row:?}");
    }
}

#[test]
fn routes_name_the_resources_that_the_table_says() {
    let rows = table("Route matching", 0);
    assert!(rows.len() > 10);
    for row in rows {
        let [pattern, template, request, resource] = row[..] else { panic!("{row:?}") };
        let mut route = serde_json::json!({ "match": pattern, "permission": "listed:read" });
        if !template.is_empty() {
            route["resource"] = template.into();
        }
        let catalog = Catalog::read(&serde_json::json!({ "routes": [route] })).unwrap();
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let (permission, named) = needed(&rules, Api::Protected, request);
        let found = if permission == "listed:read" { named } else { "no match".to_owned() };
        assert_eq!(found, resource, "{row:?}");
    }
}

#[test]
fn the_management_api_requires_what_the_table_says() {
    let rows = table("Management API", 0);
    assert!(rows.len() > 6);
    for row in rows {
        let [request, permission, resource] = row[..] else { panic!("{row:?}") };
        assert_eq!(without_catalog(Api::Management, request), (permission.to_owned(), resource.to_owned()), "{row:?}");
    }
}

#[test]
fn other_spellings_of_a_route_are_those_that_the_table_says() {
    let document =
        r#"{"permissions": {"env:view": ""}, "routes": [{"match": "GET /apps/{app}/env", "permission": "env:view"}]}"#;
    let catalog = catalog(document);
    let rows = table("Lookalike paths", 0);
    assert!(rows.len() > 8);
    for row in rows {
        let [request, spelling] = row[..] else { panic!("{row:?}") };
        let path = RequestPath::parse(request.strip_prefix("GET /").unwrap()).unwrap();
        let lookalikes = catalog.lookalikes(Target::Http { method: "GET", path: "" }, &path);
        assert_eq!(!lookalikes.is_empty(), yes(spelling), "{row:?}");
    }
}
