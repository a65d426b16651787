//! An OpenID Connect provider on loopback, over TLS, for sessions and exchanged identities.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::clock::{Clock, DAY_SECONDS};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::Error;
use crate::http1::{RequestReader, respond};
use crate::tls::{Authority, TlsStream};

/// The audience of its tokens.
pub const AUDIENCE: &str = "https://tokens.example.com";

/// A provider with one ES256 key.
#[derive(Debug)]
pub struct Provider {
    /// Its issuer.
    pub url: String,
    key: EcdsaKeyPair,
}

impl Provider {
    /// Serves its discovery document and its key over TLS.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start(authority: &Authority) -> Result<Self, Error> {
        let random = SystemRandom::new();
        let failed = |_| "the provider's key could not be generated";
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .map_err(|error| error.to_string())?;
        let (_, point) = key.public_key().as_ref().split_first().ok_or("no public key")?;
        let [x, y] = [point.get(..32), point.get(32..)].map(|half| URL_SAFE_NO_PAD.encode(half.unwrap_or_default()));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "one", "alg": "ES256", "use": "sig", "x": x, "y": y });
        let keys = json!({ "keys": [jwk] }).to_string();
        let address = authority.serve(move |stream| serve(stream, &keys))?;
        Ok(Self { url: format!("https://localhost:{}", address.port()), key })
    }

    /// A signed token with these claims and the registered ones, valid for a day.
    ///
    /// # Errors
    /// Never.
    pub fn sign(&self, further: Value) -> Result<String, Error> {
        let now = Clock::system().now().seconds();
        let mut claims = json!({ "iss": self.url, "aud": AUDIENCE, "iat": now, "exp": now + DAY_SECONDS });
        if let (Some(claims), Value::Object(further)) = (claims.as_object_mut(), further) {
            claims.extend(further);
        }
        let header = json!({ "alg": "ES256", "kid": "one", "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| "signing failed")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

fn serve(mut stream: TlsStream, keys: &str) -> io::Result<()> {
    let issuer = format!("https://localhost:{}", stream.sock.local_addr()?.port());
    let discovery = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }).to_string();
    let mut reader = RequestReader::default();
    while let Some(request) = reader.next(&mut stream)? {
        let body = if request.path == "/keys" { keys } else { &discovery };
        respond(&mut stream, "200 OK", &[("Content-Type", "application/json")], body.as_bytes())?;
    }
    Ok(())
}
