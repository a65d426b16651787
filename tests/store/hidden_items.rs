//! A 404 for an item that the caller may not see takes the same reads and the same time as one for a missing item.

use std::time::{Duration, Instant};

use lambda_http::http::HeaderValue;
use lambda_http::http::header::IF_MATCH;
use lambda_http::{Body, Request, Response};
use portcullis::catalog::ApprovalUses;
use portcullis::clock::Clock;
use portcullis::grants::{Grants, Resource};
use portcullis::store::new_approval_id;
use portcullis::{App, Settings};

use super::approvals::request_approval_of_billing;
use super::observed::Observed;
use super::unavailable::{nothing_to_flush, request_by};
use super::{Sample, Table, alice, bob, now};

/// The time of a 404 is a whole number of these.
const STEP: Duration = Duration::from_millis(20);

/// Functions with their routes to one item.
const ROUTES: [(&str, &str, &str); 15] = [
    ("read", "GET", "/tokens/{id}"),
    ("read", "GET", "/tokens/{id}/events"),
    ("read", "GET", "/tokens/{id}/usage"),
    ("read", "POST", "/explain"),
    ("update", "PATCH", "/tokens/{id}"),
    ("update", "POST", "/tokens/{id}/disable"),
    ("update", "POST", "/tokens/{id}/enable"),
    ("update", "POST", "/tokens/{id}/tighten"),
    ("rotate", "POST", "/tokens/{id}/rotate"),
    ("revoke", "POST", "/tokens/{id}/revoke"),
    ("revoke", "DELETE", "/tokens/{id}"),
    ("approvals", "GET", "/approvals/{id}"),
    ("approvals", "DELETE", "/approvals/{id}"),
    ("approvals", "POST", "/approvals/{id}/approve"),
    ("approvals", "POST", "/approvals/{id}/reject"),
];

async fn call(app: &App, function: &str, request: Request) -> Response<Body> {
    match function {
        "read" => ::read::handle(app, request).await,
        "update" => ::update::handle(app, request).await,
        "rotate" => ::rotate::handle(app, request).await,
        "revoke" => ::revoke::handle(app, &nothing_to_flush(), request).await,
        "approvals" => ::approvals::handle(app, request).await,
        _ => panic!("no such function: {function}"),
    }
}

#[tokio::test]
async fn a_foreign_item_takes_the_same_reads_and_time_as_a_missing_one() {
    let table = Table::in_process().await;
    let token = Sample::owned_by(&alice()).in_table(&table).await;
    let approval = request_approval_of_billing(&table, &token, ApprovalUses::Any, now()).await;
    let mut caller = Sample::owned_by(&bob());
    let permissions = ["tokens:read", "tokens:write"].map(|permission| permission.parse().unwrap());
    caller.record.grants = Grants::single(permissions.into(), vec![Resource::All]);
    let caller = caller.in_table(&table).await;
    let observed = Observed::new(&table).await;
    let app = App { tokens: observed.tokens.clone(), settings: Settings::default(), clock: Clock::system() };
    let foreign = [token.id.to_string(), approval.to_string()];
    let missing = ["0123456789abcdef".to_owned(), new_approval_id(now()).unwrap().to_string()];
    for (function, method, route) in ROUTES {
        for ids in [&foreign, &missing] {
            let id = &ids[usize::from(route.starts_with("/approvals"))];
            let body = match route {
                "/explain" => format!(r#"{{ "token_id": "{id}", "method": "GET", "path": "/apps" }}"#),
                _ => "{}".to_owned(),
            };
            let mut request = request_by(caller.id.as_str(), method, route, Some(id), Some(&body));
            request.headers_mut().insert(IF_MATCH, HeaderValue::from_static("*"));
            let began = Instant::now();
            let status = call(&app, function, request).await.status();
            let elapsed = began.elapsed();
            let keys: Vec<_> = observed.take().iter().map(|call| call.request["Key"]["pk"]["S"].to_string()).collect();
            let kind = if route.starts_with("/approvals") { "APPROVAL" } else { "TOKEN" };
            assert_eq!(status, 404, "{method} {route} {id}");
            assert_eq!(keys, [format!("\"TOKEN#{}\"", caller.id), format!("\"{kind}#{id}\"")], "{method} {route}");
            assert!(elapsed >= STEP, "{method} {route} {id} took {elapsed:?}");
        }
    }
}
