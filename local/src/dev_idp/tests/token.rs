//! Tests of the token endpoint.

use super::client::*;
use super::*;
use serde_json::Value;

const CODE: (&str, &str) = ("grant_type", "authorization_code");
const REFRESH: (&str, &str) = ("grant_type", "refresh_token");

fn by_code(code: &str) -> [(&str, &str); 4] {
    [CODE, ("code", code), ("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)]
}

#[test]
fn a_code_with_its_verifier_returns_a_session() {
    let client = Client::new();
    let code = client.code(&[]);
    let mut tokens = client.token(&by_code(&code)).unwrap();
    let said = claims(&tokens["id_token"]);
    assert_eq!((&said["iss"], &said["aud"]), (&json!("http://127.0.0.1:9050/dev"), &json!("portcullis-dev")));
    assert_eq!((&said["sub"], &said["groups"]), (&json!("alice"), &json!(["portcullis-admin"])));
    assert_eq!((&said["nonce"], &said["exp"]), (&json!("n-1"), &json!(1_800_028_800)));
    assert_eq!(tokens["id_token"].take(), tokens["access_token"].take());
    let rest = json!({
        "access_token": null, "id_token": null, "token_type": "Bearer", "expires_in": 28_800, "scope": "openid",
    });
    assert_eq!(tokens, rest);
    let code = client.code(&[("nonce", None), ("state", None)]);
    assert_eq!(claims(&client.token(&by_code(&code)).unwrap()["id_token"])["nonce"], Value::Null);
}

#[test]
fn a_code_works_once_within_a_minute() {
    let client = Client::new();
    let refused = Err("invalid_grant".to_owned());
    let code = client.code(&[]);
    client.advance_clock(59_999);
    assert!(client.token(&by_code(&code)).is_ok());
    assert_eq!(client.token(&by_code(&code)), refused);
    let code = client.code(&[]);
    client.advance_clock(60_000);
    assert_eq!(client.token(&by_code(&code)), refused);
    assert_eq!(client.token(&by_code("made-up")), refused);
}

#[test]
fn a_code_needs_its_verifier_and_redirect_uri() {
    let client = Client::new();
    let other = "x".repeat(43);
    for (name, bad) in [
        ("code_verifier", other.as_str()),
        ("code_verifier", CHALLENGE),
        ("redirect_uri", "http://127.0.0.1:4712/callback"),
        ("redirect_uri", "http://127.0.0.1:4711/callback/"),
    ] {
        let code = client.code(&[]);
        let mut form = by_code(&code);
        form.iter_mut().find(|(known, _)| *known == name).unwrap().1 = bad;
        assert_eq!(client.token(&form), Err("invalid_grant".to_owned()), "{name}={bad}");
        assert_eq!(client.token(&by_code(&code)), Err("invalid_grant".to_owned()), "{name}={bad}");
    }
}

#[test]
fn a_verifier_has_the_length_and_alphabet_of_pkce() {
    let client = Client::new();
    for (verifier, good) in [
        ("a-._~".repeat(9), true),
        ("a".repeat(128), true),
        ("a".repeat(42), false),
        ("a".repeat(129), false),
        ("a+".repeat(22), false),
    ] {
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let challenge = base64::Engine::encode(&engine, <sha2::Sha256 as sha2::Digest>::digest(&verifier));
        let code = client.code(&[("code_challenge", Some(&challenge))]);
        let form = [CODE, ("code", &code), ("redirect_uri", REDIRECT_URI), ("code_verifier", &verifier)];
        assert_eq!(client.token(&form).is_ok(), good, "{verifier}");
    }
}

#[test]
fn a_refresh_token_needs_offline_access_and_works_once() {
    let client = Client::new();
    let code = client.code(&[("scope", Some("openid offline_access"))]);
    let first = client.token(&by_code(&code)).unwrap();
    assert_eq!(first["scope"], "openid offline_access");
    client.advance_clock(40_000_000);
    let form = [REFRESH, ("refresh_token", first["refresh_token"].as_str().unwrap())];
    let second = client.token(&form).unwrap();
    let claims = claims(&second["id_token"]);
    assert_eq!((&claims["sub"], &claims["exp"]), (&json!("alice"), &json!(1_800_068_800)));
    assert_eq!(claims["nonce"], Value::Null);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(client.token(&form), Err("invalid_grant".to_owned()));
    let form = [REFRESH, ("refresh_token", second["refresh_token"].as_str().unwrap())];
    let ended = client.send("/dev/revoke", &[("client_id", "portcullis-dev"), ("token", form[1].1)], &[]);
    assert_eq!((ended.status().as_u16(), ended.body().len()), (200, 0));
    assert_eq!(client.token(&form), Err("invalid_grant".to_owned()));
    let unknown = client.send("/dev/revoke", &[("client_id", "portcullis-dev"), ("token", "made-up")], &[]);
    assert_eq!(unknown.status(), 200, "RFC 7009 requires it");
}

#[test]
fn errors_have_the_codes_of_rfc_6749() {
    let client = Client::new();
    for (form, error) in [
        (&[][..], "invalid_request"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[CODE], "invalid_request"),
        (&[CODE, ("code", "x"), ("redirect_uri", REDIRECT_URI)], "invalid_request"),
        (&[CODE, ("code", "x"), ("code_verifier", VERIFIER)], "invalid_request"),
        (&[CODE, CODE], "invalid_request"),
        (&[REFRESH], "invalid_request"),
        (&[REFRESH, ("refresh_token", "x")], "invalid_grant"),
    ] {
        assert_eq!(client.token(form), Err(error.to_owned()), "{form:?}");
    }
    for path in ["/dev/token", "/dev/device_authorization", "/dev/revoke"] {
        for stranger in [&[("client_id", "other"), CODE][..], &[CODE], &[("client_secret", "x"), CODE]] {
            let response = client.send(path, stranger, &[]);
            assert_eq!(
                (response.status().as_u16(), &body(&response)["error"]),
                (400, &json!("invalid_client")),
                "{path}"
            );
        }
        let known = ("client_id", "portcullis-dev");
        let json = request(Method::POST, path, &[("content-type", "application/json")], "{}");
        let long = "x".repeat(MAX_BYTES);
        for response in [client.sign_in.handle(&json), client.send(path, &[known, ("token", &long)], &[])] {
            assert_eq!(
                (response.status().as_u16(), &body(&response)["error"]),
                (400, &json!("invalid_request")),
                "{path}"
            );
        }
        let response = client.open(path, &[], &[]);
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &"POST".parse().unwrap()),
            "{path}"
        );
    }
}

#[test]
fn only_the_own_console_may_read_responses() {
    let client = Client::new();
    let own = [("origin", "http://127.0.0.1:9050"), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")];
    let code = client.code(&[]);
    let form = [&[("client_id", "portcullis-dev")], &by_code(&code)[..]].concat();
    for response in [
        client.send("/dev/token", &form, &own),
        client.open("/dev/jwks", &[], &own),
        client.open("/dev/.well-known/openid-configuration", &[], &own),
    ] {
        assert_eq!(response.status(), 200);
        assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control-")), "{response:?}");
        assert_eq!(response.headers()["cross-origin-resource-policy"], "same-origin");
    }
}
