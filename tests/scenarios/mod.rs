//! Scenarios from other products: what their pages on API tokens promise, tested here with the
//! catalogs of `examples/catalogs`.
//!
//! One file per page, in the page's order; each test quotes the sentence that it tests. What this
//! product does differently is listed at the top of the file.

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

/// A catalog's file as the JSON document of the API.
fn document(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A file of this repository.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A product's catalog.
fn catalog(product: &str) -> Value {
    document(&file(&format!("examples/catalogs/{product}.toml")))
}

/// An isolated stack with a product's catalog.
fn deployment(product: &str, settings: impl FnOnce(&mut local::Options) + Send + 'static) -> Stack {
    let stack = isolated_stack(settings);
    stack.put_catalog(&catalog(product));
    stack
}

/// A route of a catalog.
struct Route {
    /// The pattern, such as `GET /apps/{app}`.
    pattern: String,
    permission: String,
}

/// The routes of a product's catalog.
fn routes(product: &str) -> Vec<Route> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let route = |route: &Value| Route { pattern: text(&route["match"]), permission: text(&route["permission"]) };
    catalog(product)["routes"].as_array().unwrap().iter().map(route).collect()
}

/// Sends a request for a route of the catalog, with a name for each parameter: with `ours`,
/// `GET /apps/{app}` is `GET /apps/ours-app`.
fn ask(stack: &Stack, pattern: &str, whose: &str, credential: impl AsRef<str>) -> Response {
    let (method, path) = pattern.split_once(' ').unwrap();
    // POST as an example of any method.
    let method = if method == "ANY" { "POST" } else { method };
    let path = path.replace('{', &format!("{whose}-")).replace("+}", "/and/more").replace('}', "");
    stack.request(method, &format!("/demo{path}")).bearer(credential).send()
}

/// The routes that allow a credential. Panics if another one refuses it for a reason other than
/// a missing permission.
fn allowed<'a>(stack: &Stack, routes: &'a [Route], whose: &str, credential: impl AsRef<str>) -> Vec<&'a str> {
    let lets_in = |route: &&Route| {
        let response = ask(stack, &route.pattern, whose, &credential);
        if response.status != 200 {
            assert_eq!(response.problem(403, "insufficient_scope")["permission"], *route.permission);
        }
        response.status == 200
    };
    routes.iter().filter(lets_in).map(|route| route.pattern.as_str()).collect()
}

/// Asserts for every permission of a catalog that a token with it alone is allowed the routes that
/// need it, and no other.
fn each_permission_allows_only_its_routes(stack: &Stack, product: &str) {
    let (catalog, routes) = (catalog(product), routes(product));
    for permission in catalog["permissions"].as_object().unwrap().keys() {
        let token = stack.token([permission]);
        let its = routes.iter().filter(|route| route.permission == *permission);
        let its: Vec<_> = its.map(|route| route.pattern.as_str()).collect();
        assert!(!its.is_empty(), "{permission} is needed by a route");
        assert_eq!(allowed(stack, &routes, "our", &token), its, "{permission}");
    }
}

/// Asserts for every role that its token is allowed the routes of the table, and no other. A row is
/// a route and its roles; a column is a role's name and the body that creates its token.
fn each_role_allows_its_routes(stack: &Stack, routes: &[Route], columns: &[(&str, Value)], rows: &[(&str, &str)]) {
    let whole: Vec<_> = routes.iter().map(|route| route.pattern.as_str()).collect();
    assert_eq!(rows.iter().map(|(pattern, _)| *pattern).collect::<Vec<_>>(), whole, "every route has its row");
    for (role, body) in columns {
        let token = stack.create(body.clone());
        let its = rows.iter().filter(|(_, roles)| roles.split_whitespace().any(|one| one == *role));
        let its: Vec<_> = its.map(|(pattern, _)| *pattern).collect();
        assert_eq!(allowed(stack, routes, "our", &token), its, "{role}");
    }
}

/// Creates a token.
#[track_caller]
fn create(stack: &Stack, by: impl AsRef<str>, body: &Value) -> Token {
    Token::shown_in(&stack.post("/tokens").bearer(by).json(body).send().expect(201))
}

/// A token as `GET /tokens` shows it to a caller.
#[track_caller]
fn listed(stack: &Stack, by: impl AsRef<str>, token: &Token) -> Value {
    let list = stack.get("/tokens").bearer(by).send().expect(200).json();
    let shown = list["tokens"].as_array().unwrap().iter().find(|shown| shown["id"] == token.id);
    shown.cloned().unwrap_or_else(|| panic!("{} is not in the list", token.id))
}

/// The body of a create with a lifetime instead of its expiry.
fn with_lifetime(mut body: Value, expires_in: &str) -> Value {
    body.as_object_mut().expect("a body is an object").remove("expires_at");
    body["expires_in"] = json!(expires_in);
    body
}

#[track_caller]
fn revoke(stack: &Stack, by: impl AsRef<str>, token: &Token) {
    stack.post(&format!("{}/revoke", token.path())).bearer(by).send().expect(200);
}

/// Asserts that a token is refused everywhere.
#[track_caller]
fn assert_rejected(stack: &Stack, token: &Token, path: &str) {
    stack.get(path).bearer(token).send().problem(401, "invalid_token");
    stack.get(path).header("x-api-token", &token.secret).send().problem(401, "invalid_token");
    stack.get("/me").bearer(token).send().problem(401, "invalid_token");
}

/// A time from a response, in seconds.
#[track_caller]
fn seconds(time: &Value) -> i64 {
    Timestamp::parse(time.as_str().expect("a time")).expect("RFC 3339").seconds()
}

/// A grant of these permissions on all resources.
fn on_everything(permissions: &Value) -> Value {
    json!([{ "permissions": permissions, "resources": ["*"] }])
}
