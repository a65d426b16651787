//! Tests of the development sign-in through its endpoints.

mod authorize;
mod browser_session;
mod client;
mod device;
mod token;

use super::*;
use crate::gateway::tests::fixture::{body, get};
use portcullis::clock::Timestamp;
use portcullis::http::MAX_BYTES;

fn sign_in() -> SignIn {
    let clock = Clock::from_fn(|| Timestamp::from_seconds(1_800_000_000));
    SignIn::new(SocketAddr::from(([127, 0, 0, 1], 9050)), clock).unwrap()
}

fn request(method: Method, path: &str, headers: &[(&'static str, &str)], body: &str) -> IncomingRequest {
    let mut incoming = get(path);
    incoming.method = method;
    incoming.body = Some(Bytes::from(body.to_owned()));
    for (name, value) in [("host", "127.0.0.1:9050")].iter().chain(headers) {
        incoming.headers.insert(*name, value.parse().unwrap());
    }
    incoming
}

fn ask(path: &str) -> Response<Bytes> {
    sign_in().handle(&request(Method::GET, path, &[], ""))
}

fn post(headers: &[(&'static str, &str)], body: &str) -> Response<Bytes> {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    sign_in().handle(&request(Method::POST, "/dev/sign-in", &[&form, headers].concat(), body))
}

/// The page of each flow.
fn pages() -> [Response<Bytes>; 2] {
    [client::Client::new().open("/dev/authorize", &client::QUESTION, &[]), ask("/dev/device")]
}

fn page(response: &Response<Bytes>) -> &str {
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    std::str::from_utf8(response.body()).unwrap()
}

#[test]
fn only_paths_below_dev_are_routes() {
    for path in ["/dev", "/dev/", "/dev/sign-in", "/dev//x", "/dev/../me"] {
        assert!(is_route(path), "{path}");
    }
    for path in ["/", "/devices", "/demo", "/DEV/sign-in", "/%64ev/sign-in", "//dev", "/tokens/dev", "dev", "*"] {
        assert!(!is_route(path), "{path}");
    }
}

#[test]
fn the_discovery_document_lists_every_endpoint_and_the_issuer() {
    let document = body(&ask("/dev/.well-known/openid-configuration"));
    let expected = json!({
        "issuer": "http://127.0.0.1:9050/dev",
        "jwks_uri": "http://127.0.0.1:9050/dev/jwks",
        "authorization_endpoint": "http://127.0.0.1:9050/dev/authorize",
        "token_endpoint": "http://127.0.0.1:9050/dev/token",
        "device_authorization_endpoint": "http://127.0.0.1:9050/dev/device_authorization",
        "revocation_endpoint": "http://127.0.0.1:9050/dev/revoke",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported":
            ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "offline_access"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    });
    assert_eq!(document, expected);
    let accepted = oidc("http://127.0.0.1:9050");
    assert_eq!(document["issuer"], accepted.issuer);
    let sign_in = sign_in();
    let keys = body(&sign_in.handle(&request(Method::GET, "/dev/jwks", &[], "")));
    assert_eq!(keys, json!({"keys": [sign_in.issuer.key.public()]}));
}

#[test]
fn a_form_returns_a_session() {
    let response = post(&[], "name=alice&groups=portcullis-admin,other&expires_in=3600");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    let response = body(&response);
    assert_eq!(response["owner"], "alice");
    assert_eq!(response["expires_at"], "2027-01-15T09:00:00Z");
    assert!(response["session"].as_str().unwrap().starts_with("eyJ"), "{response}");
}

#[test]
fn the_pages_state_that_the_login_is_for_development() {
    for response in pages() {
        let page = page(&response);
        let (_, main) = page.split_once("<main>\n").unwrap();
        let headline = "<h1>Development sign-in (this machine only)</h1>";
        assert!(main.starts_with(headline), "{page}");
    }
}

#[test]
fn the_pages_load_only_their_own_style() {
    for (response, form_action) in pages().into_iter().zip(["'self' http://127.0.0.1:4711", "'self'"]) {
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        let (_, style) = page(&response).split_once("<style>").unwrap();
        let (style, rest) = style.split_once("</style>").unwrap();
        let hash = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            <sha2::Sha256 as sha2::Digest>::digest(style),
        );
        let expected = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action {form_action}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        assert_eq!(policy, expected);
        // The page does not load the redirect URI.
        let rest = rest.replace(client::REDIRECT_URI, "");
        for elsewhere in ["<script", "<style", "style=", "src=", "//", "onclick"] {
            assert!(!rest.contains(elsewhere), "{elsewhere}: {rest}");
        }
    }
}

#[test]
fn every_input_of_the_page_has_a_label() {
    for response in pages() {
        let page = page(&response);
        let page = page.replace("<input type=\"hidden\"", "");
        assert!(page.contains("<html lang=\"en\">"));
        for field in page.split("<input ").skip(1) {
            let (id, _) = field.strip_prefix("id=\"").unwrap().split_once('"').unwrap();
            assert!(page.contains(&format!("<label for=\"{id}\">")), "{id}");
        }
    }
}

#[test]
fn bad_input_is_a_problem_document_that_names_every_field() {
    let response = post(&[], "name=+a&expires_in=never");
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem = body(&response);
    assert_eq!(problem["type"], "urn:portcullis:problem:invalid_request");
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["name", "expires_in"]);
}

#[test]
fn invalid_large_and_missing_forms_are_refused() {
    let json = ("content-type", "application/json");
    assert_eq!(post(&[json], "{}").status(), 415);
    assert_eq!(post(&[("content-type", "text/plain")], "name=alice").status(), 415);
    assert_eq!(post(&[("content-type", "Application/X-WWW-Form-Urlencoded; charset=utf-8")], "name=a").status(), 200);
    assert_eq!(post(&[], &format!("name={}", "x".repeat(MAX_BYTES))).status(), 413);
    let mut large = request(Method::POST, "/dev/sign-in", &[("content-type", "application/x-www-form-urlencoded")], "");
    large.body = None;
    assert_eq!(sign_in().handle(&large).status(), 413);
    for path in ["/dev", "/dev/", "/dev/x", "/dev/sign-in/", "/dev/../me"] {
        let response = ask(path);
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(body(&response)["type"], "urn:portcullis:problem:not_found");
    }
    for (method, path, allowed) in [
        (Method::PUT, "/dev/device", "GET, HEAD, POST"),
        (Method::OPTIONS, "/dev/device", "GET, HEAD, POST"),
        (Method::GET, "/dev/sign-in", "POST"),
        (Method::POST, "/dev/jwks", "GET, HEAD"),
    ] {
        let response = sign_in().handle(&request(method, path, &[], ""));
        assert_eq!(response.status(), 405, "{path}");
        assert_eq!(response.headers()["allow"], allowed, "{path}");
    }
}

#[test]
fn other_sites_cannot_read_a_session() {
    let foreign = [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")];
    let rebound = [("host", "evil.example:9050"), ("origin", "http://evil.example:9050")];
    let preflight = request(Method::OPTIONS, "/dev/sign-in", &foreign, "");
    for (status, response) in [
        (403, post(&foreign, "name=alice")),
        (403, post(&rebound, "name=alice")),
        (405, sign_in().handle(&preflight)),
        (403, sign_in().handle(&request(Method::GET, "/dev/sign-in", &rebound, ""))),
        (200, post(&[("origin", "http://127.0.0.1:9050")], "name=alice")),
        (200, ask("/dev/jwks")),
    ] {
        assert_eq!(response.status(), status);
        assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control-")), "{response:?}");
        assert_eq!(response.headers()["cross-origin-resource-policy"], "same-origin");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
