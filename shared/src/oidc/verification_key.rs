//! The provider's keys that may verify a JWT, each for one algorithm.

use std::collections::HashMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::oidc::unverified_jwt;

/// Maximum number of a provider's keys that are read.
const MAX_KEYS: usize = 100;

/// The usable keys of a JWKS ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-5)), by ID. Several
/// keys may have the same ID ([4.5](https://www.rfc-editor.org/rfc/rfc7517#section-4.5)).
#[derive(Default)]
pub(super) struct UsableKeys(HashMap<String, Vec<Key>>);

/// A key and its only algorithm, which comes from the key and never from the JWT.
struct Key {
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl UsableKeys {
    /// Parses a JWKS. Unsupported keys are skipped, as the RFC requires.
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        let set: KeySet = serde_json::from_slice(document).ok()?;
        let mut usable = Self::default();
        for (kid, key) in set.keys.into_iter().take(MAX_KEYS).filter_map(usable_key) {
            usable.0.entry(kid).or_default().push(key);
        }
        Some(usable)
    }

    /// The keys with this ID for this algorithm.
    pub(super) fn matching(&self, kid: &str, algorithm: Algorithm) -> Vec<DecodingKey> {
        let keys = self.0.get(kid).into_iter().flatten();
        keys.filter(|key| key.algorithm == algorithm).map(|key| key.key.clone()).collect()
    }
}

fn usable_key(jwk: Value) -> Option<(String, Key)> {
    // The library does not know every algorithm name.
    let named =
        jwk.get("alg").and_then(Value::as_str).map(|name| unverified_jwt::Algorithm::from_name(name).map(Into::into));
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // Above all symmetric keys: a verifier could also sign with them.
        _ => return None,
    };
    let for_it = named.is_none_or(|named| named == Some(algorithm));
    let to_sign = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let to_verify = jwk.common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if !(for_it && to_sign && to_verify) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((jwk.common.key_id?, Key { algorithm, key }))
}
