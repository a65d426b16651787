//! One audit line of each kind. `tests/infra/audit-lines.jsonl` has them for the tests of the template's metric
//! filters and queries, and for the outputs in `docs/observability.md`.

use portcullis::oidc::Provider;
use serde_json::{Value, json};

use crate::support::{AuditLog, Issuer, Token, isolated_stack, unknown_token};

/// An address without a server: no system assigns port 1.
const UNREACHABLE: &str = "http://127.0.0.1:1";
const AUDIENCE: &str = "https://tokens.example.com";

/// Replaces the values that differ in each run.
fn comparable(line: &Value) -> Value {
    let mut line = line.clone();
    for field in ["timestamp", "request_id"] {
        assert!(line[field].is_string(), "{line}");
        line[field] = Value::from("text");
    }
    if line["api_token_id"].is_string() {
        line["api_token_id"] = Value::from("id");
    }
    assert!(line["duration_ms"].as_f64().is_some_and(|duration| duration >= 0.0), "{line}");
    line["duration_ms"] = Value::from("number");
    line
}

#[test]
fn the_recorded_audit_lines_are_those_of_this_version() {
    let (log, issuer) = (AuditLog::default(), Issuer::start());
    let writer = log.clone();
    let stack = isolated_stack(|options| {
        options.audit_log = Box::new(writer);
        options.settings.oidc.provider = Some(Provider {
            issuer: UNREACHABLE.to_owned(),
            audience: AUDIENCE.to_owned(),
            groups_claim: "groups".to_owned(),
            owner_claim: "sub".to_owned(),
            client_id: AUDIENCE.to_owned(),
            scopes: "openid".to_owned(),
        });
    });
    let token = |name: &str, owner: &str| {
        let grant = json!({"name": name, "owner": owner, "permissions": ["apps:read"], "resources": ["apps/billing"]});
        stack.create(grant)
    };
    let (deploy, nightly) = (token("deploy", "alice"), token("nightly", "bob"));
    let rotate = stack.post(&format!("{}/rotate", nightly.path())).bearer(&stack.admin).json(&json!({"overlap": "1h"}));
    let rotated = Token::shown_in(&rotate.send().expect(200));
    let ask = |method: &str, path: &str, credential: &str, status: u16| {
        stack.request(method, path).bearer(credential).send().expect(status);
    };
    log.take();
    ask("GET", "/demo/apps/billing/builds", &deploy.secret, 200);
    ask("GET", "/demo/apps/billing/builds", &deploy.secret, 200);
    ask("POST", "/demo/apps/billing/builds", &deploy.secret, 403);
    ask("POST", "/demo/apps/billing/builds", &deploy.secret, 403);
    ask("GET", "/demo/apps/payroll", &deploy.secret, 403);
    ask("GET", "/demo/apps/billing", &nightly.secret, 200);
    ask("GET", "/demo/apps/billing", &nightly.secret, 200);
    ask("GET", "/demo/apps/billing", &rotated.secret, 200);
    ask("GET", "/demo/apps/billing", "pcl_guess", 401);
    ask("GET", "/demo/apps/billing", &unknown_token(&stack.prefix()), 401);
    let mut session = issuer.claims();
    session["iss"] = json!(UNREACHABLE);
    ask("GET", "/demo/apps/billing", &issuer.signs(&session), 500);
    stack.advance_clock(3600);
    ask("GET", "/demo/apps/billing", &nightly.secret, 401);
    let mut lines = log.take();
    stack.post(&format!("{}/revoke", deploy.path())).bearer(&stack.admin).send().expect(200);
    log.take();
    ask("GET", "/demo/apps/billing/builds", &deploy.secret, 401);
    lines.extend(log.take());

    let recorded = include_str!("../infra/audit-lines.jsonl").lines();
    let recorded: Vec<_> = recorded.map(|line| comparable(&serde_json::from_str(line).unwrap())).collect();
    let current: Vec<_> = lines.iter().map(comparable).collect();
    let printed: Vec<_> = lines.iter().map(Value::to_string).collect();
    assert!(
        current == recorded,
        "replace the lines of tests/infra/audit-lines.jsonl and run the tests again:\n{}",
        printed.join("\n")
    );
}
