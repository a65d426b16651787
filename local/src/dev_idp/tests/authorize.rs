//! Tests of the authorization endpoint: the page, and the redirect to the client.

use super::client::*;
use super::*;

const ISSUER: &str = "http://127.0.0.1:9050/dev";

#[test]
fn a_valid_request_shows_the_page_and_returns_a_code() {
    let client = Client::new();
    let asked = client.open("/dev/authorize", &QUESTION, &[]);
    assert_eq!(asked.status(), 200);
    let page = page(&asked);
    assert!(page.contains("127.0.0.1:4711 wants to sign you in."), "{page}");
    for carried in QUESTION {
        let field =
            format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", carried.0, carried.1.replace('&', "&amp;"));
        assert!(page.contains(&field), "{field}");
    }
    let form = [&QUESTION[..], &[("name", "alice"), ("groups", "")]].concat();
    let back = went_back(&client.send("/dev/authorize", &form, &[("origin", "http://127.0.0.1:9050")]));
    let names: Vec<_> = back.keys().map(String::as_str).collect();
    assert_eq!(names, ["code", "iss", "state"]);
    assert_eq!((back["iss"].as_str(), back["state"].as_str()), (ISSUER, "s&1"));
    assert_eq!(back["code"].len(), 43);
    assert_ne!(back["code"], client.code(&[]));
}

#[test]
fn a_suggested_user_signs_in_with_one_click() {
    let client = Client::new();
    let response = client.open("/dev/authorize", &QUESTION, &[]);
    let page = page(&response);
    for (name, group) in [("alice", "portcullis-admin"), ("bob", "portcullis-viewer")] {
        let fields = format!(
            "<input type=\"hidden\" name=\"name\" value=\"{name}\">\n\
             <input type=\"hidden\" name=\"groups\" value=\"{group}\">\n\
             <button type=\"submit\">Sign in as {name} ({group})</button>\n</form>"
        );
        assert!(page.contains(&fields), "{page}");
    }
}

#[test]
fn the_browser_is_never_redirected_to_an_unchecked_client_or_address() {
    let client = Client::new();
    let person = [("name", "alice")];
    for (name, bad) in [
        ("client_id", Some("other")),
        ("client_id", None),
        ("redirect_uri", Some("http://evil.example/")),
        ("redirect_uri", Some("https://127.0.0.1/")),
        ("redirect_uri", Some("http://127.0.0.1@evil.example/")),
        ("redirect_uri", None),
    ] {
        // Together with an error that would be sent to the client.
        let question = question(&[(name, bad), ("response_type", Some("token"))]);
        for response in [
            client.open("/dev/authorize", &question, &[]),
            client.send("/dev/authorize", &[&question[..], &person].concat(), &[]),
        ] {
            assert_eq!(response.status(), 400, "{name}={bad:?}");
            assert!(!response.headers().contains_key("location"), "{name}={bad:?}");
            assert!(body(&response)["detail"].as_str().unwrap().starts_with(name), "{name}={bad:?}");
        }
    }
    for twice in [("redirect_uri", REDIRECT_URI), ("client_id", "portcullis-dev")] {
        let response = client.open("/dev/authorize", &[&QUESTION[..], &[twice]].concat(), &[]);
        assert_eq!(response.status(), 400, "{twice:?}");
    }
}

#[test]
fn an_invalid_request_is_reported_to_the_client() {
    let client = Client::new();
    let long = "E".repeat(44);
    for (name, bad, error) in [
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", Some("code id_token"), "unsupported_response_type"),
        ("scope", None, "invalid_scope"),
        ("scope", Some("profile"), "invalid_scope"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some(VERIFIER.get(1..).unwrap()), "invalid_request"),
        ("code_challenge", Some(long.as_str()), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
    ] {
        let question = question(&[(name, bad)]);
        for response in [client.open("/dev/authorize", &question, &[]), client.send("/dev/authorize", &question, &[])] {
            let back = went_back(&response);
            assert_eq!((back["error"].as_str(), back["state"].as_str()), (error, "s&1"), "{name}={bad:?}");
            assert_eq!(back["iss"], ISSUER);
            assert!(!back.contains_key("code"));
        }
    }
    for (more, error) in [(("scope", "openid"), "invalid_request"), (("nonce", "n"), "invalid_request")] {
        let back = went_back(&client.open("/dev/authorize", &[&QUESTION[..], &[more]].concat(), &[]));
        assert_eq!(back["error"], error, "{more:?}");
    }
}

#[test]
fn denial_and_an_invalid_name_are_reported() {
    let client = Client::new();
    let back = went_back(&client.send("/dev/authorize", &[&QUESTION[..], &[("deny", "yes")]].concat(), &[]));
    assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", "s&1"));
    let response = client.send("/dev/authorize", &[&QUESTION[..], &[("name", "ü")]].concat(), &[]);
    assert_eq!(response.status(), 400);
    assert_eq!(body(&response)["errors"][0]["field"], "name");
}

#[test]
fn the_form_may_redirect_only_to_the_client() {
    let client = Client::new();
    for (redirect_uri, source) in [
        (REDIRECT_URI, "http://127.0.0.1:4711"),
        ("http://localhost:9050/console/", "http://localhost:9050"),
        ("http://[::1]:4711/", "http:"),
    ] {
        let response = client.open("/dev/authorize", &question(&[("redirect_uri", Some(redirect_uri))]), &[]);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains(&format!("; form-action 'self' {source}; ")), "{policy}");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.ends_with("; base-uri 'none'; frame-ancestors 'none'"), "{policy}");
    }
}

#[test]
fn nothing_that_a_client_sends_becomes_markup() {
    let client = Client::new();
    let markup = "\"><script>'&";
    let changes =
        [("state", Some(markup)), ("nonce", Some(markup)), ("redirect_uri", Some("http://127.0.0.1:1/'&%22"))];
    let response = client.open("/dev/authorize", &question(&changes), &[]);
    let page = page(&response);
    assert!(page.contains("name=\"state\" value=\"&quot;&gt;&lt;script&gt;&#39;&amp;\""), "{page}");
    assert!(!page.contains("<script") && !page.contains("/'&%"), "{page}");
}

#[test]
fn any_local_client_may_open_the_page_and_only_the_page_submits_it() {
    let client = Client::new();
    let come = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert_eq!(client.open("/dev/authorize", &QUESTION, &come).status(), 200);
    let rebound = [("host", "evil.example:9050")];
    assert_eq!(client.open("/dev/authorize", &QUESTION, &rebound).status(), 403);
    let form = [&QUESTION[..], &[("name", "alice")]].concat();
    for foreign in [("origin", "http://127.0.0.1:4711"), ("origin", "null"), ("sec-fetch-site", "same-site")] {
        for path in ["/dev/authorize", "/dev/device", "/dev/device_authorization", "/dev/token", "/dev/revoke"] {
            assert_eq!(client.send(path, &form, &[foreign]).status(), 403, "{path}: {foreign:?}");
        }
    }
}
