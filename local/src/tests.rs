//! Tests of the whole stack over its port.

use super::*;
use portcullis::cache_flush::CacheFlusher;
use portcullis::clock::Timestamp;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes and reads the whole response.
async fn send(running: &RunningStack, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    String::from_utf8(response).unwrap()
}

/// A request with a token, as status and body.
async fn call(running: &RunningStack, token: &str, line: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-token: {token}\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    let response = send(running, request.as_bytes()).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn create(running: &RunningStack, fields: Value) -> Value {
    let body = fields.to_string();
    let (status, token) = call(running, running.admin_token(), "POST /tokens", &body).await;
    assert_eq!(status, 201, "{token}");
    token
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

fn cached(seconds: u32) -> Options {
    let mut options = Options::ephemeral().unwrap();
    options.settings.authz.cache_seconds = seconds;
    options
}

/// The echo API's status for this token.
async fn demo(running: &RunningStack, token: &str) -> String {
    let request =
        format!("GET /demo/apps/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n");
    send(running, request.as_bytes()).await.split(' ').nth(1).unwrap().to_owned()
}

fn kept(dir: &tempfile::TempDir) -> Options {
    Options { data: Storage::Keep(dir.path().join("data")), ..Options::ephemeral().unwrap() }
}

async fn ephemeral() -> RunningStack {
    start(Options::ephemeral().unwrap()).await.unwrap()
}

#[tokio::test]
async fn stacks_run_beside_each_other_and_know_nothing_of_each_other() {
    let (one, two, three) = tokio::join!(ephemeral(), ephemeral(), ephemeral());
    for (running, other) in [(&one, &two), (&two, &three), (&three, &one)] {
        assert_eq!(call(running, running.admin_token(), "GET /me", "").await.0, 200);
        assert_eq!(call(running, other.admin_token(), "GET /me", "").await.0, 401);
    }
    for running in [one, two, three] {
        running.shutdown().await;
    }
}

#[tokio::test]
async fn the_directory_of_an_ephemeral_stack_is_gone_after_its_shutdown() {
    let running = ephemeral().await;
    let dir = running.data_dir().path().to_owned();
    assert!(dir.join("admin-token").is_file());
    running.shutdown().await;
    assert!(!dir.exists());
}

#[tokio::test]
async fn odd_requests_are_answered_and_the_stack_goes_on() {
    let running = ephemeral().await;
    let token = running.admin_token();
    for (line, status) in [
        ("GET http://evil.example/me", 200),
        ("GET /me?", 200),
        ("OPTIONS *", 404),
        ("CONNECT evil.example:80", 404),
        ("PROPFIND /me", 404),
        ("GET /", 404),
        ("GET /%", 404),
        ("GET /demo/%00", 403),
        ("GET /demo/a%2fb", 403),
        ("GET /tokens/%F0%9F", 403),
        ("GET /demo/../me", 403),
        ("GET //me", 404),
    ] {
        assert_eq!(call(&running, token, line, "").await.0, status, "{line}");
    }
    for garbage in [&b"\r\n\r\n"[..], b"GET /\x00 HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"GET / HTTP/9\r\n\r\n"] {
        let mut stream = TcpStream::connect(running.address()).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        // With or without a response, the server closes the connection.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(call(&running, token, "GET /me", "").await.0, 200);
    running.shutdown().await;
}

#[tokio::test]
async fn a_body_over_api_gateways_limit_is_refused_before_it_is_sent() {
    let running = ephemeral().await;
    let token = running.admin_token();
    let head = format!(
        "POST /tokens HTTP/1.1\r\nhost: x\r\nx-api-token: {token}\r\ncontent-length: {}\r\n\r\n",
        gateway::MAX_BODY + 1
    );
    let response = send(&running, head.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    running.shutdown().await;
}

#[tokio::test]
async fn a_chunked_body_over_api_gateways_limit_is_refused() {
    let running = ephemeral().await;
    let size = gateway::MAX_BODY + 1;
    // Without the end of the chunk, so that the server has read everything when it refuses.
    let request = format!(
        "POST /tokens HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n{}",
        "x".repeat(size)
    );
    let response = send(&running, request.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    running.shutdown().await;
}

#[tokio::test]
async fn a_broken_chunked_body_is_400() {
    let running = ephemeral().await;
    let token = running.admin_token();
    let head = format!(
        "POST /tokens HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-token: {token}\r\n\
         transfer-encoding: chunked\r\n\r\nnot a size\r\n"
    );
    let response = send(&running, head.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    running.shutdown().await;
}

#[tokio::test]
async fn head_answers_the_echo_without_a_body() {
    let running = ephemeral().await;
    let head = format!(
        "HEAD /demo/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-token: {}\r\n\r\n",
        running.admin_token()
    );
    let response = send(&running, head.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    assert!(response.ends_with("\r\n\r\n"), "{response}");
    running.shutdown().await;
}

#[tokio::test]
async fn a_patch_reaches_the_echo_over_the_port() {
    let running = ephemeral().await;
    let (status, response) = call(&running, running.admin_token(), "PATCH /demo/apps/x", "{}").await;
    assert_eq!((status, &response["method"]), (200, &json!("PATCH")), "{response}");
    running.shutdown().await;
}

#[tokio::test]
async fn the_last_use_is_seen_by_the_next_request() {
    let running = ephemeral().await;
    let made = create(&running, json!({"name": "ci", "permissions": ["apps:read"], "resources": ["*"]})).await;
    assert_eq!(made["last_used_at"], Value::Null);
    assert_eq!(call(&running, text(&made, "token"), "GET /demo/apps/x", "").await.0, 200);
    let line = format!("GET /tokens/{}", text(&made, "id"));
    let (_, seen) = call(&running, running.admin_token(), &line, "").await;
    assert!(seen["last_used_at"].is_string(), "{seen}");
    running.shutdown().await;
}

#[tokio::test]
async fn a_token_past_its_retention_is_cleared_away_and_the_admin_token_is_not() {
    let long_ago = Clock::system().now().plus_seconds(-400 * 86_400);
    let options = Options { clock: Clock::from_fn(move || long_ago), ..Options::ephemeral().unwrap() };
    let running = start(options).await.unwrap();
    let fields = json!({"name": "old", "permissions": ["apps:read"], "resources": ["*"], "expires_in": "1d"});
    let made = create(&running, fields).await;
    let line = format!("GET /tokens/{}", text(&made, "id"));
    // The engine also does this by itself, now and then.
    running.engine().sweep().unwrap();
    assert_eq!(call(&running, running.admin_token(), &line, "").await.0, 404);
    running.shutdown().await;
}

#[tokio::test]
async fn with_a_cache_only_the_protected_api_accepts_a_revoked_token() {
    let seconds = Arc::new(AtomicI64::new(1_800_000_000));
    let now = Arc::clone(&seconds);
    let clock = Clock::from_fn(move || Timestamp::from_seconds(now.load(Ordering::SeqCst)));
    let running = start(Options { clock, ..cached(60) }).await.unwrap();
    let made = create(&running, json!({"name": "ci", "permissions": ["apps:read"], "resources": ["*"]})).await;
    let token = text(&made, "token");
    let demo = async || demo(&running, token).await;
    assert_eq!(demo().await, "200");
    let revoke = format!("POST /tokens/{}/revoke", text(&made, "id"));
    assert_eq!(call(&running, running.admin_token(), &revoke, "").await.0, 200);
    assert_eq!(call(&running, token, "GET /me", "").await.0, 401, "the management API caches nothing");
    seconds.fetch_add(59, Ordering::SeqCst);
    assert_eq!(demo().await, "200");
    seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(demo().await, "401");
    running.shutdown().await;
}

#[tokio::test]
async fn a_flush_ends_what_a_cache_lets_in_and_is_in_no_log() {
    let running = start(cached(300)).await.unwrap();
    let flusher = |stages: &str| {
        let credentials = ("local".to_owned(), "local".to_owned());
        CacheFlusher::new(stages.parse().unwrap(), "us-east-1", Some(running.url()), Some(credentials))
    };
    for stages in ["rest:demo/demo", "http:demo/demo"] {
        let made = create(&running, json!({"name": "ci", "permissions": ["apps:read"], "resources": ["*"]})).await;
        let demo = async || demo(&running, text(&made, "token")).await;
        assert_eq!(demo().await, "200");
        let revoke = format!("POST /tokens/{}/revoke", text(&made, "id"));
        assert_eq!(call(&running, running.admin_token(), &revoke, "").await.0, 200);
        assert_eq!(demo().await, "200", "the response is cached");
        let log = || std::fs::read_to_string(running.data_dir().access_log()).unwrap();
        let before = log();
        flusher(stages).flush().await.unwrap();
        assert_eq!(log(), before);
        assert_eq!(demo().await, "401", "{stages}");
    }
    let error = flusher("rest:demo/v2,rest:demo/demo,http:other/demo").flush().await.unwrap_err().to_string();
    assert!(error.ends_with("at rest:demo/v2 (unknown stage), http:other/demo (unknown stage)"), "{error}");
    running.shutdown().await;
}

/// A request to the sign-in, as its status line and all that follows.
async fn sign_in(running: &RunningStack) -> String {
    let body = "name=alice&groups=portcullis-admin";
    let request = format!(
        "POST /dev/sign-in HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        running.address(),
        body.len()
    );
    send(running, request.as_bytes()).await
}

#[tokio::test]
async fn a_sign_in_is_not_seen_by_the_gateway_and_in_no_log() {
    let running = ephemeral().await;
    let response = sign_in(&running).await;
    assert!(response.starts_with("HTTP/1.1 200 ") && response.contains("\"session\":\"eyJ"), "{response}");
    assert!(!response.to_lowercase().contains("x-amzn-requestid"), "{response}");
    for path in ["/dev", "/dev/jwks", "/dev/x"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", running.address());
        let response = send(&running, request.as_bytes()).await;
        assert!(!response.to_lowercase().contains("x-amzn-requestid"), "{path}: {response}");
    }
    let log = std::fs::read_to_string(running.data_dir().access_log()).unwrap();
    assert_eq!(log, "");
    assert_eq!(call(&running, running.admin_token(), "GET /me", "").await.0, 200);
    let log = std::fs::read_to_string(running.data_dir().access_log()).unwrap();
    assert_eq!(log.lines().count(), 1, "each gateway request has its line");
    running.shutdown().await;
}

#[tokio::test]
async fn without_a_provider_development_sessions_are_accepted() {
    let running = ephemeral().await;
    let issuer = format!("{}/dev", running.url());
    assert_eq!(running.oidc().map(|oidc| oidc.issuer.as_str()), Some(issuer.as_str()));
    assert_eq!(running.sign_in_url(), Some(format!("{issuer}/sign-in").as_str()));
    running.shutdown().await;
}

#[tokio::test]
async fn with_a_provider_or_a_public_address_there_is_no_dev_sign_in() {
    let provider = Provider {
        issuer: "https://id.example.com".to_owned(),
        audience: "portcullis".to_owned(),
        groups_claim: "groups".to_owned(),
        owner_claim: "sub".to_owned(),
        client_id: "portcullis".to_owned(),
        scopes: "openid".to_owned(),
    };
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    for (oidc, listen) in [(Some(provider), None), (None, Some(everywhere))] {
        let default = Options::ephemeral().unwrap();
        let listen = listen.unwrap_or(default.listen);
        let settings = Settings {
            oidc: oidc::Settings { provider: oidc.clone(), ..default.settings.oidc.clone() },
            ..default.settings
        };
        let running = start(Options { settings, listen, ..default }).await.unwrap();
        assert_eq!(running.sign_in_url(), None);
        assert_eq!(running.oidc(), oidc.as_ref());
        let response = sign_in(&running).await;
        assert!(response.starts_with("HTTP/1.1 404 ") && !response.contains("eyJ"), "{response}");
        running.shutdown().await;
    }
}

#[tokio::test]
async fn the_admin_token_is_kept_while_it_works_and_replaced_when_it_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(kept(&dir)).await.unwrap();
    let first = running.admin_token().to_owned();
    assert_eq!(running.admin_token_origin(), &AdminTokenOrigin::First);
    running.shutdown().await;

    let running = start(kept(&dir)).await.unwrap();
    assert_eq!(running.admin_token_origin(), &AdminTokenOrigin::Kept);
    assert_eq!(running.admin_token(), first);
    let (_, me) = call(&running, &first, "GET /me", "").await;
    let line = format!("POST /tokens/{}/revoke", text(&me, "token_id"));
    assert_eq!(call(&running, &first, &line, "").await.0, 200);
    running.shutdown().await;

    let running = start(kept(&dir)).await.unwrap();
    assert_eq!(running.admin_token_origin(), &AdminTokenOrigin::Refused("revoked".to_owned()));
    let second = running.admin_token().to_owned();
    assert_eq!(call(&running, &second, "GET /me", "").await.0, 200);
    std::fs::remove_file(running.data_dir().admin_token()).unwrap();
    running.shutdown().await;

    let running = start(kept(&dir)).await.unwrap();
    assert_eq!(running.admin_token_origin(), &AdminTokenOrigin::FileMissing);
    assert_eq!(call(&running, running.admin_token(), "GET /me", "").await.0, 200);
    assert_eq!(call(&running, &second, "GET /me", "").await.0, 200, "the previous one still works");
    std::fs::write(running.data_dir().admin_token(), "nonsense\n").unwrap();
    running.shutdown().await;

    let running = start(kept(&dir)).await.unwrap();
    assert_eq!(running.admin_token_origin(), &AdminTokenOrigin::Refused("malformed".to_owned()));
    running.shutdown().await;
}

#[tokio::test]
async fn another_prefix_than_the_tokens_have_is_refused_with_both_named() {
    let dir = tempfile::tempdir().unwrap();
    start(kept(&dir)).await.unwrap().shutdown().await;
    let mut options = kept(&dir);
    options.settings.prefix = "acme".parse().unwrap();
    let error = start(options).await.err().unwrap().to_string();
    assert!(error.contains("begin with pcl_, not acme_: use --prefix pcl"), "{error}");
    start(kept(&dir)).await.unwrap().shutdown().await;
}
