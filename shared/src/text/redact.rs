//! Detection of tokens and JWTs in text: to refuse fields that contain one, and to redact logs.
//!
//! A field is refused only for text that is certainly a credential ([`contains_credential`]), because
//! identifiers of identity providers and object stores look as random as a token and must be storable.
//! Redaction hides more ([`redact`]), including truncated and mistyped tokens.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::secret::BODY;
use crate::secret::plaintext::PlaintextToken;

/// Minimum number of letters and digits after a `_`, or in both cases, that are redacted: a token has 65, common
/// identifiers have 32 (MD5, UUID), 40 (SHA-1), 43 (256 bits in base64url), 44 or 46 (a CID of IPFS).
const MIN_REDACTED_LENGTH: usize = 47;
/// Number of letters and digits after the `_` that stay: the public ID.
const SHOWN_LENGTH: usize = 16;

/// The beginning of `{` in base64url, with which every JWT begins.
const OBJECT: char = 'e';
/// The beginning of `{"` in base64url, with which nearly every JWT begins.
const COMPACT_OBJECT: &str = "eyJ";
/// Minimum length of a possible JWT's header, in characters.
const MIN_JWT_HEADER_LENGTH: usize = 13;
/// Minimum length of its claims, in characters.
const MIN_JWT_CLAIMS_LENGTH: usize = 10;
/// Maximum length of a JWT's header that is decoded, in characters. No stored text is longer.
const MAX_HEADER_LENGTH: usize = 1024;

/// Whether a text contains a whole token of any deployment (with a valid checksum), or a JWT: three parts in
/// base64url, the first of which is a JSON object with `alg`
/// ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
#[must_use]
pub fn contains_credential(text: &str) -> bool {
    // The end of an escape may also be the beginning of a credential, so the text is searched as it is, too.
    let has_credential = |text: &str| contains_token(text) || contains_jwt(text);
    has_credential(text) || matches!(percent_decoded(text), Cow::Owned(decoded) if has_credential(&decoded))
}

/// Decodes what a URL may percent-encode without changing its meaning, letters, digits and `-._~`
/// ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2.3)), and `%` itself, until nothing is left to decode.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        decoded.push(byte);
        while let [before @ .., b'%', high, low] = &decoded[..]
            && let Some(byte) = unreserved(*high, *low)
        {
            decoded.truncate(before.len());
            decoded.push(byte);
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// The character with these hexadecimal digits, if [`percent_decoded`] decodes it.
fn unreserved(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    (byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)).then_some(byte)
}

fn contains_token(text: &str) -> bool {
    text.match_indices('_').any(|(separator, _)| {
        let before = text.as_bytes().get(..separator).unwrap_or_default();
        let body = text.get(separator + 1..).and_then(|after| after.get(..BODY));
        let body = body.filter(|body| body.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        body.is_some_and(|body| PlaintextToken::find(before.iter().rev().copied(), body, |_| true).is_some())
    })
}

fn contains_jwt(text: &str) -> bool {
    header_candidates(text).any(|(from, end)| is_jwt(text, from, end))
}

/// Possible starts of a JWT's header, each with the position of the dot after it. Linear in the text's length,
/// which clients choose.
fn header_candidates(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    let mut end = 0;
    text.match_indices(OBJECT).filter_map(move |(from, _)| {
        if from >= end {
            end = position(bytes, from, |byte| !is_base64url(byte)).unwrap_or(bytes.len());
        }
        (bytes.get(end) == Some(&b'.')).then_some((from, end))
    })
}

/// Whether a JWT with its signature, or with an empty one, begins here.
fn is_jwt(text: &str, from: usize, end: usize) -> bool {
    let header = text.get(from..end).filter(|header| header.len() <= MAX_HEADER_LENGTH);
    let bytes = text.as_bytes();
    let second = || position(bytes, end + 1, |byte| !is_base64url(byte)).and_then(|end| bytes.get(end));
    header.is_some_and(is_jwt_header) && second() == Some(&b'.')
}

/// Whether a possible JWT without its signature begins here.
fn may_be_jwt(text: &str, from: usize, end: usize) -> bool {
    let second = text.as_bytes().iter().skip(end + 1).take(MIN_JWT_CLAIMS_LENGTH);
    text.get(from..end).is_some_and(|header| header.starts_with(COMPACT_OBJECT))
        && end - from >= MIN_JWT_HEADER_LENGTH
        && second.take_while(|byte| is_base64url(**byte)).count() == MIN_JWT_CLAIMS_LENGTH
}

fn is_jwt_header(part: &str) -> bool {
    // The lowest bits of `{` are the highest of the second character. Checking them saves decoding most parts.
    if !part.as_bytes().get(1).is_some_and(|byte| matches!(byte, b'w'..=b'z' | b'0'..=b'9' | b'-' | b'_')) {
        return false;
    }
    let json = URL_SAFE_NO_PAD.decode(part).ok();
    let header = json.and_then(|json| serde_json::from_slice::<Map<String, Value>>(&json).ok());
    header.is_some_and(|header| header.contains_key("alg"))
}

/// Redacts possible JWTs and tokens for a log. Of a possible token, whole, truncated or mistyped, only the
/// public ID after the `_` stays. Other runs of as many letters and digits in both cases are removed, because
/// they may be the end of a token. A text with percent-encoded characters is decoded if something in it is
/// redacted, and stays as it is otherwise.
///
/// Deliberately disguised tokens are not recognized.
///
/// Not for owners: they may be as random as tokens, and no token can be an owner.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let decoded = match percent_decoded(text) {
        Cow::Borrowed(text) => return without_credentials(text),
        Cow::Owned(decoded) => decoded,
    };
    match without_credentials(&decoded) {
        Cow::Owned(redacted) => Cow::Owned(redacted),
        Cow::Borrowed(_) => without_credentials(text),
    }
}

fn without_credentials(text: &str) -> Cow<'_, str> {
    let without_jwts = without_jwts(text);
    match without_tokens(without_jwts.as_deref().unwrap_or(text)) {
        Some(redacted) => Cow::Owned(redacted),
        None => without_jwts.map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// Redacts JWTs, with or without a signature: at least two parts in base64url separated by dots, the first of
/// which begins like a JSON object. `None` if there is none.
fn without_jwts(text: &str) -> Option<String> {
    let mut left = String::new();
    let mut copied = 0;
    for (from, end) in header_candidates(text) {
        if from >= copied && (may_be_jwt(text, from, end) || is_jwt(text, from, end)) {
            left.push_str(text.get(copied..from).unwrap_or_default());
            left.push_str("[redacted]");
            let rest = position(text.as_bytes(), from, |byte| !is_base64url(byte) && byte != b'.');
            copied = rest.unwrap_or(text.len());
        }
    }
    (copied > 0).then(|| left + text.get(copied..).unwrap_or_default())
}

/// Redacts tokens. `None` if there is none.
fn without_tokens(text: &str) -> Option<String> {
    let mut redacted = String::new();
    let mut copied = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(from) = position(bytes, at, |byte| byte.is_ascii_alphanumeric()) {
        let to = position(bytes, from, |byte| !byte.is_ascii_alphanumeric()).unwrap_or(bytes.len());
        if let Some(hidden) = hidden(bytes, from, to) {
            // Letters and digits are one byte each, so no character is split.
            redacted.push_str(text.get(copied..hidden).unwrap_or_default());
            redacted.push_str("[redacted]");
            copied = to;
        }
        at = to;
    }
    (copied > 0).then(|| redacted + text.get(copied..).unwrap_or_default())
}

/// Start of the part of a run of letters and digits that must be redacted, if any.
fn hidden(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let run = bytes.get(from..to)?;
    let before = from.checked_sub(1).and_then(|at| bytes.get(at));
    if run.len() < MIN_REDACTED_LENGTH {
        return None;
    }
    if before == Some(&b'_') {
        return Some(from + SHOWN_LENGTH);
    }
    let mixed = run.iter().any(u8::is_ascii_lowercase) && run.iter().any(u8::is_ascii_uppercase);
    mixed.then_some(from)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn position(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    bytes.get(from..)?.iter().position(|byte| wanted(*byte)).map(|offset| from + offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::plaintext::tests::secret;
    use proptest::prelude::*;

    const TOKEN: &str = "pcl_0123456789abcdefSECRETSECRETSECRETSECRETSECRETSECRETSECRETx123456";

    #[test]
    fn ordinary_text_is_unchanged() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for text in [
            "",
            "/apps/billing_api/builds",
            "GitHub Actions",
            "a_b_c",
            "über_größe",
            "%5Fx",
            "_",
            "%",
            "a%20%5f%C3%9f%2",
            digest,
        ] {
            assert_eq!(redact(text), text);
        }
        assert_eq!(redact(&format!("/blobs/sha256:{digest}")), format!("/blobs/sha256:{digest}"));
    }

    #[test]
    fn only_tokens_and_jwts_are_recognized() {
        let whole = secret("pcl", 7);
        let whole = whole.expose_secret();
        let mut mistyped = whole.to_owned();
        mistyped.replace_range(30..31, if mistyped.as_bytes()[30] == b'a' { "b" } else { "a" });
        let header = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let jws = header(r#"{"alg":"EdDSA"}"#);
        for credential in [
            whole,
            &whole.replace('_', "%5F"),
            &format!("x{whole}x"),
            &format!("{}.eyJzdWIiOiJhIn0.c2ln", header(r#"{"typ":"JWT","alg":"RS256"}"#)),
            &format!("see {jws}.e30.c2ln!"),
            &format!("x{jws}..c2ln"),
            &format!("{}.e30.c2ln", header("{ \n\"alg\": \"none\" }")),
            &format!("{}..aXY.Y2lwaGVy.dGFn", header(r#"{"alg":"dir","enc":"A256GCM"}"#)),
        ] {
            assert!(contains_credential(credential), "{credential}");
        }
        for identifier in [
            "",
            "_",
            "%5F",
            TOKEN,
            &mistyped,
            &whole[1..],
            &whole[..whole.len() - 1],
            &whole.replace('_', "-"),
            "CgcyMzQyNzQ5EgZnaXRodWI",
            "ChUxMDM0NTY3ODkwMTIzNDU2Nzg5MDESBmdvb2dsZQxyzABCDEFGHIJKL",
            "files/file_9f86d081884c7d659a2feaa0c55ad015",
            "files/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
            "ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
            "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
            "eyJhbGciOiJub25lIn0.html",
            "eyJhbGciOi.eyJhbGciOi.x",
            &format!("{}.e30.c2ln", header(r#"{"typ":"JWT"}"#)),
            &format!("{}.e30.c2ln", header(r#"["alg"]"#)),
            &format!("{jws}.e30 c2ln"),
            "here.we.are",
        ] {
            assert!(!contains_credential(identifier), "{identifier}");
        }
    }

    #[test]
    fn identifiers_of_other_services_stay_in_a_log() {
        for identifier in [
            "files/file_9f86d081884c7d659a2feaa0c55ad015",
            "commits/git_2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
            "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
            "ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
        ] {
            assert_eq!(redact(identifier), identifier);
        }
    }

    #[test]
    fn truncated_and_mistyped_tokens_are_redacted() {
        assert_eq!(redact(&TOKEN[..4 + 47]), "pcl_0123456789abcdef[redacted]");
        assert_eq!(redact(&format!("x%5F{}", &TOKEN[4..4 + 47])), "x_0123456789abcdef[redacted]");
        assert_eq!(redact(&TOKEN[..4 + 46]), &TOKEN[..4 + 46]);
        // Without its prefix and a part of the ID or of the secret.
        for start in 4..TOKEN.len() - 46 {
            assert_eq!(redact(&format!("/x/{}", &TOKEN[start..])), "/x/[redacted]");
        }
    }

    #[test]
    fn only_the_id_of_a_token_stays() {
        assert_eq!(redact(TOKEN), "pcl_0123456789abcdef[redacted]");
        assert_eq!(redact(&TOKEN.replace('_', "%5f")), "pcl_0123456789abcdef[redacted]");
        let twice = format!("/x/{TOKEN}/y/{TOKEN}/z");
        assert_eq!(redact(&twice), "/x/pcl_0123456789abcdef[redacted]/y/pcl_0123456789abcdef[redacted]/z");
    }

    #[test]
    fn a_token_without_its_separator_is_removed() {
        for disguised in
            [TOKEN.replace('_', "-"), TOKEN.replace('_', "%255f"), TOKEN.replace("pcl_", ""), TOKEN.replace('_', "")]
        {
            assert!(!redact(&disguised).contains("SECRET"), "{disguised}");
        }
    }

    #[test]
    fn percent_encoded_tokens_and_jwts_are_redacted() {
        let jwt = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii1fLV8tXy1fIn0.eyJzdWIiOiJhIn0.a-b_c-d_e-f_g";
        let every = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        for encoded in [
            jwt.replace('.', "%2E"),
            jwt.replace('-', "%2d").replace('_', "%5F"),
            jwt.replace('.', "%252e"),
            jwt.replace('e', "%65"),
            every(jwt),
            every(&every(jwt)),
        ] {
            assert_eq!(redact(&format!("/apps/{encoded}/x")), "/apps/[redacted]/x");
            assert!(contains_credential(&encoded), "{encoded}");
        }
        for encoded in [every(TOKEN), TOKEN.replace('_', "%25%35%66"), TOKEN.replace("RET", "%52ET")] {
            assert_eq!(redact(&format!("%20{encoded}")), "%20pcl_0123456789abcdef[redacted]");
        }
    }

    #[test]
    fn a_credential_after_an_incomplete_escape_is_redacted() {
        let jwt = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii1fLV8tXy1fIn0.eyJzdWIiOiJhIn0.a-b_c-d_e-f_g";
        // `%6e` is an escape: of the JWT, the header may stay.
        let redacted = redact(&format!("%6{jwt}")).into_owned();
        assert!(!redacted.contains("eyJzdWIiOiJhIn0") && !redacted.contains("a-b_c-d"), "{redacted}");
        let token = secret("abc", 7);
        for text in [format!("%6{jwt}"), format!("%4{}", token.expose_secret())] {
            assert!(contains_credential(&text), "{text}");
            assert!(!contains_credential(&redact(&text)), "{text}");
        }
    }

    #[test]
    fn a_jwt_after_a_similar_beginning_is_redacted() {
        let part = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii1fLV8tXy1fIn0";
        for before in ["eyJ.", "eyJx.", "eyJeyJ.eyJx.a.", "eyJeyJ"] {
            let redacted = redact(&format!("{before}{part}.{part}.a-b_c-d")).into_owned();
            assert!(!redacted.contains("hbGci") && !redacted.contains("a-b_c-d"), "{redacted}");
        }
    }

    #[test]
    fn a_jwt_is_removed_anywhere_in_a_text() {
        let part = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii1fLV8tXy1fIn0";
        for (jwt, hidden) in [
            (format!("{part}.{part}.a-b_c-d_e-f_g"), true),
            (format!("{part}.{part}."), true),
            (format!("{part}.{part}"), true),
            (format!("{part}.{}.sig", "x-".repeat(30)), true),
            ("eyJ.eyJ.x".to_owned(), false),
            ("eyJhbGciOi.txt".to_owned(), false),
        ] {
            for (before, after) in [("", ""), ("/apps/", "/x"), ("ü ", "?q"), ("eyJ ", " eyJ"), ("key=", ";")] {
                let text = format!("{before}{jwt}{after}");
                let expected = if hidden { format!("{before}[redacted]{after}") } else { text.clone() };
                assert_eq!(redact(&text), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn a_token_is_recognized_anywhere_in_a_text(
            prefix in "[a-z][a-z0-9]{1,15}", seed: u64, before in "(\\PC{0,20}|[a-z0-9_%]{0,40})", after in "\\PC{0,20}|[0-9a-zA-Z_]{0,20}",
        ) {
            let token = secret(&prefix, seed);
            let text = format!("{before}{}{after}", token.expose_secret());
            prop_assert!(contains_credential(&text));
            let shown = redact(&text).into_owned();
            prop_assert!(!shown.contains(&token.expose_secret()[prefix.len() + 1 + 16..]));
        }

        #[test]
        fn redacted_text_contains_no_credential(
            before in "\\PC{0,20}", header in "eyJhbGciOjF9|ewogImFsZyI6IDF9|eyJ0eXAiOiJKV1QiLCJhbGciOjF9", after in "\\.[a-z_-]{0,4}\\.\\PC{0,20}",
        ) {
            let text = format!("{before}{header}{after}");
            prop_assert!(contains_credential(&text));
            prop_assert!(!contains_credential(&redact(&text)));
        }

        #[test]
        fn random_identifiers_are_not_credentials(text in "[0-9A-Za-z_-]{20,128}") {
            prop_assert!(!contains_credential(&text));
            let parts = format!("auth0|{text}.{text}.{text}");
            prop_assert!(!contains_credential(&parts));
        }

        #[test]
        fn redaction_never_panics(text: String) {
            let _ = contains_credential(&text);
            let _ = contains_credential(&format!("_%5F_{text}e{text}.{text}."));
        }

        #[test]
        fn no_secret_survives_redaction_in_any_text(before in "\\PC{0,20}", after in "\\PC{0,20}") {
            let text = format!("{before}{TOKEN}{after}");
            prop_assert!(!redact(&text).contains("SECRETSECRET"));
        }

        #[test]
        fn redaction_is_idempotent(text in "([a-zA-Z0-9_%-]{0,80}|\\PC{0,40})") {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once), once.as_str());
        }
    }
}
