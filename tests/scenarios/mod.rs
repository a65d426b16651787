//! The products that Portcullis learned from, as tests: what the pages on their API tokens
//! promise, kept by this product with a catalog of `examples/catalogs`.
//!
//! One file a page, in the page's order, each test with the sentence that it keeps: the page
//! can be laid beside it. What a page promises and this product does not do yet stands at
//! the head of its file, and becomes a test where it is built.

mod applivery;
mod catalogs;
mod cresc;
mod cryptlex;
mod devtron;
mod rack_gateway;

use std::fs;
use std::path::{Path, PathBuf};

use portcullis::clock::Timestamp;
use serde_json::{Value, json};

use crate::support::{Response, Stack, Token, isolated_stack};

const DAY: i64 = 86_400;

/// A catalog's file, as the JSON document that it is over HTTP.
fn document(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A file of this repository.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The catalog of a product.
fn catalog(product: &str) -> Value {
    document(&file(&format!("examples/catalogs/{product}.toml")))
}

/// A deployment of one's own with a product's catalog in force.
fn deployment(product: &str, settings: impl FnOnce(&mut local::Options) + Send + 'static) -> Stack {
    let stack = isolated_stack(settings);
    stack.put_catalog(&catalog(product));
    stack
}

/// A route of a catalog.
struct Route {
    /// As the catalog has it: `GET /apps/{app}`.
    pattern: String,
    permission: String,
}

/// The routes of a product's catalog.
fn routes(product: &str) -> Vec<Route> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let route = |route: &Value| Route { pattern: text(&route["match"]), permission: text(&route["permission"]) };
    catalog(product)["routes"].as_array().unwrap().iter().map(route).collect()
}

/// A request for a route of the catalog, with a name for each of its parameters: with
/// `ours`, `GET /apps/{app}` is `GET /apps/ours-app`.
fn ask(stack: &Stack, pattern: &str, whose: &str, credential: impl AsRef<str>) -> Response {
    let (method, path) = pattern.split_once(' ').unwrap();
    // Any method stands for all of them.
    let method = if method == "ANY" { "POST" } else { method };
    let path = path.replace('{', &format!("{whose}-")).replace("+}", "/and/more").replace('}', "");
    stack.request(method, &format!("/demo{path}")).bearer(credential).send()
}

/// The routes that let a credential in. All others have to refuse it for what it may do.
fn opened<'a>(stack: &Stack, routes: &'a [Route], whose: &str, credential: impl AsRef<str>) -> Vec<&'a str> {
    let lets_in = |route: &&Route| {
        let answer = ask(stack, &route.pattern, whose, &credential);
        if answer.status != 200 {
            assert_eq!(answer.problem(403, "insufficient_scope")["permission"], *route.permission);
        }
        answer.status == 200
    };
    routes.iter().filter(lets_in).map(|route| route.pattern.as_str()).collect()
}

/// For every permission that a catalog lists, a token that has this one alone passes the
/// routes that need it and no other.
fn each_permission_opens_its_routes_and_no_other(stack: &Stack, product: &str) {
    let (catalog, routes) = (catalog(product), routes(product));
    for permission in catalog["permissions"].as_object().unwrap().keys() {
        let token = stack.token([permission]);
        let its = routes.iter().filter(|route| route.permission == *permission);
        let its: Vec<_> = its.map(|route| route.pattern.as_str()).collect();
        assert!(!its.is_empty(), "{permission} opens something");
        assert_eq!(opened(stack, &routes, "our", &token), its, "{permission}");
    }
}

/// For every role, a token passes the routes that the table gives it and no other. A row is a
/// route and the roles that pass it; a column is a role's name there and what makes its token.
fn each_role_opens_what_the_table_says(
    stack: &Stack,
    routes: &[Route],
    columns: &[(&str, Value)],
    rows: &[(&str, &str)],
) {
    let whole: Vec<_> = routes.iter().map(|route| route.pattern.as_str()).collect();
    assert_eq!(rows.iter().map(|(pattern, _)| *pattern).collect::<Vec<_>>(), whole, "every route has its row");
    for (role, body) in columns {
        let token = stack.create(body.clone());
        let its = rows.iter().filter(|(_, roles)| roles.split_whitespace().any(|one| one == *role));
        let its: Vec<_> = its.map(|(pattern, _)| *pattern).collect();
        assert_eq!(opened(stack, routes, "our", &token), its, "{role}");
    }
}

/// A token that somebody makes.
#[track_caller]
fn create(stack: &Stack, by: impl AsRef<str>, body: &Value) -> Token {
    Token::shown_in(&stack.post("/tokens").bearer(by).json(body).send().expect(201))
}

/// What somebody's list shows of a token.
#[track_caller]
fn listed(stack: &Stack, by: impl AsRef<str>, token: &Token) -> Value {
    let list = stack.get("/tokens").bearer(by).send().expect(200).json();
    let shown = list["tokens"].as_array().unwrap().iter().find(|shown| shown["id"] == token.id);
    shown.cloned().unwrap_or_else(|| panic!("{} is not in the list", token.id))
}

#[track_caller]
fn revoke(stack: &Stack, by: impl AsRef<str>, token: &Token) {
    stack.post(&format!("{}/revoke", token.path())).bearer(by).send().expect(200);
}

/// A token that is refused, wherever it is shown.
#[track_caller]
fn assert_dead(stack: &Stack, token: &Token, path: &str) {
    stack.get(path).bearer(token).send().problem(401, "invalid_token");
    stack.get(path).header("x-api-token", &token.secret).send().problem(401, "invalid_token");
    stack.get("/me").bearer(token).send().problem(401, "invalid_token");
}

/// A time that was answered, in seconds.
#[track_caller]
fn seconds(time: &Value) -> i64 {
    Timestamp::parse(time.as_str().expect("a time")).expect("RFC 3339").seconds()
}

/// The one grant of a token on everything.
fn on_everything(permissions: &Value) -> Value {
    json!([{ "permissions": permissions, "resources": ["*"] }])
}
