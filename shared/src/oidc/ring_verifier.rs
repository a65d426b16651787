//! Signature verification with ring. TLS already links it; a second cryptography library would add megabytes to
//! every cold start.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// Makes the JWT library use ring. Repeated calls have no effect.
pub(super) fn install() {
    // The error only says that a provider is already installed, which is this one.
    let _ = PROVIDER.install_default();
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| Ok(Box::new(RingVerifier::new(*algorithm, key)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

enum RingVerifier {
    /// At least 2048 bits, at most 8192.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl RingVerifier {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, Error> {
        match (algorithm, key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                Ok(Self::Rsa { n: n.clone(), e: e.clone() })
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => Ok(Self::P256(point.clone())),
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => Ok(Self::Ed25519(point.clone())),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        }
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::RS256,
            Self::P256(_) => Algorithm::ES256,
            Self::Ed25519(_) => Algorithm::EdDSA,
        }
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        match self {
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signed),
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signed),
            Self::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signed),
        }
        .map_err(|_| signature::Error::new())
    }
}
