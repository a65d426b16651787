//! The identities of CI jobs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::provider::{FakeProvider, Signer};
use super::{JwtError, LONG_TIMEOUT, WorkloadIdentity, WorkloadIdentityVerifier, at, b64, claims, with};

async fn identity(jwt: &str) -> Result<WorkloadIdentity, JwtError> {
    let is_ours = |_: &str, is_for: &dyn Fn(&str) -> bool| is_for("portcullis");
    WorkloadIdentityVerifier::new(LONG_TIMEOUT).verify(WorkloadIdentityVerifier::read(jwt)?, is_ours, at(0)).await
}

/// The other valid ECDSA signature, `(r, n - s)`.
fn twin(jwt: &str) -> String {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for (digit, of) in signature[32..].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(of) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    format!("{signed}.{}", b64(signature))
}

#[tokio::test]
async fn an_identity_is_recognized_by_its_jti_or_its_signing_input() {
    let provider = FakeProvider::start().await;
    let signer = Signer::p256();
    provider.serves_keys(&[&signer]);
    let named = identity(&signer.sign(&with(claims(&provider), "jti", json!("job-1")))).await.unwrap();
    assert_eq!(named.id, "job-1");
    let jwt = signer.sign(&claims(&provider));
    let first = identity(&jwt).await.unwrap();
    assert_eq!(first.id.len(), 64, "{}", first.id);
    // The same claims with another signature, and the same signature in another form.
    let again = signer.sign(&claims(&provider));
    let twin = twin(&jwt);
    assert!(jwt != again && jwt != twin);
    for same in [again, twin] {
        assert_eq!(identity(&same).await.unwrap().id, first.id);
    }
    let other = signer.sign(&with(claims(&provider), "iat", json!(super::NOW - 1)));
    assert_ne!(identity(&other).await.unwrap().id, first.id);
    // The last of 86 characters has two unused bits.
    let (start, last) = jwt.split_at(jwt.len() - 1);
    for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let altered = format!("{start}{character}");
        assert_eq!(identity(&altered).await.is_ok(), altered == jwt, "{last} {character}");
    }
}

#[tokio::test]
async fn a_jti_is_a_string_of_1_to_512_characters() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    for good in ["x", &"x".repeat(512), &"ä".repeat(512), "\n", "a\0b"] {
        let jwt = signer.sign(&with(claims(&provider), "jti", json!(good)));
        assert_eq!(identity(&jwt).await.unwrap().id, good);
    }
    let asked = provider.requests();
    for bad in [json!(null), json!(7), json!(""), json!("x".repeat(513)), json!(["x"]), json!({}), json!(true)] {
        let jwt = signer.sign(&with(claims(&provider), "jti", bad.clone()));
        assert_eq!(
            identity(&jwt).await,
            Err(JwtError::Malformed("jti must be a string of 1 to 512 characters")),
            "{bad}"
        );
    }
    assert_eq!(provider.requests(), asked);
}

#[tokio::test]
async fn an_identity_is_parsed_before_its_issuer_is_checked() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    for bad in ["", "x", "a.b.c", "e30.e30.", &signer.sign(&json!({"iss": provider.url}))] {
        assert!(matches!(WorkloadIdentityVerifier::read(bad), Err(JwtError::Malformed(_))), "{bad}");
    }
    let good = signer.sign(&claims(&provider));
    let untrusted = WorkloadIdentityVerifier::new(LONG_TIMEOUT)
        .verify(WorkloadIdentityVerifier::read(&good).unwrap(), |_, _| false, at(0))
        .await;
    assert_eq!(untrusted, Err(JwtError::Malformed("no trust rule for this issuer and audience")));
    assert_eq!(provider.requests(), 0);
}

#[tokio::test]
async fn the_azp_of_an_identity_is_left_to_the_trust_rules() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    for azp in [json!("117063720001234567890"), json!("portcullis"), Value::Null] {
        let said = with(claims(&provider), "azp", azp.clone());
        assert_eq!(identity(&signer.sign(&said)).await.unwrap().claims["azp"], azp);
    }
}
