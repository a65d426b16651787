//! Tests of the device authorization grant: the device, and the user's browser.

use super::client::*;
use super::*;
use serde_json::Value;

const OPENID: [(&str, &str); 2] = [("client_id", "portcullis-dev"), ("scope", "openid")];

struct Device {
    client: Client,
    code: String,
    user_code: String,
}

impl Device {
    fn new() -> Self {
        let client = Client::new();
        let said = body(&client.send("/dev/device_authorization", &OPENID, &[]));
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { code: text("device_code"), user_code: text("user_code"), client }
    }

    fn poll(&self) -> Result<Value, String> {
        let grant_type = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
        self.client.token(&[grant_type, ("device_code", &self.code)])
    }

    fn say(&self, said: &[(&str, &str)]) -> Response<Bytes> {
        self.client.send("/dev/device", &[&[("user_code", self.user_code.as_str())], said].concat(), &[])
    }
}

fn error(name: &str) -> Result<Value, String> {
    Err(name.to_owned())
}

#[test]
fn a_device_gets_codes_and_the_page_for_them() {
    let client = Client::new();
    let mut said = body(&client.send("/dev/device_authorization", &OPENID, &[]));
    let user_code = said["user_code"].take();
    let user_code = user_code.as_str().unwrap();
    let (first, second) = user_code.split_once('-').unwrap();
    for half in [first, second] {
        assert!(half.len() == 4 && half.chars().all(|c| "BCDFGHJKLMNPQRSTVWXZ".contains(c)), "{user_code}");
    }
    assert_eq!(said["device_code"].take().as_str().unwrap().len(), 43);
    let expected = json!({
        "device_code": null, "user_code": null, "expires_in": 600, "interval": 1,
        "verification_uri": "http://127.0.0.1:9050/dev/device",
        "verification_uri_complete": format!("http://127.0.0.1:9050/dev/device?user_code={user_code}"),
    });
    assert_eq!(said, expected);
    let response = client.send("/dev/device_authorization", &[("client_id", "portcullis-dev")], &[]);
    assert_eq!(body(&response)["error"], "invalid_scope");
}

#[test]
fn a_user_enters_the_code_or_follows_the_link() {
    let device = Device::new();
    let asked = device.client.open("/dev/device", &[], &[]);
    assert!(page(&asked).contains("<form method=\"get\" action=\"/dev/device\">"));
    assert!(page(&asked).contains("<label for=\"user_code\">"));
    let typed = device.user_code.replace('-', "").to_lowercase();
    for code in [&device.user_code, &typed, &format!(" {typed} ")] {
        let response = device.client.open("/dev/device", &[("user_code", code)], &[]);
        assert_eq!(response.status(), 200, "{code}");
        let page = page(&response);
        let shown = &device.user_code;
        assert!(page.contains(&format!("Continue only if it shows the code {shown}.")), "{page}");
        assert!(page.contains(&format!("<input type=\"hidden\" name=\"user_code\" value=\"{shown}\">")), "{page}");
        assert!(page.contains("Sign in as alice") && page.contains(">Cancel<"), "{page}");
    }
    let said = device.say(&[("name", "alice"), ("groups", "portcullis-admin")]);
    assert!(page(&said).contains("Your device is signed in. You can close this page."));
    let tokens = device.poll().unwrap();
    assert_eq!(claims(&tokens["id_token"])["sub"], "alice");
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(28_800)));
}

#[test]
fn a_device_gets_its_token_once_after_the_sign_in() {
    let device = Device::new();
    assert_eq!(device.poll(), error("authorization_pending"));
    device.client.advance_clock(1000);
    assert_eq!(device.poll(), error("authorization_pending"));
    device.say(&[("name", "alice")]);
    assert!(device.poll().is_ok());
    assert_eq!(device.poll(), error("invalid_grant"), "a device code is good once");
}

#[test]
fn a_denied_device_is_told_once() {
    let device = Device::new();
    assert!(page(&device.say(&[("deny", "yes")])).contains("The sign-in was cancelled."));
    assert_eq!(device.say(&[("name", "alice")]).status(), 404, "a decision is final");
    assert_eq!(device.poll(), error("access_denied"));
    assert_eq!(device.poll(), error("invalid_grant"));
}

#[test]
fn an_expired_code_signs_no_user_in_and_the_device_gets_the_reason() {
    let device = Device::new();
    device.client.advance_clock(599_999);
    assert_eq!(device.poll(), error("authorization_pending"));
    device.client.advance_clock(1);
    let response = device.say(&[("name", "alice")]);
    assert_eq!(response.status(), 404);
    assert!(page(&response).contains("No device is waiting for this code."));
    assert_eq!(device.poll(), error("expired_token"));
}

#[test]
fn an_unknown_user_code_changes_nothing() {
    let device = Device::new();
    for response in [
        device.client.open("/dev/device", &[("user_code", "<b>-BBBB")], &[]),
        device.client.send("/dev/device", &[("user_code", "BBBB-BBBB"), ("name", "alice")], &[]),
        device.client.send("/dev/device", &[("name", "alice")], &[]),
    ] {
        assert_eq!(response.status(), 404);
        assert!(!page(&response).contains("<b>"));
    }
    let response = device.say(&[("name", "ü")]);
    assert_eq!((response.status().as_u16(), &body(&response)["errors"][0]["field"]), (400, &json!("name")));
    assert_eq!(device.poll(), error("authorization_pending"));
}
