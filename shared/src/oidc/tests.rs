//! Tests sign each JWT with keys of their own, which a loopback provider serves, counting its requests.

mod https;
mod identities;
mod provider;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fetch_document::DocumentFetcher;
use super::jwks_cache::JwksCache;
use super::*;
use crate::clock::Timestamp;
use crate::https_url::Url;
use crate::oidc::unverified_jwt::UnverifiedJwt;
use provider::{FakeProvider, Signer};

/// Timeout for requests that do not hang, longer than any machine needs.
const LONG_TIMEOUT: Duration = Duration::from_secs(60);

const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + seconds)
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Claims that are valid for an hour.
fn claims(provider: &FakeProvider) -> Value {
    json!({
        "iss": provider.url, "aud": "portcullis", "sub": "alice", "exp": NOW + 3600, "iat": NOW,
        "groups": ["developers", "ops"],
    })
}

fn with(mut base: Value, field: &str, value: Value) -> Value {
    base[field] = value;
    base
}

fn without(mut base: Value, field: &str) -> Value {
    base.as_object_mut().unwrap().remove(field);
    base
}

async fn verified(provider: &FakeProvider, jwt: &str) -> Result<SessionClaims, JwtError> {
    provider.sessions().verify(jwt, at(0)).await
}

#[tokio::test]
async fn a_session_signed_with_any_supported_algorithm_is_accepted() {
    let provider = FakeProvider::start().await;
    for signer in [Signer::rsa(), Signer::p256(), Signer::ed25519()] {
        provider.serves_keys(&[&signer]);
        let claims = verified(&provider, &signer.sign(&claims(&provider))).await.unwrap();
        assert_eq!((claims.owner.as_str(), claims.expires_at), ("alice", at(3600)), "{}", signer.alg);
        assert_eq!(claims.groups, ["developers", "ops"]);
    }
}

#[tokio::test]
async fn unsupported_algorithms_are_refused_with_any_key() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer, &Signer::rsa()]);
    let sessions = provider.sessions();
    for alg in ["none", "None", "NONE", "HS256", "HS512", "RS384", "PS256", "ES384", "ES256K", "eddsa", "EdDSA ", ""] {
        let jwt = signer.sign_with(&json!({"alg": alg, "kid": signer.kid, "typ": "JWT"}), &claims(&provider));
        let refusal = sessions.verify(&jwt, at(0)).await.unwrap_err();
        assert!(matches!(refusal, JwtError::Malformed(_)), "{alg}: {refusal}");
    }
    let unsigned = format!(
        "{}.{}.",
        b64(json!({"alg": "none", "kid": signer.kid}).to_string()),
        b64(claims(&provider).to_string())
    );
    assert!(sessions.verify(&unsigned, at(0)).await.is_err());
}

#[tokio::test]
async fn a_key_verifies_one_algorithm_only() {
    let provider = FakeProvider::start().await;
    let (rsa, p256, ed) = (Signer::rsa(), Signer::p256(), Signer::ed25519());
    provider.serves_keys(&[&rsa, &p256, &ed]);
    let sessions = provider.sessions();
    // Signed correctly with one key, under the ID of another.
    for (signer, other) in [(&rsa, &p256), (&p256, &ed), (&ed, &rsa)] {
        for alg in [signer.alg, other.alg] {
            let jwt = signer.sign_with(&json!({"alg": alg, "kid": other.kid}), &claims(&provider));
            assert!(sessions.verify(&jwt, at(0)).await.is_err(), "{alg} {}", other.alg);
        }
    }
    // Signed with HMAC, using the public key as the secret.
    for secret in [rsa.jwk["n"].as_str().unwrap().as_bytes().to_vec(), rsa.jwk.to_string().into_bytes()] {
        for alg in ["HS256", "RS256"] {
            let signed = format!(
                "{}.{}",
                b64(json!({"alg": alg, "kid": rsa.kid}).to_string()),
                b64(claims(&provider).to_string())
            );
            let key = ::ring::hmac::Key::new(::ring::hmac::HMAC_SHA256, &secret);
            let jwt = format!("{signed}.{}", b64(::ring::hmac::sign(&key, signed.as_bytes())));
            assert!(sessions.verify(&jwt, at(0)).await.is_err(), "{alg}");
        }
    }
}

#[tokio::test]
async fn a_key_for_another_use_verifies_no_session() {
    let provider = FakeProvider::start().await;
    let signer = Signer::p256();
    let sessions = || provider.sessions();
    let jwt = signer.sign(&claims(&provider));
    for (field, value) in [
        ("use", json!("enc")),
        ("alg", json!("ES384")),
        ("key_ops", json!(["sign"])),
        ("crv", json!("P-384")),
        ("kty", json!("oct")),
    ] {
        provider.answers_keys(&json!({"keys": [with(signer.jwk.clone(), field, value.clone())]}).to_string());
        assert!(sessions().verify(&jwt, at(0)).await.is_err(), "{field}: {value}");
    }
    for good in [
        signer.jwk.clone(),
        without(without(signer.jwk.clone(), "use"), "alg"),
        with(signer.jwk.clone(), "key_ops", json!(["verify"])),
    ] {
        let strange = json!([{"kty": "LWE", "kid": "x"}, {"kty": "oct", "k": "AAAA", "kid": "y"}, 7, good]);
        provider.answers_keys(&json!({ "keys": strange }).to_string());
        assert!(sessions().verify(&jwt, at(0)).await.is_ok());
    }
}

#[tokio::test]
async fn an_rsa_key_of_1024_bits_is_too_short() {
    let provider = FakeProvider::start().await;
    let fixture: Value = serde_json::from_str(include_str!("fixtures/rsa-1024.json")).unwrap();
    provider
        .answers_keys(&json!({"keys": [{"kty": "RSA", "kid": "small", "n": fixture["n"], "e": "AQAB"}]}).to_string());
    // It was signed for this issuer, although the keys come from another URL.
    provider.calls_itself("http://127.0.0.1:1");
    let sessions = provider.sessions_of("http://127.0.0.1:1");
    let refusal = sessions.verify(fixture["jwt"].as_str().unwrap(), at(0)).await.unwrap_err();
    assert_eq!(refusal, JwtError::Unknown("invalid signature"));
}

#[tokio::test]
async fn a_key_id_is_compared_exactly_and_never_fetched() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let sessions = provider.sessions();
    let kid = &signer.kid;
    for odd in [
        String::new(),
        kid.to_uppercase(),
        format!("{kid} "),
        format!(" {kid}"),
        format!("{kid}\n"),
        format!("{kid}\0"),
        kid.replace('e', "\u{435}"),
        "*".to_owned(),
        "../../dev/null".to_owned(),
        "' OR '1'='1".to_owned(),
        format!("{}/other-keys", provider.url),
        "x".repeat(2000),
    ] {
        let jwt = signer.sign_with(&json!({"alg": "EdDSA", "kid": odd}), &claims(&provider));
        let refusal = sessions.verify(&jwt, at(0)).await;
        assert!(matches!(refusal, Err(JwtError::Unknown(_))), "{odd:?}: {refusal:?}");
    }
    assert_eq!(provider.asked("/other-keys"), 0);
}

#[tokio::test]
async fn keys_in_the_header_of_a_jwt_are_never_used() {
    let provider = FakeProvider::start().await;
    let (known, own) = (Signer::ed25519(), Signer::ed25519());
    provider.serves_keys(&[&known]);
    for (field, value) in [
        ("jwk", own.jwk.clone()),
        ("jku", json!(format!("{}/other-keys", provider.url))),
        ("x5u", json!(format!("{}/other-keys", provider.url))),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
    ] {
        let header = with(json!({"alg": "EdDSA", "kid": known.kid}), field, value);
        let jwt = own.sign_with(&header, &claims(&provider));
        assert!(verified(&provider, &jwt).await.is_err(), "{field}");
    }
    assert_eq!(provider.asked("/other-keys"), 0);
}

#[tokio::test]
async fn an_invalid_header_is_refused() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let good = json!({"alg": "EdDSA", "kid": signer.kid});
    let sessions = provider.sessions();
    for typ in ["JWT", "jwt", "application/jwt", "Application/JWT", "at+jwt", "application/at+jwt", "AT+JWT"] {
        let jwt = signer.sign_with(&with(good.clone(), "typ", json!(typ)), &claims(&provider));
        assert!(sessions.verify(&jwt, at(0)).await.is_ok(), "{typ}");
    }
    assert!(sessions.verify(&signer.sign_with(&good, &claims(&provider)), at(0)).await.is_ok());
    for bad in [
        with(good.clone(), "typ", json!("logout+jwt")),
        with(good.clone(), "typ", json!("dpop+jwt")),
        with(good.clone(), "typ", json!("")),
        with(good.clone(), "typ", json!("text/jwt")),
        with(good.clone(), "typ", json!("application/")),
        with(good.clone(), "typ", json!("application/application/jwt")),
        with(good.clone(), "typ", json!("jwt; charset=utf-8")),
        with(good.clone(), "typ", json!("JWT ")),
        with(good.clone(), "typ", json!(["JWT"])),
        with(good.clone(), "typ", json!(7)),
        with(good.clone(), "crit", json!(["exp"])),
        with(good.clone(), "crit", json!([])),
        with(good.clone(), "crit", json!(null)),
        with(good.clone(), "crit", json!(false)),
        with(good.clone(), "kid", json!(null)),
        with(good.clone(), "kid", json!([signer.kid])),
        without(good.clone(), "kid"),
        with(good.clone(), "kid", json!(7)),
        without(good.clone(), "alg"),
        json!([]),
    ] {
        let refusal = sessions.verify(&signer.sign_with(&bad, &claims(&provider)), at(0)).await.unwrap_err();
        assert!(matches!(refusal, JwtError::Malformed(_)), "{bad}: {refusal}");
    }
}

#[tokio::test]
async fn a_duplicate_name_in_header_or_claims_is_refused() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let sessions = provider.sessions();
    let header = json!({"alg": "EdDSA", "kid": signer.kid, "typ": "JWT", "cty": "x", "jku": "x"});
    let claims = with(with(claims(&provider), "nbf", json!(NOW)), "azp", json!("portcullis"));
    assert!(sessions.verify(&signer.sign_with(&header, &claims), at(0)).await.is_ok());
    // A duplicate name, which JSON allows: the same text again at the end.
    let doubled = |object: &Value, name: &str| {
        let text = object.to_string();
        format!("{},{}:{}}}", text.strip_suffix('}').unwrap(), json!(name), object[name])
    };
    for name in header.as_object().unwrap().keys() {
        let jwt = signer.sign_text(&doubled(&header, name), &claims.to_string());
        assert!(matches!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Malformed(_))), "{name}");
    }
    for name in claims.as_object().unwrap().keys() {
        let jwt = signer.sign_text(&header.to_string(), &doubled(&claims, name));
        assert!(matches!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Malformed(_))), "{name}");
    }
    // An escaped spelling is the same name.
    let escaped = doubled(&claims, "groups").replacen("\"groups\"", "\"group\\u0073\"", 1);
    let jwt = signer.sign_text(&header.to_string(), &escaped);
    assert!(matches!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Malformed(_))), "{escaped}");
    // Nested objects are checked too.
    let nested = claims.to_string().replacen('{', r#"{"address":{"a":1,"a":2},"#, 1);
    let jwt = signer.sign_text(&header.to_string(), &nested);
    assert!(matches!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Malformed(_))), "{nested}");
}

#[tokio::test]
async fn a_session_of_another_client_is_refused_for_any_audience() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let oidc = Provider { client_id: "portcullis-cli".to_owned(), ..provider.oidc(&provider.url) };
    let sessions = SessionVerifier::new(oidc, LONG_TIMEOUT).unwrap();
    for aud in [json!("portcullis"), json!(["portcullis"]), json!(["other", "portcullis"])] {
        let good = with(claims(&provider), "aud", aud.clone());
        for azp in ["portcullis", "portcullis-cli"] {
            let jwt = signer.sign(&with(good.clone(), "azp", json!(azp)));
            assert!(sessions.verify(&jwt, at(0)).await.is_ok(), "{aud} {azp}");
        }
        for azp in [json!("other"), json!("Portcullis"), json!(""), json!(["portcullis"]), json!(7), json!(null)] {
            let jwt = signer.sign(&with(good.clone(), "azp", azp.clone()));
            let refusal = sessions.verify(&jwt, at(0)).await;
            assert_eq!(refusal, Err(JwtError::Malformed("unexpected azp: issued to another client")), "{aud} {azp}");
        }
    }
}

#[tokio::test]
async fn all_keys_with_the_id_and_the_algorithm_are_tried() {
    let provider = FakeProvider::start().await;
    let mut signers = [Signer::rsa(), Signer::p256(), Signer::p256(), Signer::ed25519(), Signer::ed25519()];
    for signer in &mut signers {
        signer.goes_by("shared");
    }
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] {
        provider.serves_keys(&order.map(|n: usize| &signers[n]));
        let sessions = provider.sessions();
        for signer in &signers {
            assert!(sessions.verify(&signer.sign(&claims(&provider)), at(0)).await.is_ok(), "{}", signer.alg);
        }
        let mut stranger = Signer::p256();
        stranger.goes_by("shared");
        let refusal = sessions.verify(&stranger.sign(&claims(&provider)), at(0)).await;
        assert_eq!(refusal, Err(JwtError::Unknown("invalid signature")));
        assert_eq!(provider.asked("/keys"), if order[0] == 0 { 1 } else { 2 });
    }
}

#[tokio::test]
async fn ed25519_is_an_alias_of_eddsa_in_headers_and_keys() {
    let provider = FakeProvider::start().await;
    let (signer, p256) = (Signer::ed25519(), Signer::p256());
    for named in [json!("EdDSA"), json!("Ed25519"), json!(null)] {
        let jwk = with(signer.jwk.clone(), "alg", named.clone());
        provider.answers_keys(&json!({"keys": [jwk, p256.jwk]}).to_string());
        let sessions = provider.sessions();
        for alg in ["EdDSA", "Ed25519"] {
            let jwt = signer.sign_with(&json!({"alg": alg, "kid": signer.kid}), &claims(&provider));
            assert!(sessions.verify(&jwt, at(0)).await.is_ok(), "{alg} {named}");
            let other = p256.sign_with(&json!({"alg": alg, "kid": p256.kid}), &claims(&provider));
            assert!(sessions.verify(&other, at(0)).await.is_err(), "{alg} {named}");
        }
        for alg in ["Ed448", "ed25519", "ED25519", "Ed25519ph"] {
            let jwt = signer.sign_with(&json!({"alg": alg, "kid": signer.kid}), &claims(&provider));
            assert!(matches!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Malformed(_))), "{alg}");
        }
    }
    for (jwk, alg) in [(&signer.jwk, "Ed448"), (&signer.jwk, "ES256"), (&p256.jwk, "Ed25519"), (&p256.jwk, "EdDSA")] {
        let by = if jwk["kty"] == "EC" { &p256 } else { &signer };
        provider.answers_keys(&json!({"keys": [with(jwk.clone(), "alg", json!(alg))]}).to_string());
        assert!(verified(&provider, &by.sign(&claims(&provider))).await.is_err(), "{alg}");
    }
}

#[tokio::test]
async fn a_wrong_issuer_audience_or_claim_type_is_refused() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let (good, sessions) = (claims(&provider), provider.sessions());
    for fine in [json!(["portcullis"]), json!(["other", "portcullis"])] {
        let jwt = signer.sign(&with(good.clone(), "aud", fine.clone()));
        assert!(sessions.verify(&jwt, at(0)).await.is_ok(), "{fine}");
    }
    for (field, values) in [
        (
            "iss",
            json!([
                null,
                7,
                "",
                "https://other.example",
                format!("{}/", provider.url),
                [provider.url.clone()],
                provider.url.to_uppercase(),
                format!("{}\n", provider.url),
                format!("{}\0", provider.url),
                format!("{}/../", provider.url),
                format!("{}#", provider.url),
                "*",
            ]),
        ),
        (
            "aud",
            json!([
                null, 7, "", "other", "portcullis ", "Portcullis", "portcullis\n", "portcullis\0", "p\u{43e}rtcullis", "*",
                "portcullis,other", "portcullis/x", [], ["other"], [["portcullis"]], {"portcullis": 1}, ["portcullis", 7],
            ]),
        ),
        ("sub", json!([null, 7, ["alice"]])),
        ("exp", json!([null, "1900000000", "", "never", "2100-01-01T00:00:00Z", true, [], [NOW + 60], {}])),
        ("nbf", json!(["1800000000", "", [], {}, true])),
        ("iat", json!(["1800000000", "", [], {}, true])),
        ("groups", json!([7, {}, ["a", 7], [["a"]], true])),
    ] {
        for value in values.as_array().unwrap() {
            let refusal = sessions.verify(&signer.sign(&with(good.clone(), field, value.clone())), at(0)).await;
            assert!(matches!(refusal, Err(JwtError::Malformed(_))), "{field}: {value}: {refusal:?}");
        }
    }
    for required in ["iss", "aud", "sub", "exp"] {
        assert!(sessions.verify(&signer.sign(&without(good.clone(), required)), at(0)).await.is_err(), "{required}");
    }
    for none in [without(good.clone(), "groups"), with(good.clone(), "groups", json!(null))] {
        assert_eq!(sessions.verify(&signer.sign(&none), at(0)).await.unwrap().groups, [""; 0]);
    }
    let one = sessions.verify(&signer.sign(&with(good.clone(), "groups", json!("ops"))), at(0)).await.unwrap();
    assert_eq!(one.groups, ["ops"]);
}

#[tokio::test]
async fn times_have_a_leeway_of_one_minute() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let sessions = provider.sessions();
    for begin in ["nbf", "iat"] {
        let jwt = signer.sign(&with(without(claims(&provider), "iat"), begin, json!(NOW)));
        assert_eq!(sessions.verify(&jwt, at(-61)).await, Err(JwtError::Unknown("the JWT is not valid yet")), "{begin}");
        for good in [-60, 0, 3600, 3659] {
            assert!(sessions.verify(&jwt, at(good)).await.is_ok(), "{begin}: {good}");
        }
        assert_eq!(sessions.verify(&jwt, at(3660)).await, Err(JwtError::Expired), "{begin}");
    }
    let broken = signer.sign(&with(claims(&provider), "exp", json!(NOW as f64 + 0.5)));
    assert!(sessions.verify(&broken, at(59)).await.is_ok());
    for far in [json!(1e300), json!(u64::MAX), json!(i64::MAX)] {
        assert!(sessions.verify(&signer.sign(&with(claims(&provider), "exp", far)), at(0)).await.is_ok());
    }
    // Numbers beyond the range of a timestamp.
    for digits in ["1e400", "-1e400", "NaN", "Infinity", "0x7fffffff", "1_900_000_000", "01900000000"] {
        let text = claims(&provider).to_string().replace(&(NOW + 3600).to_string(), digits);
        let jwt = signer.sign_text(&json!({"alg": "EdDSA", "kid": signer.kid}).to_string(), &text);
        assert!(matches!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Malformed(_))), "{digits}");
    }
    for not_yet in [json!(NOW + 61), json!(NOW as f64 + 61.9), json!(1e300), json!(u64::MAX), json!(i64::MAX)] {
        let jwt = signer.sign(&with(claims(&provider), "nbf", not_yet.clone()));
        assert_eq!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Unknown("the JWT is not valid yet")), "{not_yet}");
    }
    for long_ago in [json!(0), json!(-0.5), json!(-1), json!(-1e300), json!(i64::MIN), json!(1e-300)] {
        let jwt = signer.sign(&with(claims(&provider), "exp", long_ago));
        assert_eq!(sessions.verify(&jwt, at(0)).await, Err(JwtError::Expired));
    }
}

#[tokio::test]
async fn an_expired_session_with_a_bad_signature_is_unknown_not_expired() {
    let provider = FakeProvider::start().await;
    let (known, forger) = (Signer::ed25519(), Signer::ed25519());
    provider.serves_keys(&[&known]);
    let expired = with(claims(&provider), "exp", json!(NOW - 1000));
    let jwt = forger.sign_with(&json!({"alg": "EdDSA", "kid": known.kid}), &expired);
    assert_eq!(verified(&provider, &jwt).await, Err(JwtError::Unknown("invalid signature")));
}

#[tokio::test]
async fn the_owner_comes_from_the_configured_claim() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let ask = async |claim: &str, claims: Value| {
        let oidc = Provider { owner_claim: claim.to_owned(), ..provider.oidc(&provider.url) };
        SessionVerifier::new(oidc, LONG_TIMEOUT)
            .unwrap()
            .verify(&signer.sign(&claims), at(0))
            .await
            .map(|claims| claims.owner.to_string())
    };
    let good = with(claims(&provider), "preferred_username", json!("al"));
    assert_eq!(ask("preferred_username", good.clone()).await, Ok("al".to_owned()));
    let odd = r#"a "b" \ c"#;
    assert_eq!(
        ask("preferred_username", with(good.clone(), "preferred_username", json!(odd))).await,
        Ok(odd.to_owned())
    );
    for bad in [
        json!(null),
        json!(7),
        json!(""),
        json!(" al"),
        json!("ä"),
        json!("x".repeat(256)),
        json!(["al"]),
        json!("trust:main"),
    ] {
        let claims = with(good.clone(), "preferred_username", bad.clone());
        assert!(matches!(ask("preferred_username", claims).await, Err(JwtError::Malformed(_))), "{bad}");
    }
    let email = with(good, "email", json!("alice@example.com"));
    assert_eq!(
        ask("email", with(email.clone(), "email_verified", json!(true))).await,
        Ok("alice@example.com".to_owned())
    );
    for unverified in [json!(false), json!("true"), json!(null)] {
        assert!(ask("email", with(email.clone(), "email_verified", unverified)).await.is_err());
    }
    assert!(ask("email", email).await.is_err());
}

#[tokio::test]
async fn an_oversized_or_malformed_jwt_is_refused_without_fetching() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let sessions = provider.sessions();
    let padded = |size: usize| {
        let claims = with(claims(&provider), "pad", json!("x".repeat(size)));
        signer.sign(&claims)
    };
    let (long, longer) = (padded(5_600), padded(6_000));
    assert!(long.len() < 8192 && longer.len() > 8192);
    let other = signer.sign(&with(claims(&provider), "iss", json!("https://other.example")));
    for bad in [longer.as_str(), "", ".", "..", "a.b.c", "a.b", "a.b.c.d", "a.b.c.d.e", "e30.e30.", &other] {
        assert!(matches!(sessions.verify(bad, at(0)).await, Err(JwtError::Malformed(_))), "{bad}");
    }
    assert_eq!(provider.requests(), 0);
    assert!(sessions.verify(&long, at(0)).await.is_ok());
}

#[tokio::test]
async fn base64_is_read_strictly() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let jwt = signer.sign(&claims(&provider));
    let sessions = provider.sessions();
    for bad in [format!("{jwt}="), format!("{jwt}\n"), format!(" {jwt}"), jwt.replace('.', "=."), format!("{jwt}A")] {
        assert!(sessions.verify(&bad, at(0)).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn the_issuer_must_be_https_or_on_loopback() {
    let provider = FakeProvider::start().await;
    let new = |issuer: &str| SessionVerifier::new(provider.oidc(issuer), LONG_TIMEOUT).is_ok();
    for good in [
        "https://id.example",
        "https://id.example/realm/x",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:1/x",
        "http://127.9.9.9",
    ] {
        assert!(new(good), "{good}");
    }
    for bad in [
        "",
        "id.example",
        "http://id.example",
        "ftp://id.example",
        "https://",
        "http://127.0.0.1.example",
        "http://localhost@id.example",
        "https://id.example?x",
        "https://id.example#x",
        "https://a b",
        "http://127.0.0.1@id.example",
    ] {
        assert!(!new(bad), "{bad}");
    }
}

#[tokio::test]
async fn keys_are_fetched_once_with_the_first_session() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let sessions = provider.sessions();
    assert_eq!(provider.requests(), 0);
    let jwt = signer.sign(&claims(&provider));
    let asked = (0..50).map(|_| {
        let (sessions, jwt) = (sessions.clone(), jwt.clone());
        tokio::spawn(async move { sessions.verify(&jwt, at(0)).await })
    });
    for one in asked.collect::<Vec<_>>() {
        assert!(one.await.unwrap().is_ok());
    }
    assert_eq!((provider.asked(provider::DISCOVERY), provider.asked("/keys")), (1, 1));
}

#[tokio::test]
async fn unknown_key_ids_cause_at_most_one_refresh_a_minute() {
    let provider = FakeProvider::start().await;
    let (signer, stranger) = (Signer::ed25519(), Signer::ed25519());
    provider.serves_keys(&[&signer]);
    let sessions = provider.sessions();
    let made_up = |n: usize| stranger.sign_with(&json!({"alg": "EdDSA", "kid": format!("k{n}")}), &claims(&provider));
    for (minute, fetches) in [(0, 2), (59, 2), (60, 3), (61, 3), (119, 3), (120, 4)] {
        let asked = (0..30).map(|n| {
            let (sessions, jwt) = (sessions.clone(), made_up(n));
            tokio::spawn(async move { sessions.verify(&jwt, at(minute)).await })
        });
        for one in asked.collect::<Vec<_>>() {
            assert_eq!(
                one.await.unwrap(),
                Err(JwtError::Unknown("the provider has no key with this id for this algorithm"))
            );
        }
        assert_eq!(provider.asked("/keys"), fetches, "{minute}");
    }
    assert!(sessions.verify(&signer.sign(&claims(&provider)), at(121)).await.is_ok());
    assert_eq!(provider.asked("/keys"), 4);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_key_is_refused() {
    let provider = FakeProvider::start().await;
    let (old, new) = (Signer::ed25519(), Signer::p256());
    provider.serves_keys(&[&old]);
    let sessions = provider.sessions();
    let (before, after) = (old.sign(&claims(&provider)), new.sign(&claims(&provider)));
    assert!(sessions.verify(&before, at(0)).await.is_ok());
    provider.serves_keys(&[&new]);
    assert!(sessions.verify(&before, at(1)).await.is_ok());
    assert!(sessions.verify(&after, at(1)).await.is_ok());
    assert!(sessions.verify(&before, at(1)).await.is_err());
    // An unknown ID caused a refresh within the last minute, so the next one has to wait.
    let newest = Signer::ed25519();
    provider.serves_keys(&[&newest]);
    let newest = newest.sign(&claims(&provider));
    assert!(sessions.verify(&newest, at(60)).await.is_err());
    assert!(sessions.verify(&newest, at(61)).await.is_ok());
}

#[tokio::test]
async fn keys_expire_after_an_hour_and_verification_then_fails() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let sessions = provider.sessions();
    let jwt = signer.sign(&with(claims(&provider), "exp", json!(NOW + 9999)));
    assert!(sessions.verify(&jwt, at(0)).await.is_ok());
    provider.fails(500);
    assert!(sessions.verify(&jwt, at(3599)).await.is_ok(), "cached for an hour");
    assert_eq!(provider.asked(provider::DISCOVERY), 1);
    assert_eq!(sessions.verify(&jwt, at(3600)).await, Err(JwtError::Unavailable("status 500".to_owned())));
    // Further requests do not ask it again during the delay.
    assert!(sessions.verify(&jwt, at(3604)).await.is_err());
    assert_eq!(provider.asked(provider::DISCOVERY), 2);
    provider.serves_keys(&[&signer]);
    assert!(sessions.verify(&jwt, at(3605)).await.is_ok());
    // A clock that was set back does not extend the TTL.
    assert!(sessions.verify(&jwt, at(10)).await.is_ok());
    assert_eq!(provider.asked("/keys"), 3);
}

#[tokio::test]
async fn invalid_documents_make_the_provider_unavailable() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    provider.serves_keys(&[&signer]);
    let jwt = signer.sign(&claims(&provider));
    let keys = json!({"keys": [signer.jwk]}).to_string();
    for (discovery, keys) in [
        ("not json".to_owned(), keys.clone()),
        (
            json!({"issuer": "https://other.example", "jwks_uri": format!("{}/keys", provider.url)}).to_string(),
            keys.clone(),
        ),
        (
            json!({"issuer": format!("{}/", provider.url), "jwks_uri": format!("{}/keys", provider.url)}).to_string(),
            keys.clone(),
        ),
        (json!({"issuer": provider.url}).to_string(), keys.clone()),
        (json!({"issuer": provider.url, "jwks_uri": "http://keys.example/keys"}).to_string(), keys.clone()),
        (json!({"issuer": provider.url, "jwks_uri": "file:///etc/passwd"}).to_string(), keys.clone()),
        (provider.discovery(), "[]".to_owned()),
        (provider.discovery(), "x".repeat(128 * 1024 + 1)),
        ("x".repeat(64 * 1024 + 1), keys.clone()),
    ] {
        provider.answers(&discovery, &keys);
        let refusal = verified(&provider, &jwt).await;
        assert!(matches!(refusal, Err(JwtError::Unavailable(_))), "{refusal:?}");
    }
    provider.answers(&provider.discovery(), &keys);
    assert!(verified(&provider, &jwt).await.is_ok());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (provider, other) = (FakeProvider::start().await, FakeProvider::start().await);
    let signer = Signer::ed25519();
    for place in [format!("{}/keys", other.url), format!("{}/elsewhere", provider.url)] {
        for status in [301, 302, 303, 307, 308] {
            provider.redirects(status, &place);
            let refusal = verified(&provider, &signer.sign(&claims(&provider))).await;
            assert_eq!(refusal, Err(JwtError::Unavailable(format!("status {status}"))));
        }
    }
    assert_eq!((other.requests(), provider.asked("/elsewhere")), (0, 0));
}

#[tokio::test]
async fn a_provider_that_hangs_or_never_ends_is_a_timeout() {
    let provider = FakeProvider::start().await;
    let signer = Signer::ed25519();
    let jwt = signer.sign(&claims(&provider));
    let sessions = |timeout| provider.sessions_with(DocumentFetcher::new(timeout));
    provider.hangs();
    let slow = JwtError::Unavailable("no response within 100ms".to_owned());
    let short = Duration::from_millis(100);
    assert_eq!(sessions(short).verify(&jwt, at(0)).await, Err(slow.clone()));
    provider.trickles();
    assert_eq!(sessions(short).verify(&jwt, at(0)).await, Err(slow));
    provider.pours();
    let large = JwtError::Unavailable("the response has more than 65536 bytes".to_owned());
    assert_eq!(sessions(LONG_TIMEOUT).verify(&jwt, at(0)).await, Err(large));
}

#[test]
fn a_jwt_is_distinguished_from_a_token() {
    for jwt in ["a.b.c", "eyJ.eyJ.x-_", "eyJ.eyJ."] {
        assert!(looks_like_jwt(jwt), "{jwt}");
    }
    for other in ["", "pcl_0123", "a.b", "a.b.c.d", "a.b.c.d.e"] {
        assert!(!looks_like_jwt(other), "{other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changing_any_character_invalidates_a_session(at_byte: prop::sample::Index, to in "[A-Za-z0-9_.=-]") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let provider = FakeProvider::start().await;
            let signer = Signer::ed25519();
            provider.serves_keys(&[&signer]);
            let good = signer.sign(&claims(&provider));
            let place = at_byte.index(good.len());
            let changed = format!("{}{to}{}", &good[..place], &good[place + 1..]);
            prop_assert!(changed == good || verified(&provider, &changed).await.is_err());
            Ok(())
        })?;
    }

    #[test]
    fn parsing_never_panics(presented in "(\\PC{0,40}|[A-Za-z0-9_.-]{0,80})") {
        prop_assert!(UnverifiedJwt::read(&presented).is_err());
        let _ = looks_like_jwt(&presented);
    }
}
