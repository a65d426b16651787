//! An OIDC issuer of a CI system on loopback, which signs any claims.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::clock::Clock;
use portcullis::oidc::Provider;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// The audience of sessions and of CI jobs' identities.
pub(crate) const AUDIENCE: &str = "https://tokens.example.com";

/// The provider of sessions at this URL.
pub(crate) fn provider(issuer: &str) -> Provider {
    Provider {
        issuer: issuer.to_owned(),
        audience: AUDIENCE.to_owned(),
        groups_claim: "groups".to_owned(),
        owner_claim: "sub".to_owned(),
        client_id: AUDIENCE.to_owned(),
        scopes: "openid".to_owned(),
    }
}

/// An issuer with one key.
pub(crate) struct Issuer {
    pub(crate) url: String,
    pair: Ed25519KeyPair,
    fetched: Arc<AtomicUsize>,
}

impl Issuer {
    /// Starts an issuer that serves its keys on this machine.
    pub(crate) fn start() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string();
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "alg": "EdDSA", "x": public}]});
        let (keys, fetched) = (keys.to_string(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&fetched);
        let app = Router::new().route("/.well-known/openid-configuration", get(move || async { discovery })).route(
            "/keys",
            get(move || async move {
                counted.fetch_add(1, Ordering::SeqCst);
                keys
            }),
        );
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap();
            });
        });
        Self { url, pair, fetched }
    }

    /// Number of requests for its keys.
    pub(crate) fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    /// The public key.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Claims of a job on the main branch of `acme/billing`, valid for ten minutes.
    pub(crate) fn claims(&self) -> Value {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let (now, number) = (Clock::system().now().seconds(), MADE.fetch_add(1, Ordering::SeqCst));
        json!({
            "iss": self.url, "aud": "https://tokens.example.com", "sub": "repo:acme/billing:ref:refs/heads/main",
            "jti": format!("job-{number}"), "iat": now, "exp": now + 600,
            "repository": "acme/billing", "ref": "refs/heads/main", "environment": "production",
        })
    }

    /// A signed ID token.
    pub(crate) fn signs(&self, claims: &Value) -> String {
        self.signs_with(&json!({"alg": "EdDSA", "kid": "one", "typ": "JWT"}), claims)
    }

    pub(crate) fn signs_with(&self, header: &Value, claims: &Value) -> String {
        self.signs_text(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn signs_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}
