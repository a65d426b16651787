//! The OIDC provider is down, slow, huge or lying.

use std::future::pending;
use std::time::Duration;

use authorizer::{Authorizer, HttpApiResponseFormat};
use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::Exchange;
use portcullis::App;
use portcullis::catalog::Catalog;
use portcullis::clock::Clock;
use portcullis::oidc;
use portcullis::token::Actor;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::page;
use super::snapshot::Snapshot;
use super::world::{FOREVER, World, settings};
use crate::store::unavailable::{asked, request};
use crate::support::{AUDIENCE, Issuer, provider};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behavior {
    Works,
    Down,
    Fails,
    Slow,
    Silent,
    Stalls,
    Huge,
    Malformed,
    OtherIssuer,
    NoKeys,
    OtherKeys,
}

impl Behavior {
    /// Starts a provider that behaves like this, and whose keys are the issuer's; returns its URL.
    async fn start(self, issuer: &Issuer) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        if self == Self::Down {
            return url;
        }
        let named = if self == Self::OtherIssuer { "https://other.example.com" } else { &url };
        let discovery = json!({"issuer": named, "jwks_uri": format!("{url}/keys")}).to_string();
        let other = Issuer::start();
        let public = if self == Self::OtherKeys { other.public_key() } else { issuer.public_key() };
        let public = URL_SAFE_NO_PAD.encode(public);
        let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "alg": "EdDSA", "x": public});
        let keys = match self {
            Self::NoKeys => json!({"keys": []}).to_string(),
            Self::Malformed => "<html>".to_owned(),
            Self::Huge => format!("{}{}", " ".repeat(8 << 20), json!({ "keys": [key] })),
            _ => json!({ "keys": [key] }).to_string(),
        };
        if matches!(self, Self::Slow | Self::Stalls) {
            tokio::spawn(self.trickle(listener, discovery, keys));
            return url;
        }
        let respond = move |uri: Uri| async move {
            match self {
                Self::Fails => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                Self::Silent => pending().await,
                _ if uri.path() == "/keys" => keys.into_response(),
                _ => discovery.into_response(),
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(respond)).await.unwrap() });
        url
    }
}

impl Behavior {
    /// Sends each answer byte by byte, or half of it.
    async fn trickle(self, listener: TcpListener, discovery: String, keys: String) {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection.set_nodelay(true).unwrap();
            let mut request = String::new();
            let mut lines = BufReader::new(&mut connection);
            while !request.ends_with("\r\n\r\n") && lines.read_line(&mut request).await.unwrap() > 0 {}
            let body = if request.starts_with("GET /keys ") { &keys } else { &discovery };
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            let sent = if self == Self::Stalls { answer.len() / 2 } else { answer.len() };
            for byte in &answer.as_bytes()[..sent] {
                // The client may have given up.
                if connection.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
            if self == Self::Stalls {
                tokio::spawn(async move {
                    pending::<()>().await;
                    drop(connection);
                });
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_provider_admits_no_session_and_gets_no_token() {
    let (world, issuer) = (World::new().await, Issuer::start());
    let (mut rows, mut rules) = (Vec::new(), Vec::new());
    let mut providers = Vec::new();
    for (what, behavior) in [
        ("works", Behavior::Works),
        ("does not accept connections", Behavior::Down),
        ("answers 503", Behavior::Fails),
        ("does not answer", Behavior::Silent),
        ("stops in the middle of an answer", Behavior::Stalls),
        ("sends its answers byte by byte", Behavior::Slow),
        ("sends keys of 8 MiB", Behavior::Huge),
        ("sends keys that are not JSON", Behavior::Malformed),
        ("names another issuer", Behavior::OtherIssuer),
        ("sends no keys", Behavior::NoKeys),
        ("sends other keys", Behavior::OtherKeys),
    ] {
        let url = behavior.start(&issuer).await;
        rules.push(json!({
            "name": format!("rule-{}", rules.len()), "issuer": url, "audience": AUDIENCE, "lifetime": "10m",
            "claims": {"repository": "acme/billing"},
            "grants": [{"permissions": ["apps:read"], "resources": ["apps/billing"]}],
        }));
        providers.push((what, behavior, url));
    }
    let catalog = Catalog::read(&json!({
        "roles": {"reader": {"permissions": ["apps:read"]}},
        "sessions": {"groups": {"readers": "reader"}},
        "trust": rules,
    }));
    world.table.tokens.put_catalog(&catalog.unwrap(), 1, &Actor::Bootstrap, Clock::system().now()).await.unwrap();
    for (what, behavior, url) in providers {
        let mut claims = issuer.claims();
        (claims["iss"], claims["groups"]) = (Value::from(&*url), json!(["readers"]));
        let jwt = issuer.signs(&claims);
        let mut settings = settings();
        let ends = !matches!(behavior, Behavior::Silent | Behavior::Stalls);
        let timeout = if ends { FOREVER } else { Duration::from_millis(50) };
        settings.oidc = oidc::Settings { provider: Some(provider(&url)), timeout };
        let app = App { settings, ..world.functions.clone() };

        let authorizer = Authorizer::new(app.clone(), HttpApiResponseFormat::Simple).unwrap();
        let outcome = asked(&authorizer.with_deadlines(FOREVER, FOREVER), &jwt).await;
        let session = match (outcome.audit.rbac_decision, outcome.audit.reason) {
            ("allow", _) => "allowed",
            ("deny", _) => "401",
            (_, Some("keys_unavailable")) => "no decision (500)",
            other => panic!("{what}: {other:?}"),
        };
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={jwt}\
             &subject_token_type=urn:ietf:params:oauth:token-type:id_token"
        );
        let exchange = Exchange::new(app).with_deadline(FOREVER);
        let status = exchange.handle(&request("POST", "/exchange", None, Some(&form))).await.response.status();
        let works = matches!(behavior, Behavior::Works | Behavior::Slow);
        assert_eq!(session == "allowed", works, "{what}");
        rows.push(format!("| {what} | {session} | {} |", status.as_u16()));
    }
    let issued = Snapshot::of(&world.table).await.records.into_values().filter(|record| record.via.is_some());
    assert_eq!(issued.count(), 2, "those of the providers that work");
    page::check("provider", &page::table("provider | session | exchange", rows.into_iter()));
}
