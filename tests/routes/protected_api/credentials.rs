//! The credential: one token, in one header.

use serde_json::{Value, json};

use crate::support::{Request, Response, stack, unknown_token, with_good_checksum};

const DOOR: &str = "/demo/apps/billing";
const CHALLENGE: &str = concat!(
    r#"Bearer realm="portcullis", error="invalid_token", "#,
    r#"error_description="The token is missing, malformed, unknown, expired, disabled or revoked""#
);

/// The response to every invalid credential, whatever is wrong with it.
#[track_caller]
fn assert_refused(response: &Response) {
    assert_eq!(response.problem(401, "invalid_token"), refusal());
    assert_eq!(response.header("www-authenticate"), Some(CHALLENGE));
}

fn refusal() -> Value {
    json!({
        "type": "urn:portcullis:problem:invalid_token",
        "title": "Invalid token",
        "status": 401,
        "detail": "The token is missing, malformed, unknown, expired, disabled or revoked. \
                   Send one token, in Authorization: Bearer or in x-api-token.",
        "request_id": "[request id]",
    })
}

#[test]
fn a_token_is_accepted_in_either_header_in_any_case() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let value = format!("{scheme} {}", token.secret);
        stack.get(DOOR).header("Authorization", &value).send().expect(200);
    }
    for name in ["authorization", "AUTHORIZATION"] {
        stack.get(DOOR).header(name, format!("Bearer {}", token.secret)).send().expect(200);
    }
    for name in ["x-api-token", "X-Api-Token", "X-API-TOKEN"] {
        stack.get(DOOR).header(name, &token.secret).send().expect(200);
    }
}

#[test]
fn a_request_without_a_credential_is_refused() {
    let stack = stack();
    assert_refused(&stack.get(DOOR).send());
    assert_refused(&stack.get("/tokens").send());
    assert_refused(
        &stack.post("/tokens").json(&json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"] })).send(),
    );
}

#[test]
fn a_token_elsewhere_in_the_request_is_ignored() {
    let stack = stack();
    let token = stack.token(["apps:*"]);
    let secret = &token.secret;
    for parameter in ["access_token", "token", "x-api-token", "authorization"] {
        assert_refused(&stack.get(&format!("{DOOR}?{parameter}={secret}")).send());
    }
    assert_refused(&stack.get(DOOR).header("Cookie", format!("token={secret}; access_token={secret}")).send());
    assert_refused(&stack.get(DOOR).header("X-Api-Key", secret).send());
    assert_refused(&stack.get(DOOR).header("Proxy-Authorization", format!("Bearer {secret}")).send());
    let form = stack.post(DOOR).body(format!("access_token={secret}"));
    assert_refused(&form.send());
}

#[test]
fn two_credentials_are_refused() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let (bearer, secret) = (format!("Bearer {}", token.secret), token.secret.as_str());
    let with = |headers: &[(&str, &str)]| {
        headers.iter().fold(stack.get(DOOR), |request, (name, value)| request.header(name, value)).send()
    };
    assert_refused(&with(&[("Authorization", &bearer), ("x-api-token", secret)]));
    assert_refused(&with(&[("x-api-token", secret), ("Authorization", "")]));
    assert_refused(&with(&[("Authorization", &bearer), ("x-api-token", "")]));
    assert_refused(&with(&[("x-api-token", secret), ("Authorization", "Basic dXNlcjpwYXNz")]));
    assert_refused(&with(&[("x-api-token", secret), ("X-Api-Token", secret)]));
    assert_refused(&with(&[("x-api-token", secret), ("x-api-token", "")]));
    assert_refused(&with(&[("x-api-token", &format!("{secret}, {secret}"))]));
    assert_refused(&with(&[("Authorization", &format!("{bearer}, {bearer}"))]));
    // Some gateways and proxies refuse a repeated Authorization header themselves.
    let twice = with(&[("Authorization", &bearer), ("authorization", &bearer)]);
    assert!(matches!(twice.status, 400 | 401), "{}", twice.status);
    if stack.is_in_process() {
        assert_refused(&twice);
    }
}

#[test]
fn other_authorization_schemes_are_refused() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let secret = &token.secret;
    for value in [
        String::new(),
        " ".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Basic dXNlcjpwYXNz".to_owned(),
        format!("Basic {secret}"),
        format!("Token {secret}"),
        format!("Bearer{secret}"),
        format!("Bearer\t{secret}"),
        format!("Bearer: {secret}"),
        format!("Bearer \"{secret}\""),
        format!("Bearer Bearer {secret}"),
        format!("Bearer token={secret}"),
        format!("Bearer {secret} {secret}"),
        format!("Bearer {secret},"),
        secret.clone(),
    ] {
        assert_refused(&stack.get(DOOR).header("Authorization", &value).send());
    }
    for value in ["", " ", "null", &format!("Bearer {secret}"), &format!("\"{secret}\"")] {
        assert_refused(&stack.get(DOOR).header("x-api-token", value).send());
    }
}

#[test]
fn a_token_with_any_change_is_refused() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let secret = token.secret.as_str();
    // One character each of the prefix, the id, the secret and the checksum.
    let body = secret.find('_').unwrap() + 1;
    let changed = [0, body, body + 15, body + 16, body + 40, body + 58, body + 59, body + 64].map(|at| {
        let other = if &secret[at..=at] == "a" { "b" } else { "a" };
        format!("{}{other}{}", &secret[..at], &secret[at + 1..])
    });
    let misshapen = [
        secret[..secret.len() - 1].to_owned(),
        secret[1..].to_owned(),
        secret[..body + 16].to_owned(),
        secret[body..].to_owned(),
        format!("{secret}{secret}"),
        format!("{secret}0"),
        format!("0{secret}"),
        secret.to_uppercase(),
        secret.to_lowercase(),
        secret.replace('_', "-"),
        secret.replace('_', "__"),
        secret.replace('_', "%5F"),
        format!("x{}", &secret[body - 1..]),
    ];
    for wrong in changed.iter().chain(&misshapen) {
        assert_refused(&stack.get(DOOR).bearer(wrong).send());
        assert_refused(&stack.get(DOOR).header("x-api-token", wrong).send());
    }
    stack.get(DOOR).bearer(secret).send().expect(200);
}

#[test]
fn an_unknown_token_and_a_wrong_secret_get_the_response_to_garbage() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let nobodys = unknown_token(&stack.prefix());
    let body = nobodys.find('_').unwrap() + 1;
    let wrong_secret =
        with_good_checksum(&format!("{}_{}{}", stack.prefix(), token.id, &nobodys[body + 16..nobodys.len() - 6]));
    let other_prefix = with_good_checksum(&format!("zz{}", &token.secret[..token.secret.len() - 6]));
    let answers: Vec<_> = [nobodys, wrong_secret, other_prefix, "garbage".to_owned()]
        .into_iter()
        .map(|wrong| stack.get(DOOR).bearer(wrong).send())
        .collect();
    for response in &answers {
        assert_refused(response);
        for header in ["content-type", "content-length", "www-authenticate", "cache-control"] {
            assert_eq!(response.header(header), answers[0].header(header), "{header}");
        }
    }
}

#[test]
fn ten_kilobytes_of_credential_are_refused() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let long = token.secret.repeat(10_240 / token.secret.len() + 1);
    let zeros = format!("{}{}", &token.secret[..token.secret.len() - 6], "0".repeat(10_240));
    for value in [long, zeros] {
        let asks: [Request<'_>; 2] = [stack.get(DOOR).bearer(&value), stack.get(DOOR).header("x-api-token", &value)];
        for ask in asks {
            let response = ask.send();
            // Gateways limit the total size of headers to about this.
            assert!(matches!(response.status, 400 | 401 | 413 | 431), "{}", response.status);
            if stack.is_in_process() {
                assert_refused(&response);
            }
        }
    }
}
