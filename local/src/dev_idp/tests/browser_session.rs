//! Tests of a browser's session at the provider, and of `prompt`.

use super::client::*;
use super::*;

const HALF_A_DAY: i64 = 12 * 60 * 60 * 1000;

/// Signs alice in, and returns the browser's cookie.
fn cookie(client: &Client) -> String {
    let form = [&QUESTION[..], &[("name", "alice"), ("groups", "portcullis-admin")]].concat();
    let response = client.send("/dev/authorize", &form, &[]);
    let set = response.headers()["set-cookie"].to_str().unwrap();
    let (cookie, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/dev; HttpOnly; SameSite=Lax");
    assert_eq!(cookie.strip_prefix("portcullis-dev-session=").unwrap().len(), 43);
    cookie.to_owned()
}

fn open(client: &Client, prompt: &str, cookies: &str) -> Response<Bytes> {
    let question = [&question(&[("nonce", Some("n-2"))])[..], &[("prompt", prompt)]].concat();
    client.open("/dev/authorize", &question, &[("cookie", cookies)])
}

/// The error that the client receives.
fn error(response: &Response<Bytes>) -> String {
    let back = went_back(response);
    assert!(back["state"] == "s&1" && back["iss"] == "http://127.0.0.1:9050/dev" && !back.contains_key("code"));
    back["error"].clone()
}

#[test]
fn a_browser_with_a_session_gets_a_code_without_a_page() {
    let client = Client::new();
    let cookies = format!("other=1; {}; another=2", cookie(&client));
    client.advance_clock(HALF_A_DAY - 1);
    for _ in 0..2 {
        let back = went_back(&open(&client, "none", &cookies));
        assert_eq!(back["state"], "s&1");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &back["code"]),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let claims = claims(&client.token(&form).unwrap()["id_token"]);
        assert_eq!((&claims["sub"], &claims["groups"]), (&json!("alice"), &json!(["portcullis-admin"])));
        assert_eq!((&claims["nonce"], &claims["exp"]), (&json!("n-2"), &json!(1_800_000_000 + 43_199 + 28_800)));
    }
}

#[test]
fn without_a_session_the_client_of_a_silent_request_gets_login_required() {
    let client = Client::new();
    let cookie = cookie(&client);
    let renamed = cookie.replace("portcullis", "other");
    for cookies in ["", "portcullis-dev-session=", "portcullis-dev-session=made-up", &renamed] {
        assert_eq!(error(&open(&client, "none", cookies)), "login_required", "{cookies}");
    }
    assert_eq!(error(&open(&Client::new(), "none", &cookie)), "login_required", "the server was restarted");
    client.advance_clock(HALF_A_DAY);
    assert_eq!(error(&open(&client, "none", &cookie)), "login_required", "the session has expired");
}

#[test]
fn a_session_does_not_skip_the_page_unless_the_client_asks_for_that() {
    let client = Client::new();
    let cookie = cookie(&client);
    for prompt in ["", "login", "consent", "select_account", "login consent"] {
        let response = open(&client, prompt, &cookie);
        assert!(page(&response).contains("wants to sign you in."), "{prompt}");
        assert!(!response.headers().contains_key("set-cookie"), "{prompt}");
    }
    for prompt in ["none login", "login none"] {
        assert_eq!(error(&open(&client, prompt, &cookie)), "invalid_request", "{prompt}");
    }
}

#[test]
fn only_a_completed_sign_in_starts_a_session() {
    let client = Client::new();
    cookie(&client);
    for said in [("deny", "yes"), ("name", "ü"), ("client_id", "portcullis-dev")] {
        let response = client.send("/dev/authorize", &[&QUESTION[..], &[said]].concat(), &[]);
        assert!(!response.headers().contains_key("set-cookie"), "{said:?}");
    }
}
