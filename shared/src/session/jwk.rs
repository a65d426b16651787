//! Which of the provider's keys can sign a session, and with which one algorithm.

use std::collections::HashMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The most keys of a provider that are looked at.
const MOST_KEYS: usize = 100;

/// A key, for one algorithm and no other: what says which is the key, and never the JWT.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// The usable keys of a JWK set ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-5)),
/// by their id. Keys of other kinds are passed over, as the RFC says.
pub(super) fn usable(document: &[u8]) -> Option<HashMap<String, Key>> {
    let set: KeySet = serde_json::from_slice(document).ok()?;
    let keys = set.keys.into_iter().take(MOST_KEYS);
    Some(keys.filter_map(|key| usable_key(&serde_json::from_value(key).ok()?)).collect())
}

fn usable_key(jwk: &Jwk) -> Option<(String, Key)> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        // Symmetric keys above all: who can verify with one can also sign with it.
        _ => return None,
    };
    let common = &jwk.common;
    let for_it = common.key_algorithm.as_ref().is_none_or(|algorithm| *algorithm == named);
    let to_sign = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let to_verify = common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if !(for_it && to_sign && to_verify) {
        return None;
    }
    Some((common.key_id.clone()?, Key { algorithm, key: DecodingKey::from_jwk(jwk).ok()? }))
}
