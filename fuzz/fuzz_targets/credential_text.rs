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
    /// A token whose `_` is percent-encoded.
    Encoded([u8; 59], bool),
    Jwt {
        header: u8,
        claims: u8,
        signature: u8,
    },
}

const PREFIXES: [&str; 4] = ["pcl", "a1", "xpcl", "abcdefghijklmnop"];
const HEADERS: [&str; 5] = [r#"{"alg":"ES256"}"#, r#"{ "alg":1}"#, r#"{"typ":"JWT"}"#, r#"{"alg":"#, "[1]"];

fuzz_target!(|pieces: Vec<Piece>| {
    let text: String = pieces.iter().take(4).map(Piece::text).collect();
    if text.len() > 600 {
        return;
    }
    assert_eq!(contains_credential(&text), has_token(&text) || has_jwt(&text), "{text:?}");
    let redacted = redact(&text);
    assert!(!contains_credential(&redacted), "{text:?} became {redacted:?}");
    for piece in &pieces[..pieces.len().min(4)] {
        if let Piece::Token(..) | Piece::Encoded(..) = piece {
            let token = piece.text();
            // The secret without the public ID. Text beside it may make it longer.
            assert!(!redacted.contains(&token[token.len() - 43 - 6..]), "{text:?} became {redacted:?}");
        }
    }
});

impl Piece {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Token(seed, prefix) => token(PREFIXES[usize::from(prefix % 4)], seed),
            Self::Encoded(seed, upper) => token("pcl", seed).replacen('_', if *upper { "%5F" } else { "%5f" }, 1),
            Self::Jwt { header, claims, signature } => {
                let header = URL_SAFE_NO_PAD.encode(HEADERS[usize::from(*header) % HEADERS.len()]);
                let part = |length: &u8| "A".repeat(usize::from(length % 16));
                format!("{header}.{}.{}", part(claims), part(signature))
            }
        }
    }
}

/// Whether a token with any prefix begins at some position, its `_` possibly percent-encoded.
fn has_token(text: &str) -> bool {
    let plain = text.replace("%5F", "_").replace("%5f", "_");
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
