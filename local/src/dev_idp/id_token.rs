//! Sessions of the development sign-in: JWTs, signed with a key of this process.

use super::sign_in_form::SignInForm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use portcullis::clock::Timestamp;
use portcullis::oidc::Provider;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Name of Ed25519 in a JWT's header.
pub(super) const ALGORITHM: &str = "EdDSA";

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("cannot generate a key for the development sign-in: no random bytes from the system")]
pub struct KeyGenerationError;

/// Signing key.
pub(super) struct Key {
    pair: Ed25519KeyPair,
    id: String,
}

/// A session, as in the response.
#[derive(Serialize)]
pub(super) struct Session {
    #[serde(rename = "session")]
    pub(super) jwt: String,
    pub(super) owner: String,
    pub(super) groups: Vec<String>,
    pub(super) expires_at: Timestamp,
    /// Always true: marks the session as one for development.
    development_only: bool,
}

impl Key {
    /// Generates a key.
    ///
    /// # Errors
    /// The system gave no random bytes.
    pub(super) fn generate() -> Result<Self, KeyGenerationError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyGenerationError)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| KeyGenerationError)?;
        let id = thumbprint(&pair);
        Ok(Self { pair, id })
    }

    /// The public key as a JWK.
    pub(super) fn public(&self) -> Value {
        let x = point(&self.pair);
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "use": "sig", "alg": ALGORITHM})
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": ALGORITHM, "typ": "JWT", "kid": self.id});
        let part = |value: &Value| BASE64URL.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = BASE64URL.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

impl Session {
    /// A session that starts now.
    pub(super) fn new(key: &Key, oidc: &Provider, wanted: SignInForm, nonce: Option<&str>, now: Timestamp) -> Self {
        let owner = wanted.owner.to_string();
        let groups: Vec<String> = wanted.groups.into_iter().map(|group| group.0).collect();
        let now = now.truncated_to_seconds();
        let expires_at = now.plus_seconds(wanted.expires_in.into());
        let mut claims = json!({
            "iss": oidc.issuer,
            "aud": oidc.audience,
            "sub": owner,
            "name": owner,
            "groups": groups,
            "iat": now.seconds(),
            "exp": expires_at.seconds(),
            "jti": uuid::Uuid::new_v4().to_string(),
        });
        if let (Some(nonce), Some(claims)) = (nonce, claims.as_object_mut()) {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        let jwt = key.sign(&claims);
        Self { jwt, owner, groups, expires_at, development_only: true }
    }
}

/// The key id: the thumbprint of the public key (RFC 7638).
fn thumbprint(pair: &Ed25519KeyPair) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, point(pair));
    BASE64URL.encode(Sha256::digest(members))
}

fn point(pair: &Ed25519KeyPair) -> String {
    BASE64URL.encode(pair.public_key())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, UnparsedPublicKey};

    fn decoded(part: &str) -> Value {
        serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
    }

    fn session(key: &Key) -> Session {
        let wanted = SignInForm::read(b"name=alice&groups=portcullis-admin,other&expires_in=3600").unwrap();
        let now = Timestamp::from_millis(1_800_000_000_123);
        Session::new(key, &crate::dev_idp::oidc("http://127.0.0.1:9050"), wanted, None, now)
    }

    #[test]
    fn the_claims_are_exactly_the_requested_ones() {
        let key = Key::generate().unwrap();
        let session = session(&key);
        let parts: Vec<_> = session.jwt.split('.').collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(decoded(parts[0]), json!({"alg": "EdDSA", "typ": "JWT", "kid": key.id}));
        let mut claims = decoded(parts[1]);
        let id = claims["jti"].take();
        assert_eq!(id.as_str().unwrap().len(), 36);
        let expected = json!({
            "iss": "http://127.0.0.1:9050/dev", "aud": "portcullis-dev", "sub": "alice", "name": "alice",
            "groups": ["portcullis-admin", "other"], "iat": 1_800_000_000, "exp": 1_800_003_600, "jti": null,
        });
        assert_eq!(claims, expected);
        let response = json!({
            "session": session.jwt, "owner": "alice", "groups": ["portcullis-admin", "other"],
            "expires_at": "2027-01-15T09:00:00Z", "development_only": true,
        });
        assert_eq!(json!(session), response);
    }

    #[test]
    fn only_the_published_key_verifies_a_session() {
        let (key, other) = (Key::generate().unwrap(), Key::generate().unwrap());
        let jwt = session(&key).jwt;
        let (signed, signature) = jwt.rsplit_once('.').unwrap();
        let signature = BASE64URL.decode(signature).unwrap();
        let verifies = |jwk: &Value, signed: &str| {
            let x = BASE64URL.decode(jwk["x"].as_str().unwrap()).unwrap();
            UnparsedPublicKey::new(&ED25519, x).verify(signed.as_bytes(), &signature).is_ok()
        };
        assert!(verifies(&key.public(), signed));
        assert!(!verifies(&other.public(), signed));
        assert!(!verifies(&key.public(), &format!("{signed}x")));
    }

    #[test]
    fn the_jwk_has_its_use_and_no_private_part() {
        let (key, other) = (Key::generate().unwrap(), Key::generate().unwrap());
        let jwk = key.public();
        let names: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(jwk["kty"], "OKP");
        assert_eq!(jwk["crv"], "Ed25519");
        assert_eq!(jwk["use"], "sig");
        assert_eq!(jwk["alg"], "EdDSA");
        assert_ne!(jwk["kid"], other.public()["kid"]);
    }

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_8037() {
        // Appendix A: the example key, its public key and its thumbprint.
        let seed = BASE64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        assert_eq!(point(&pair), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(thumbprint(&pair), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
