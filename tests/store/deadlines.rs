//! A deadline that passes is an error with an audit line that says what was waited for.

use std::net::TcpListener;
use std::time::Duration;

use authorizer::{Authorizer, AuthorizerError, DECISION_DEADLINE, DEFERRED_DEADLINE, HttpApiResponseFormat, Outcome};
use exchange::{EXCHANGE_DEADLINE, Exchange};
use lambda_http::Body;
use lambda_http::http::StatusCode;
use portcullis::catalog::Catalog;
use portcullis::oidc;
use portcullis::secret::PlaintextToken;
use portcullis::store::{Timeouts, TokenStore};
use portcullis::token::Actor;
use rand::rngs::SysRng;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::unavailable::{app, asked, request};
use super::{Table, now};
use crate::support::{AUDIENCE, Issuer, provider};

const FOREVER: Duration = Duration::from_secs(3600);
/// Ends a test that would wait for ever.
const A_MINUTE: Duration = Duration::from_secs(60);

/// An endpoint of which the system accepts connections, and that never responds.
struct Silent(TcpListener);

impl Silent {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// A store whose own timeouts do not end a request.
    fn store(&self, table: &Table) -> TokenStore {
        let timeouts = Timeouts { connect: FOREVER, attempt: FOREVER, operation: FOREVER };
        table.behind_with(&self.url(), timeouts)
    }
}

fn authorizer(tokens: TokenStore, issuer: Option<&str>) -> Authorizer {
    let mut app = app(tokens);
    app.settings.oidc = oidc::Settings { timeout: FOREVER, provider: issuer.map(provider) };
    Authorizer::new(app, HttpApiResponseFormat::Simple).unwrap().with_deadlines(FOREVER, FOREVER)
}

async fn ask(authorizer: &Authorizer, credential: &str) -> Outcome {
    timeout(A_MINUTE, asked(authorizer, credential)).await.expect("the deadline passes")
}

#[track_caller]
fn assert_missed(outcome: &Outcome, reason: &str, dependency: &str) {
    assert_eq!(outcome.response, Err(AuthorizerError::NoDecision));
    assert_eq!((outcome.audit.rbac_decision, outcome.audit.reason), ("error", Some(reason)));
    let detail = format!("the deadline passed while waiting for {dependency}");
    assert_eq!(outcome.audit.detail.as_ref(), Some(&detail));
}

#[tokio::test]
async fn a_decision_that_misses_its_deadline_is_an_error_with_an_audit_line() {
    let (table, silent) = (Table::in_process().await, Silent::start());
    let secret = PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
    let at_once = |authorizer: &Authorizer| authorizer.clone().with_deadlines(Duration::ZERO, Duration::ZERO);

    let store_hangs = authorizer(silent.store(&table), None);
    let outcome = ask(&at_once(&store_hangs), secret.expose_secret()).await;
    assert_missed(&outcome, "store_unavailable", "the token record");

    let issuer = Issuer::start();
    let mut claims = issuer.claims();
    claims["iss"] = Value::from(silent.url());
    let provider_hangs = authorizer(table.tokens.clone(), Some(&silent.url()));
    let outcome = ask(&at_once(&provider_hangs), &issuer.signs(&claims)).await;
    assert_missed(&outcome, "keys_unavailable", "the provider's signing keys");

    let catalog_hangs = authorizer(silent.store(&table), Some(&issuer.url));
    // An expired session fetches the keys, and does not need the catalog.
    let mut expired = issuer.claims();
    expired["exp"] = json!(1);
    assert_eq!(ask(&catalog_hangs, &issuer.signs(&expired)).await.audit.reason, Some("expired"));
    let outcome = ask(&at_once(&catalog_hangs), &issuer.signs(&issuer.claims())).await;
    assert_missed(&outcome, "store_unavailable", "the catalog");
}

#[tokio::test]
async fn an_exchange_that_misses_its_deadline_is_a_503_with_an_audit_line() {
    let (table, silent, issuer) = (Table::in_process().await, Silent::start(), Issuer::start());
    let rule = |name: &str, issuer: &str| {
        json!({
            "name": name, "issuer": issuer, "audience": AUDIENCE, "lifetime": "10m",
            "claims": {"repository": "acme/billing"},
            "grants": [{"permissions": ["apps:read"], "resources": ["apps/billing"]}],
        })
    };
    let trust = json!({ "trust": [rule("works", &issuer.url), rule("hangs", &silent.url())] });
    let trust = Catalog::read(&trust).unwrap();
    table.tokens.put_catalog(&trust, 0, &Actor::Bootstrap, now()).await.unwrap();
    let (mut unknown, mut expired, mut hanging) = (issuer.claims(), issuer.claims(), issuer.claims());
    unknown["iss"] = json!("https://unknown.example.com");
    expired["exp"] = json!(1);
    hanging["iss"] = Value::from(silent.url());
    let send = async |exchange: &Exchange, deadline: Duration, claims: &Value| {
        let mut request = request("POST", "/exchange", None, None);
        *request.body_mut() = Body::Text(format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={}\
             &subject_token_type=urn:ietf:params:oauth:token-type:id_token",
            issuer.signs(claims)
        ));
        let exchange = exchange.clone().with_deadline(deadline);
        let result = timeout(A_MINUTE, exchange.handle(&request)).await.expect("the deadline passes");
        let audit = result.audit.unwrap();
        (result.response.status(), audit.rbac_decision, audit.reason, audit.detail.unwrap_or_default())
    };
    let missed = |reason, dependency| {
        let detail = format!("the deadline passed while waiting for {dependency}");
        (StatusCode::SERVICE_UNAVAILABLE, "error", Some(reason), detail)
    };

    let store_hangs = Exchange::new(app(silent.store(&table)));
    let result = send(&store_hangs, Duration::ZERO, &issuer.claims()).await;
    assert_eq!(result, missed("store_unavailable", "the catalog"));

    let mut app = app(table.tokens.clone());
    app.settings.oidc.timeout = FOREVER;
    let exchange = Exchange::new(app);
    // Caches the catalog.
    assert_eq!(send(&exchange, FOREVER, &unknown).await.2, Some("malformed"));
    let result = send(&exchange, Duration::ZERO, &hanging).await;
    assert_eq!(result, missed("keys_unavailable", "the issuer's signing keys"));
    // Caches the keys.
    assert_eq!(send(&exchange, FOREVER, &expired).await.2, Some("expired"));
    let result = send(&exchange, Duration::ZERO, &issuer.claims()).await;
    assert_eq!(result, missed("store_unavailable", "the new token to be stored"));
}

#[test]
fn the_deadlines_pass_before_lambda_ends_the_function() {
    let template = include_str!("../../template.yaml");
    let timeout_of = |function: &str| {
        let (_, function) = template.split_once(&format!("\n{function}:\n")).unwrap();
        let (_, seconds) = function.split_once(" Timeout: ").unwrap();
        Duration::from_secs(seconds.lines().next().unwrap().parse().unwrap())
    };
    assert!(DECISION_DEADLINE + DEFERRED_DEADLINE < timeout_of("  AuthorizerFunction"));
    assert!(EXCHANGE_DEADLINE < timeout_of("Globals"));
    // A provider that hangs is remembered as failed, so the next session does not wait.
    assert!(oidc::Settings::default().timeout * 2 < DECISION_DEADLINE);
}
