//! A failing store is an error: never "not found", and never an allow.

use std::net::TcpListener;
use std::time::Duration;

use authorizer::{Authorizer, AuthorizerError, Event, HttpApiResponseFormat, Outcome};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use lambda_http::http::StatusCode;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request, Response};
use portcullis::authz::{DailyCounts, Denial, PermissionUse};
use portcullis::cache_flush::{CacheFlusher, Stages};
use portcullis::catalog::Catalog;
use portcullis::clock::{Clock, Day};
use portcullis::grants::{Grants, Resource};
use portcullis::secret::PlaintextToken;
use portcullis::store::{
    ActivityFilter, DeferredWrite, Error, OwnerRevocation, Scope, StatusChange, Timeouts, TokenStore, TokenUpdate,
};
use portcullis::token::{Actor, DisableReason, EventKind, LastUse, RevocationDetails, TokenRecord};
use portcullis::{App, Settings};
use rand::rngs::SysRng;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::observed::Observed;
use super::{LIMITS, Sample, Table, alice, by_whom, caller, clock_at, delete, now, revoke};

/// An endpoint without a server: no system assigns port 1.
pub(super) const NOWHERE: &str = "http://127.0.0.1:1";

pub(crate) fn app(tokens: TokenStore) -> App {
    let settings = Settings::default();
    App { tokens, settings, clock: Clock::system() }
}

/// The REST API authorizer's response to a request with this credential.
pub(super) async fn ask(app: &App, credential: &str) -> Outcome {
    asked(&Authorizer::new(app.clone(), HttpApiResponseFormat::Simple).unwrap(), credential).await
}

/// The response of this authorizer, which may have a cache.
pub(crate) async fn asked(authorizer: &Authorizer, credential: &str) -> Outcome {
    asked_for("GET", authorizer, credential).await
}

/// The same, for a request with this method.
pub(crate) async fn asked_for(method: &str, authorizer: &Authorizer, credential: &str) -> Outcome {
    let event = json!({
        "type": "REQUEST",
        "methodArn": format!("arn:aws:execute-api:us-east-1:000000000000:demo/demo/{method}/apps/billing"),
        "multiValueHeaders": { "Authorization": [format!("Bearer {credential}")] },
        "requestContext": { "requestId": "r-1", "identity": { "sourceIp": "192.0.2.1" } },
    });
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    authorizer.handle(event).await
}

pub(super) fn nothing_to_flush() -> CacheFlusher {
    CacheFlusher::new(Stages::default(), "us-east-1", None, None)
}

fn fresh_secret() -> PlaintextToken {
    PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap()
}

#[track_caller]
pub(super) fn assert_no_decision(outcome: &Outcome) {
    assert_eq!(outcome.response, Err(AuthorizerError::NoDecision));
    // API Gateway makes a 401 of exactly "Unauthorized"; this has to be a 500.
    assert_eq!(outcome.response.as_ref().unwrap_err().to_string(), "no decision");
    assert_eq!(outcome.note, None);
    assert_eq!((outcome.audit.rbac_decision, outcome.audit.reason), ("error", Some("store_unavailable")));
    assert_eq!(outcome.audit.request_id.as_deref(), Some("r-1"));
}

#[tokio::test]
async fn every_operation_fails_when_the_store_is_unreachable() {
    let table = Table::in_process().await;
    let tokens = table.behind(NOWHERE);
    let Sample { record, digest } = Sample::owned_by(&alice());
    let made = Sample::owned_by(&alice()).in_table(&table).await;
    let used = DeferredWrite::last_use(&made, None, None, &caller(), now()).unwrap();
    let reads = PermissionUse::from_stored("apps:read apps");
    let recent = TokenRecord { last_used: Some(LastUse { at: now(), source_ip: None, agent: None }), ..made.clone() };
    let exercised = DeferredWrite::last_use(&recent, reads, None, &caller(), now()).unwrap();
    let denial = Denial::from_stored("apps:read", "apps", "permission_missing", now()).unwrap();
    let denied = DeferredWrite::denial(&made.id, denial);
    let counts = DailyCounts { day: Day(20_000), counts: [("apps:read".parse().unwrap(), 1)].into() };
    let counted = DeferredWrite::last_use(&recent, None, Some(counts), &caller(), now()).unwrap();
    let filter = super::list::all_of(Scope::Everyone);
    let (id, by, author) = (&record.id, Actor::Bootstrap, by_whom());
    let what = EventKind::Enabled;
    let change =
        TokenUpdate { seen: &record, next: record.clone(), what, by: &author, clock: &clock_at(now()), limits: LIMITS };
    let new_catalog = Catalog::default();
    let clock = &clock_at(now());
    let status_change = StatusChange { seen: &record, actor: &by, by: &author, clock, limits: LIMITS };
    let (grounds, owner) = (&RevocationDetails::default(), &alice());
    let everything = OwnerRevocation {
        owner,
        actor: &by,
        by: &author,
        grounds,
        clock,
        limits: LIMITS,
        until: now().plus_seconds(60),
        after: None,
    };
    let of_today = ActivityFilter {
        from: now().plus_seconds(-60),
        to: now(),
        kind: None,
        actor: None,
        owner: None,
        after: None,
        limit: 10,
    };
    // Concurrently, as the SDK pauses between its attempts.
    let (
        get,
        credential,
        create,
        change,
        events,
        usage,
        daily_counts,
        activity,
        revoke,
        disable,
        delete,
        revoke_all,
        last_use,
        note_usage,
        note_denial,
        note_counts,
        list,
        catalog,
        put_catalog,
        catalog_versions,
        catalog_version,
    ) = tokio::join!(
        tokens.get(id),
        tokens.credential(id),
        tokens.create(&record, &digest, &author, clock, LIMITS),
        tokens.update(&change),
        tokens.events(id, None, 10),
        tokens.usage(id),
        tokens.daily_counts(id, Day(20_000)),
        tokens.activity(&of_today),
        tokens.revoke(&status_change, grounds),
        tokens.disable(&status_change, DisableReason::Admin, None),
        tokens.delete(&status_change),
        tokens.revoke_all(&everything),
        tokens.apply_deferred(&used, clock, 400),
        tokens.apply_deferred(&exercised, clock, 400),
        tokens.apply_deferred(&denied, clock, 400),
        tokens.apply_deferred(&counted, clock, 400),
        tokens.list(&filter),
        tokens.catalog(),
        tokens.put_catalog(&new_catalog, 0, &by, now()),
        tokens.catalog_versions(None, 10),
        tokens.catalog_version(1),
    );
    for (operation, failure) in [
        ("get", get.err()),
        ("credential", credential.err()),
        ("create", create.err()),
        ("change", change.err()),
        ("events", events.err()),
        ("usage", usage.err()),
        ("daily_counts", daily_counts.err()),
        ("activity", activity.err()),
        ("revoke", revoke.err()),
        ("disable", disable.err()),
        ("delete", delete.err()),
        ("revoke_all", revoke_all.err()),
        ("last_use", last_use.err()),
        ("note_usage", note_usage.err()),
        ("note_denial", note_denial.err()),
        ("note_counts", note_counts.err()),
        ("list", list.err()),
        ("catalog", catalog.err()),
        ("put_catalog", put_catalog.err()),
        ("catalog_versions", catalog_versions.err()),
        ("catalog_version", catalog_version.err()),
    ] {
        assert!(matches!(failure, Some(Error::Unavailable(_))), "{operation}: {failure:?}");
    }
}

#[tokio::test]
async fn a_hanging_store_is_an_error_before_the_gateway_times_out() {
    let table = Table::in_process().await;
    // The system accepts connections, and nothing responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let short = Duration::from_millis(100);
    let timeouts = Timeouts { connect: short, attempt: short, operation: short * 2 };
    let tokens = table.behind_with(&format!("http://{}", silent.local_addr().unwrap()), timeouts);
    let read = timeout(Duration::from_secs(60), tokens.get(fresh_secret().id())).await;
    assert!(matches!(read, Ok(Err(Error::Unavailable(_)))), "{read:?}");
    // The default timeout, and the authorizer's total timeout.
    let template = include_str!("../../template.yaml");
    let (_, authorizer) = template.split_once("  AuthorizerFunction:\n").unwrap();
    let (_, seconds) = authorizer.split_once(" Timeout: ").unwrap();
    let seconds = seconds.lines().next().unwrap().parse().unwrap();
    assert!(Timeouts::default().operation < Duration::from_secs(seconds));
}

#[tokio::test]
async fn the_authorizer_fails_closed_when_the_store_fails() {
    let table = Table::in_process().await;
    let app = app(table.behind(NOWHERE));
    let outcome = ask(&app, fresh_secret().expose_secret()).await;
    assert_no_decision(&outcome);
}

#[tokio::test]
async fn the_authorizer_fails_closed_without_a_table() {
    let table = Table::in_process().await;
    let app = app(TokenStore::new(table.client.clone(), "no-such-table"));
    assert_no_decision(&ask(&app, fresh_secret().expose_secret()).await);
}

#[tokio::test]
async fn garbage_is_refused_without_a_store_request() {
    let table = Table::in_process().await;
    let app = app(table.behind(NOWHERE));
    for garbage in ["", "pcl_", "garbage", &"x".repeat(10_000)] {
        let outcome = ask(&app, garbage).await;
        assert_eq!(outcome.response, Err(AuthorizerError::Unauthorized));
        assert_eq!((outcome.audit.rbac_decision, outcome.audit.reason), ("deny", Some("malformed")));
    }
}

#[tokio::test]
async fn an_incomplete_record_is_an_error_and_fails_closed() {
    let table = Table::fresh().await;
    let app = app(table.tokens.clone());
    let secret = fresh_secret();
    let mut sample = Sample::owned_by(&alice()).until(now().truncated_to_seconds().plus_seconds(3600));
    (sample.record.id, sample.digest) = (secret.id().clone(), secret.digest());
    let record = sample.in_table(&table).await;
    let whole = table.item(&record.id).await.unwrap();
    assert!(ask(&app, secret.expose_secret()).await.response.is_ok());

    let garbled = |name: &str, value| {
        let mut item = whole.clone();
        item.insert(name.to_owned(), value);
        item
    };
    let lost = |name: &str| {
        let mut item = whole.clone();
        item.remove(name);
        item
    };
    let within = |group: &str, field: &str, value: Option<AttributeValue>| {
        let mut fields = whole[group].as_m().unwrap().clone();
        fields.remove(field);
        fields.extend(value.map(|value| (field.to_owned(), value)));
        garbled(group, AttributeValue::M(fields))
    };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for item in [
        lost("settings"),
        lost("origin"),
        lost("owner"),
        lost("secrets"),
        lost("version"),
        within("settings", "grants", None),
        within("settings", "grants", Some(AttributeValue::L(Vec::new()))),
        // An unreadable expiry must not become no expiry.
        within("settings", "expires_at", Some(text("never"))),
        garbled("revoked", text("no")),
        garbled("revoked", AttributeValue::M([].into())),
        within("secrets", "digest", None),
        within("secrets", "digest", Some(text("digest"))),
    ] {
        table.put(item.clone()).await;
        assert_no_decision(&ask(&app, secret.expose_secret()).await);
        if item.get("secrets") == whole.get("secrets") {
            let failure = table.tokens.get(&record.id).await;
            assert!(matches!(failure, Err(Error::Corrupt { .. })), "{failure:?}");
        }
    }
}

/// The event of an admin's request that the authorizer allowed.
fn call(method: &str, resource: &str, id: Option<&str>, body: Option<Value>) -> Request {
    request(method, resource, id, body.map(|body| body.to_string()).as_deref())
}

/// A request with this body.
pub(crate) fn request(method: &str, resource: &str, id: Option<&str>, body: Option<&str>) -> Request {
    request_by("0123456789abcdef", method, resource, id, body)
}

/// A request of the token with this ID.
pub(crate) fn request_by(caller: &str, method: &str, resource: &str, id: Option<&str>, body: Option<&str>) -> Request {
    let mut event = event(method, resource, id, body);
    event["requestContext"]["authorizer"]["token_id"] = caller.into();
    let event: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
    Request::from(event)
}

fn event(method: &str, resource: &str, id: Option<&str>, body: Option<&str>) -> Value {
    json!({
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": {}, "multiValueHeaders": {},
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": id.map(|id| json!({ "id": id })),
        "stageVariables": { "portcullis_api": "tokens" },
        "requestContext": {
            "resourcePath": resource, "httpMethod": method, "path": resource, "stage": "v1",
            "requestId": "b5b6cf63-8581-460d-a492-127cdb340064", "accountId": "000000000000", "apiId": "api", "resourceId": "r",
            "identity": { "sourceIp": "192.0.2.1" },
            "authorizer": { "principalId": "0123456789abcdef", "principal_type": "token", "token_id": "0123456789abcdef" },
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn a_failing_store_is_a_503_and_nothing_is_acknowledged() {
    let table = Table::in_process().await;
    let app = app(table.behind(NOWHERE));
    let id = Some("abcdefghijklmnop");
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"] });
    let nothing = nothing_to_flush();
    let answers: (Response<Body>, _, _, _, _, _, _, _, _) = tokio::join!(
        create::handle(&app, call("POST", "/tokens", None, Some(body))),
        read::handle(&app, call("GET", "/tokens", None, None)),
        read::handle(&app, call("GET", "/tokens/{id}", id, None)),
        read::handle(&app, call("GET", "/me", None, None)),
        revoke::handle(&app, &nothing, call("POST", "/tokens/{id}/revoke", id, None)),
        revoke::handle(&app, &nothing, call("DELETE", "/tokens/{id}", id, None)),
        read::handle(&app, call("POST", "/explain", None, None)),
        catalog::handle(&app, call("GET", "/catalog", None, None)),
        catalog::handle(&app, call("PUT", "/catalog", None, None)),
    );
    let (a, b, c, d, e, f, g, h, i) = answers;
    for answer in [a, b, c, d, e, f, g, h, i] {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let document: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(
            document,
            json!({
                "type": "urn:portcullis:problem:unavailable",
                "title": "Temporarily unavailable",
                "status": 503,
                "detail": "The store is unavailable. The request was not acknowledged; retry it.",
            })
        );
    }
}

#[tokio::test]
async fn an_invalid_identity_is_refused_before_the_store_is_read() {
    let table = Table::in_process().await;
    let exchange = exchange::Exchange::new(app(table.behind(NOWHERE)));
    let status = async |identity: &str| {
        let mut request = call("POST", "/exchange", None, None);
        *request.body_mut() = Body::Text(format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={identity}\
             &subject_token_type=urn:ietf:params:oauth:token-type:id_token"
        ));
        exchange.handle(&request).await.response.status()
    };
    let part = |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let identity =
        |alg: &str, claims: Value| format!("{}.{}.AA", part(json!({"alg": alg, "kid": "one"})), part(claims));
    let claims = json!({"iss": "https://ci.example", "aud": "x", "sub": "x", "exp": 4_000_000_000_u64});
    let mut bad_jti = claims.clone();
    bad_jti["jti"] = json!("");
    for junk in [
        "x".to_owned(),
        "a.b.c".to_owned(),
        identity("none", claims.clone()),
        identity("RS256", json!({})),
        identity("RS256", bad_jti),
        "x".repeat(9000),
    ] {
        assert_eq!(status(&junk).await, StatusCode::BAD_REQUEST, "{junk}");
    }
    assert_eq!(status(&identity("RS256", claims)).await, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn an_event_from_another_api_is_refused() {
    let table = Table::fresh().await;
    let app = app(table.tokens.clone());
    let mut sample = Sample::owned_by(&alice());
    sample.record.id = "0123456789abcdef".parse().unwrap();
    sample.in_table(&table).await;
    let good = event("GET", "/me", None, None);
    let ask = async |event: &Value| {
        let event: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
        read::handle(&app, Request::from(event)).await.status()
    };
    assert_eq!(ask(&good).await, StatusCode::OK);
    for (pointer, value) in [
        ("/stageVariables", Value::Null),
        ("/stageVariables", json!({ "portcullis_api": "token" })),
        ("/requestContext/requestId", json!("r-1")),
        ("/requestContext/requestId", json!("B5B6CF63-8581-460D-A492-127CDB340064")),
        ("/requestContext/requestId", json!("b5b6cf63-8581-460d-a492-127cdb3400640")),
        ("/requestContext/requestId", json!("b5b6cf63x8581-460d-a492-127cdb340064")),
        ("/requestContext/authorizer", json!({})),
        ("/requestContext/authorizer", json!({ "principal_type": "session", "owner": "alice" })),
    ] {
        let mut forged = good.clone();
        *forged.pointer_mut(pointer).unwrap() = value.clone();
        assert_eq!(ask(&forged).await, StatusCode::INTERNAL_SERVER_ERROR, "{pointer} {value}");
    }
}

#[tokio::test]
async fn a_token_revoked_after_the_authorizer_is_refused_by_the_function() {
    let table = Table::fresh().await;
    let app = app(table.tokens.clone());
    let mut sample = Sample::owned_by(&alice());
    sample.record.id = "0123456789abcdef".parse().unwrap();
    sample.record.grants = Grants::single(vec!["*".parse().unwrap()], vec![Resource::All]);
    let record = sample.in_table(&table).await;
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["apps/billing"] });
    let ask = async || create::handle(&app, call("POST", "/tokens", None, Some(body.clone()))).await.status();
    assert_eq!(ask().await, StatusCode::CREATED);
    revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap();
    assert_eq!(ask().await, StatusCode::FORBIDDEN);
    delete(&table.tokens, &record.id).await.unwrap();
    assert_eq!(ask().await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_wrong_secret_makes_the_same_store_requests_as_an_unknown_id() {
    let table = Table::in_process().await;
    let prefix = "pcl".parse().unwrap();
    let right = PlaintextToken::parse(&prefix, &Sample::with_everything(&table).await).unwrap();
    let wrong = PlaintextToken::generate_for(&prefix, right.id(), &mut SysRng).unwrap();
    let observed = Observed::new(&table).await;
    for secret in [&wrong, &fresh_secret()] {
        assert!(observed.tokens.match_secret(secret, now()).await.unwrap().is_none());
        assert_eq!(observed.operations(), ["GetItem"]);
    }
    let mut item = table.item(right.id()).await.unwrap();
    item.remove("settings");
    table.put(item).await;
    assert!(table.tokens.match_secret(&wrong, now()).await.unwrap().is_none());
    assert!(table.tokens.match_secret(&right, now()).await.is_err());
}
