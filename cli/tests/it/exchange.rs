//! `portcullis exchange` and `portcullis trust test`, with an OIDC issuer.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::{fs, thread};

use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::support::{Stack, bare, json, stack, stderr, stdout};

/// Deployment with a trust rule for jobs on the main branch of `acme/billing`.
pub(crate) fn trusting(issuer: &Issuer) -> Stack {
    let stack = stack();
    let path = stack.home.path().join("catalog.json");
    let audience = "https://tokens.example.com";
    let rule = |name: &str, claims: Value| {
        json!({"name": name, "issuer": issuer.url, "audience": audience, "claims": claims, "lifetime": "10m",
            "grants": [{"permissions": ["apps:read", "apps:write"], "resources": ["apps/billing"]}]})
    };
    let release = json!({"repository": "acme/billing", "ref": "refs/tags/v*"});
    let main = json!({"repository": "acme/billing", "ref": "refs/heads/main"});
    fs::write(&path, json!({"trust": [rule("release", release), rule("main", main)]}).to_string()).unwrap();
    stack.portcullis(["catalog", "push", path.to_str().unwrap(), "--yes", "--quiet"]).assert().success();
    stack
}

#[test]
fn exchange_needs_only_an_id_token_and_prints_only_the_api_token() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).env("PORTCULLIS_ID_TOKEN", issuer.signs(&issuer.claims()));
    let given = command.args(["exchange", "--permission", "apps:read"]).assert().success();
    let token = stdout(&given);
    assert!(stderr(&given).contains("acme/billing@refs/heads/main") && !stderr(&given).contains(token.trim()));
    let me = json(&stack.with_token(token.trim(), ["whoami", "--json"]).assert().success());
    assert_eq!((&me["token_name"], &me["grants"][0]["permissions"]), (&json!("main"), &json!(["apps:read"])));
    let listed = stdout(&stack.portcullis(["token", "list"]).assert().success());
    assert!(listed.contains("VIA") && listed.contains("acme/billing@refs/heads/main"), "{listed}");
    let again = command.assert().code(2);
    assert!(stderr(&again).contains("can be exchanged once"), "{}", stderr(&again));
}

#[test]
fn id_tokens_are_not_accepted_on_the_command_line() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let exchange = |arguments: &[&str], stdin: String| {
        let mut command = stack.bare();
        command.env("PORTCULLIS_URL", stack.url()).arg("exchange").args(arguments).write_stdin(stdin);
        command.assert()
    };
    exchange(&["--quiet", "--id-token-file", "-"], issuer.signs(&issuer.claims())).success();
    let identity = issuer.signs(&issuer.claims());
    let refused = exchange(&[&identity], String::new()).code(2);
    assert!(!stderr(&refused).contains(&identity), "{}", stderr(&refused));
    assert!(stderr(&exchange(&[], String::new()).code(2)).contains("PORTCULLIS_ID_TOKEN"));
}

#[test]
fn on_github_the_id_token_is_requested_and_the_api_token_masked() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    // Simulates GitHub: responds once with the job's ID token.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/idtoken?api-version=2.0", listener.local_addr().unwrap());
    let body = json!({"value": issuer.signs(&issuer.claims())}).to_string();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    let env_file = stack.home.path().join("github-env");
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).env("GITHUB_ENV", &env_file).env("GITHUB_ACTIONS", "true");
    command.env("ACTIONS_ID_TOKEN_REQUEST_URL", url).env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner");
    let given = command.args(["exchange", "--audience", "https://tokens.example.com", "--github-env"]).assert();
    let written = fs::read_to_string(&env_file).unwrap();
    let token = written.trim().strip_prefix("PORTCULLIS_API_TOKEN=").unwrap().to_owned();
    assert_eq!(stdout(&given.success()), format!("::add-mask::{token}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&env_file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    stack.call_demo("/apps/billing", &token);
    let request = asked.join().unwrap();
    assert!(
        request.starts_with("GET /idtoken?api-version=2.0&audience=https%3A%2F%2Ftokens.example.com "),
        "{request}"
    );
    assert!(request.to_ascii_lowercase().contains("authorization: bearer runner"), "{request}");
}

#[test]
fn a_github_job_without_id_token_permission_gets_a_hint() {
    let home = tempfile::tempdir().unwrap();
    let mut command = bare(home.path());
    command.env("PORTCULLIS_URL", "http://127.0.0.1:9").env("GITHUB_ACTIONS", "true");
    let refused = stderr(&command.arg("exchange").assert().code(2));
    assert!(refused.contains("permissions: id-token: write"), "{refused}");
}

#[test]
fn trust_test_shows_the_matching_rule_and_unmet_conditions() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let claims = stack.home.path().join("claims.json");
    fs::write(&claims, issuer.claims().to_string()).unwrap();
    let test = |text: &str| {
        let mut command = stack.portcullis(["trust", "test", "--claims", "-"]);
        command.write_stdin(text.to_owned()).assert()
    };
    let taken = stdout(&test(&issuer.claims().to_string()).code(0));
    assert!(taken.contains("main") && taken.contains("apps:read, apps:write on apps/billing"), "{taken}");
    let unmet = r#"ref is "refs/heads/main"; expected "refs/tags/v*""#;
    assert!(taken.contains("release does not match:") && taken.contains(unmet), "{taken}");
    // A whole ID token gives the same output. Its signature is not verified.
    assert_eq!(stdout(&test(&issuer.signs(&issuer.claims())).code(0)), taken);
    let mut other = issuer.claims();
    other["repository"] = json!("acme/payroll");
    assert!(stdout(&test(&other.to_string()).code(1)).starts_with("No rule matches "));
    for bad in ["", "[]", "a.b.c", "{"] {
        test(bad).code(2);
    }
}

#[test]
fn trust_test_validates_jti_like_the_service() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let both = |claims: &str| {
        let header = r#"{"alg":"EdDSA","kid":"one"}"#;
        let identity = issuer.signs_text(header, claims);
        for text in [claims, &identity] {
            let mut trial = stack.portcullis(["trust", "test", "--quiet", "--claims", "-"]);
            let trial = trial.write_stdin(text.to_owned()).output().unwrap().status.code();
            let mut exchange = stack.bare();
            exchange.env("PORTCULLIS_URL", stack.url()).args(["exchange", "--quiet", "--id-token-file", "-"]);
            let identity =
                issuer.signs_text(header, &claims.replace("\"sub\"", &format!("\"n\":{},\"sub\"", text.len())));
            let exchanged = exchange.write_stdin(identity).output().unwrap().status.code();
            assert_eq!(trial, exchanged, "{claims}");
        }
        stack.portcullis(["trust", "test", "--claims", "-"]).write_stdin(claims.to_owned()).assert()
    };
    let mut claims = issuer.claims();
    claims.as_object_mut().unwrap().remove("jti");
    both(&claims.to_string()).code(0);
    for bad in [json!(null), json!(7), json!(""), json!("x".repeat(513)), json!(["x"])] {
        claims["jti"] = bad;
        let refused = stderr(&both(&claims.to_string()).code(2));
        assert!(refused.contains("jti must be a string of 1 to 512 characters"), "{refused}");
    }
    let doubled = issuer.claims().to_string().replacen('{', r#"{"ref":"x","#, 1);
    assert!(stderr(&both(&doubled).code(2)).contains("duplicate name"));
}

#[test]
fn trust_test_validates_jwts_like_the_service() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let outcome = |arguments: &[&str], identity: &str| {
        let mut command = stack.portcullis(["--quiet"]);
        let output = command.args(arguments).write_stdin(identity.to_owned()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let both = |header: &Value, change: &dyn Fn(&mut Value)| {
        let mut claims = issuer.claims();
        change(&mut claims);
        let identity = issuer.signs_with(header, &claims);
        let (trial, printed) = outcome(&["trust", "test", "--claims", "-"], &identity);
        let (exchanged, _) = outcome(&["exchange", "--id-token-file", "-"], &identity);
        assert_eq!(trial, exchanged, "{header} {claims}: {printed}");
        (trial, printed)
    };
    let header = |field: &str, value: Value| {
        let mut header = json!({"alg": "EdDSA", "kid": "one", "typ": "JWT"});
        header[field] = value;
        header
    };
    for good in [header("typ", json!("at+jwt")), header("alg", json!("Ed25519")), json!({"alg": "EdDSA", "kid": "one"})]
    {
        assert_eq!(both(&good, &|_| {}).0, Some(0), "{good}");
    }
    for (bad, why) in [
        (header("typ", json!("logout+jwt")), "unexpected typ"),
        (header("kid", Value::Null), "the header has no kid"),
        (header("alg", json!("HS256")), "unsupported algorithm"),
        (header("alg", json!("none")), "unsupported algorithm"),
        (header("crit", json!([])), "crit in the header is not supported"),
    ] {
        let (code, printed) = both(&bad, &|_| {});
        assert!(code == Some(2) && printed.contains(why), "{bad}: {printed}");
    }
    for (claim, bad) in [
        ("sub", json!(7)),
        ("sub", Value::Null),
        ("exp", json!("2027-01-15T08:00:00Z")),
        ("exp", Value::Null),
        ("iat", json!("now")),
        ("nbf", json!([])),
        ("iss", Value::Null),
        ("aud", json!(7)),
    ] {
        let (code, printed) = both(&header("typ", json!("JWT")), &|claims| claims[claim] = bad.clone());
        assert!(
            code == Some(2) && printed.contains("a claim is missing or has the wrong type"),
            "{claim} {bad}: {printed}"
        );
        let mut claims = issuer.claims();
        claims[claim] = bad.clone();
        let of_claims = outcome(&["trust", "test", "--claims", "-"], &claims.to_string());
        assert_eq!(of_claims, (code, printed), "the claims alone");
    }
}

#[test]
fn trust_test_lists_what_it_does_not_check() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let test = |text: &str, arguments: &[&str]| {
        let mut command = stack.portcullis(["trust", "test", "--claims", "-"]);
        command.args(arguments).write_stdin(text.to_owned()).assert().code(0)
    };
    let (claims, identity) = (issuer.claims().to_string(), issuer.signs(&issuer.claims()));
    for (text, unchecked) in [
        (&identity, &["signature", "times", "earlier use"][..]),
        (&claims, &["header", "signature", "times", "earlier use"]),
    ] {
        let printed = stderr(&test(text, &[]));
        assert!(printed.contains(&format!("Not checked: {}", unchecked.join(", "))), "{printed}");
        assert_eq!(json(&test(text, &["--json"]))["unchecked"], json!(unchecked));
    }
}

#[test]
fn trust_test_works_offline_with_recorded_claims() {
    let home = tempfile::tempdir().unwrap();
    let catalog = home.path().join("catalog.toml");
    let rule = r#"
[[trust]]
name = "octo"
issuer = "https://token.actions.githubusercontent.com"
audience = "https://tokens.example.com"
claims = { repository = "octo-org/octo-repo", environment = "prod" }
grants = [{ permissions = ["apps:write"], resources = ["apps/octo"] }]
"#;
    fs::write(&catalog, rule).unwrap();
    let recorded = |name: &str| format!("{}/../examples/ci/claims/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let test = |name: &str| {
        let mut command = bare(home.path());
        command.args(["trust", "test", "--json", "--claims", &recorded(name), "--catalog"]).arg(&catalog).assert()
    };
    let taken = json(&test("github-environment").code(0));
    assert_eq!((&taken["rule"], &taken["lifetime_seconds"]), (&json!("octo"), &json!(900)));
    assert_eq!(taken["via"], "github:octo-org/octo-repo@refs/heads/main");
    let refused = json(&test("github-pull-request").code(1));
    assert_eq!(refused["rule"], Value::Null);
    assert_eq!(refused["rules"][0]["unmet"], json!([r#"environment is missing; expected "prod""#]));
    fs::write(&catalog, rule.replace("repository = \"octo-org/octo-repo\", ", "")).unwrap();
    assert!(stdout(&test("github-environment").code(1)).contains("trust[0].claims"), "an invalid catalog is reported");
}
