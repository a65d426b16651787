//! An OpenID Connect provider on loopback that counts its requests, and its signing keys.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Provider, SessionVerifier, b64};

pub(super) const DISCOVERY: &str = "/.well-known/openid-configuration";

pub(super) struct FakeProvider {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    connections: usize,
    asked: Vec<String>,
    discovery: String,
    keys: String,
    way: Behavior,
}

#[derive(Clone)]
enum Behavior {
    Answers,
    Fails(u16),
    Redirects(u16, String),
    Hangs,
    /// One byte, and then nothing.
    Trickles,
    /// An endless body.
    Pours,
}

impl FakeProvider {
    pub(super) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Over TLS, if there is an acceptor.
    pub(super) async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            connections: 0,
            asked: Vec::new(),
            discovery: String::new(),
            keys: String::new(),
            way: Behavior::Answers,
        }));
        let provider = Self { url, state };
        provider.answers(&provider.discovery(), "{}");
        let state = Arc::clone(&provider.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&state), tls.clone());
                state.lock().unwrap().connections += 1;
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, state).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, state).await;
                            }
                        }
                    }
                });
            }
        });
        provider
    }

    /// A verifier that fetches this provider's documents in this way.
    pub(super) fn sessions_with(&self, fetch: super::DocumentFetcher) -> SessionVerifier {
        let url = super::Url::parse(&self.url).unwrap();
        let keys = super::JwksCache::new(self.url.clone(), &url, fetch);
        SessionVerifier { oidc: Arc::new(self.oidc(&self.url)), keys: Arc::new(keys) }
    }

    pub(super) fn sessions(&self) -> SessionVerifier {
        SessionVerifier::new(self.oidc(&self.url), super::LONG_TIMEOUT).unwrap()
    }

    /// A verifier for another issuer, whose documents this provider serves.
    pub(super) fn sessions_of(&self, issuer: &str) -> SessionVerifier {
        let url = super::Url::parse(&self.url).unwrap();
        let keys = super::JwksCache::new(issuer.to_owned(), &url, super::DocumentFetcher::new(super::LONG_TIMEOUT));
        SessionVerifier { oidc: Arc::new(self.oidc(issuer)), keys: Arc::new(keys) }
    }

    pub(super) fn oidc(&self, issuer: &str) -> Provider {
        Provider {
            issuer: issuer.to_owned(),
            audience: "portcullis".to_owned(),
            groups_claim: "groups".to_owned(),
            owner_claim: "sub".to_owned(),
            client_id: "portcullis".to_owned(),
            scopes: "openid".to_owned(),
        }
    }

    pub(super) fn discovery(&self) -> String {
        json!({"issuer": self.url, "jwks_uri": format!("{}/keys", self.url)}).to_string()
    }

    pub(super) fn calls_itself(&self, issuer: &str) {
        let discovery = json!({"issuer": issuer, "jwks_uri": format!("{}/keys", self.url)});
        self.state.lock().unwrap().discovery = discovery.to_string();
    }

    pub(super) fn serves_keys(&self, signers: &[&Signer]) {
        let keys: Vec<_> = signers.iter().map(|signer| signer.jwk.clone()).collect();
        self.answers_keys(&json!({ "keys": keys }).to_string());
    }

    pub(super) fn answers_keys(&self, keys: &str) {
        let mut state = self.state.lock().unwrap();
        state.keys = keys.to_owned();
        state.way = Behavior::Answers;
    }

    pub(super) fn answers(&self, discovery: &str, keys: &str) {
        self.state.lock().unwrap().discovery = discovery.to_owned();
        self.answers_keys(keys);
    }

    pub(super) fn fails(&self, status: u16) {
        self.goes(Behavior::Fails(status));
    }

    pub(super) fn redirects(&self, status: u16, place: &str) {
        self.goes(Behavior::Redirects(status, place.to_owned()));
    }

    pub(super) fn hangs(&self) {
        self.goes(Behavior::Hangs);
    }

    pub(super) fn trickles(&self) {
        self.goes(Behavior::Trickles);
    }

    pub(super) fn pours(&self) {
        self.goes(Behavior::Pours);
    }

    pub(super) fn requests(&self) -> usize {
        self.state.lock().unwrap().asked.len()
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    pub(super) fn asked(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }

    fn goes(&self, way: Behavior) {
        self.state.lock().unwrap().way = way;
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    loop {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => request.push(byte),
                Err(_) => return,
            }
        }
        let path = String::from_utf8(request).unwrap().split(' ').nth(1).unwrap().to_owned();
        let (way, body) = {
            let mut state = state.lock().unwrap();
            let body = if path == DISCOVERY { state.discovery.clone() } else { state.keys.clone() };
            state.asked.push(path);
            (state.way.clone(), body)
        };
        let answer = match way {
            Behavior::Answers => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
            Behavior::Fails(status) => format!("HTTP/1.1 {status} Oh\r\nContent-Length: 0\r\n\r\n"),
            Behavior::Redirects(status, place) => {
                format!("HTTP/1.1 {status} There\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n")
            }
            Behavior::Hangs => return std::future::pending().await,
            Behavior::Trickles => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx".to_owned(),
            Behavior::Pours => {
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                if stream.write_all(head.as_bytes()).await.is_err() {
                    return;
                }
                let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
                while stream.write_all(chunk.as_bytes()).await.is_ok() {}
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// A key pair of one algorithm.
pub(super) struct Signer {
    pub(super) alg: &'static str,
    pub(super) kid: String,
    pub(super) jwk: Value,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub(super) fn rsa() -> Self {
        let pair = RsaKeyPair::from_pkcs8(include_bytes!("../fixtures/rsa-2048.test-key.der")).unwrap();
        let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
        Self::new("RS256", json!({"kty": "RSA", "n": b64(public.n), "e": b64(public.e)}), Pair::Rsa(pair))
    }

    pub(super) fn p256() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref().to_vec();
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])});
        Self::new("ES256", jwk, Pair::P256(pair))
    }

    pub(super) fn ed25519() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref())});
        Self::new("EdDSA", jwk, Pair::Ed25519(pair))
    }

    fn new(alg: &'static str, mut jwk: Value, pair: Pair) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let kid = format!("key-{}", MADE.fetch_add(1, Ordering::SeqCst));
        for (field, value) in [("kid", kid.as_str()), ("alg", alg), ("use", "sig")] {
            jwk[field] = json!(value);
        }
        Self { alg, kid, jwk, pair }
    }

    /// Sets another key ID.
    pub(super) fn goes_by(&mut self, kid: &str) {
        kid.clone_into(&mut self.kid);
        self.jwk["kid"] = json!(kid);
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({"alg": self.alg, "kid": self.kid, "typ": "JWT"}), claims)
    }

    pub(super) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(super) fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", b64(header), b64(claims));
        let (message, random) = (signed.as_bytes(), SystemRandom::new());
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Pair::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        };
        format!("{signed}.{}", b64(signature))
    }
}
