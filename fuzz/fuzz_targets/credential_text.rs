//! Tokens and JWTs in texts. Oracles: a search at every position; no part of a secret survives redaction.
#![no_main]

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use portcullis::text::{contains_credential, redact};
use portcullis_fuzz::token::{BODY, is_prefix, is_token, token};
use serde_json::{Map, Value};

#[derive(Arbitrary, Debug)]
enum Piece {
    Text(String),
    Token([u8; 59], u8),
    /// A token with percent-encoded characters.
    Encoded([u8; 59], u8),
    Jwt {
        header: u8,
        claims: u8,
        signature: u8,
        encoded: u8,
    },
}

const PREFIXES: [&str; 4] = ["pcl", "a1", "xpcl", "abcdefghijklmnop"];
const HEADERS: [&str; 5] = [r#"{"alg":"ES256"}"#, r#"{ "alg":1}"#, r#"{"typ":"JWT"}"#, r#"{"alg":"#, "[1]"];

fuzz_target!(|pieces: Vec<Piece>| {
    let text: String = pieces.iter().take(4).map(Piece::text).collect();
    if text.len() > 600 {
        return;
    }
    let has_credential = |text: &str| has_token(text) || has_jwt(text);
    assert_eq!(contains_credential(&text), has_credential(&text) || has_credential(&decoded(&text)), "{text:?}");
    let redacted = redact(&text);
    assert!(!contains_credential(&redacted), "{text:?} became {redacted:?}");
    for piece in &pieces[..pieces.len().min(4)] {
        if let Piece::Token(..) | Piece::Encoded(..) = piece {
            let token = decoded(&piece.text());
            // The secret without the public ID. Text beside it may make it longer.
            assert!(!decoded(&redacted).contains(&token[token.len() - 43 - 6..]), "{text:?} became {redacted:?}");
        }
    }
});

impl Piece {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Token(seed, prefix) => token(PREFIXES[usize::from(prefix % 4)], seed),
            Self::Encoded(seed, which) => encoded(&token("pcl", seed), *which),
            Self::Jwt { header, claims, signature, encoded: which } => {
                let header = URL_SAFE_NO_PAD.encode(HEADERS[usize::from(*header) % HEADERS.len()]);
                let part = |length: &u8| "A".repeat(usize::from(length % 16));
                encoded(&format!("{header}.{}.{}", part(claims), part(signature)), *which)
            }
        }
    }
}

/// The text with some characters percent-encoded.
fn encoded(text: &str, which: u8) -> String {
    let is_encoded = |at: usize, byte: u8| match which % 4 {
        0 => false,
        1 => !byte.is_ascii_alphanumeric(),
        2 => at % 7 == usize::from(which / 4) % 7,
        _ => true,
    };
    let write = |(at, byte)| if is_encoded(at, byte) { format!("%{byte:02X}") } else { char::from(byte).to_string() };
    text.bytes().enumerate().map(write).collect()
}

/// The text with its percent-encoded letters, digits and `-._~%` decoded, as often as there are some.
fn decoded(text: &str) -> String {
    let plain = (b'!'..=b'~').filter(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(byte));
    let codes: Vec<_> = plain.map(|byte| (format!("%{byte:02x}"), byte)).collect();
    let mut text = text.to_owned();
    while let Some((at, byte)) = text.char_indices().find_map(|(at, _)| {
        let code = text.get(at..at + 3)?.to_ascii_lowercase();
        Some((at, codes.iter().find(|(known, _)| *known == code)?.1))
    }) {
        text.replace_range(at..at + 3, char::from(byte).encode_utf8(&mut [0]));
    }
    text
}

/// Whether a token with any prefix begins at some position.
fn has_token(plain: &str) -> bool {
    let at = |from: usize| {
        let rest = plain.get(from..)?;
        let (prefix, body) = rest.split_once('_')?;
        Some(is_prefix(prefix) && is_token(prefix, &format!("{prefix}_{}", body.get(..BODY)?)))
    };
    (0..plain.len()).any(|from| at(from) == Some(true))
}

/// Whether three parts of base64url with dots between them begin at some position, the first a JSON object with `alg`.
fn has_jwt(text: &str) -> bool {
    let is_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let at = |from: usize| {
        let (header, rest) = text.get(from..)?.split_once('.')?;
        let (claims, _) = rest.split_once('.')?;
        let object = serde_json::from_slice::<Map<String, Value>>(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        Some(object.contains_key("alg") && claims.chars().all(is_base64url))
    };
    (0..text.len()).any(|from| at(from) == Some(true))
}
