//! A JWT before its signature is verified. Oracle: a second implementation of the documented checks, on members that are
//! known from their generation.
#![no_main]

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use portcullis::oidc::unverified_jwt::UnverifiedJwt;

const HEADER: [&str; 5] = ["alg", "kid", "typ", "crit", "jwk"];
const CLAIMS: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "groups"];
/// Values in JSON. The names of the first eight say what they are for.
const VALUES: [&str; 20] = [
    "\"RS256\"",
    "\"ES256\"",
    "\"EdDSA\"",
    "\"Ed25519\"",
    "\"none\"",
    "\"HS256\"",
    "\"JWT\"",
    "\"application/AT+jwt\"",
    "\"logout+jwt\"",
    "\"\"",
    "1",
    "-1.5e3",
    "null",
    "true",
    "[]",
    "[\"a\",\"b\"]",
    "[\"a\",1]",
    "{}",
    "{\"a\":1,\"a\":2}",
    "\"\\u0061\"",
];

type Member = (u8, u8);

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Text(&'a str),
    Built { header: [Member; 4], claims: [Member; 6], dots: u8, escaped: bool, padded: bool },
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Text(text) => {
            let Ok(jwt) = UnverifiedJwt::read(text) else { return };
            assert!(text.len() <= 8192 && text.matches('.').count() == 2);
            assert_eq!(format!("{}.{}", jwt.signing_input, jwt.signature), text);
        }
        Input::Built { header, claims, dots, escaped, padded } => {
            let (header, claims) = (members(&HEADER, &header), members(&CLAIMS, &claims));
            let encoded = |members: &[(&str, &str)]| URL_SAFE_NO_PAD.encode(object(members, escaped));
            let padding = if padded { "=" } else { "" };
            let text = format!(
                "{}{padding}.{}{}",
                encoded(&header),
                encoded(&claims),
                [".c2ln", ".", "", "..x"][usize::from(dots % 4)]
            );
            let read = UnverifiedJwt::read(&text);
            let expected = !padded && dots % 4 < 2 && is_header(&header) && is_claims(&claims);
            assert_eq!(read.is_ok(), expected, "{header:?} {claims:?}");
        }
    }
});

/// Members; a number that is too large stands for none.
fn members<'a>(names: &[&'a str], numbers: &[Member]) -> Vec<(&'a str, &'static str)> {
    let member = |(name, value): &Member| {
        Some((*names.get(usize::from(*name) % (names.len() + 2))?, VALUES[usize::from(*value) % VALUES.len()]))
    };
    numbers.iter().filter_map(member).collect()
}

/// A JSON object, in which the first letter of a name may be an escape.
fn object(members: &[(&str, &str)], escaped: bool) -> String {
    let name =
        |name: &str| if escaped { format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]) } else { name.to_owned() };
    let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{}\":{value}", name(key))).collect();
    format!("{{{}}}", members.join(","))
}

fn is_header(members: &[(&str, &str)]) -> bool {
    let value = |name: &str| members.iter().find(|(member, _)| *member == name).map(|(_, value)| value.to_lowercase());
    are_unique(members)
        && value("alg").is_some_and(|alg| ["\"rs256\"", "\"es256\"", "\"eddsa\"", "\"ed25519\""].contains(&&*alg))
        && value("kid").is_some_and(|kid| is_text(&kid))
        && value("typ").is_none_or(|typ| ["null", "\"jwt\"", "\"application/at+jwt\""].contains(&&*typ))
        && value("crit").is_none()
}

fn is_claims(members: &[(&str, &str)]) -> bool {
    let value = |name: &str| members.iter().find(|(member, _)| *member == name).map(|(_, value)| *value);
    let is_number = |value: &str| ["1", "-1.5e3"].contains(&value);
    let optional = |name: &str| value(name).is_none_or(|value| is_number(value) || value == "null");
    are_unique(members)
        && ["iss", "sub"].iter().all(|name| value(name).is_some_and(is_text))
        && value("aud").is_some_and(|aud| is_text(aud) || ["[]", "[\"a\",\"b\"]"].contains(&aud))
        && value("exp").is_some_and(is_number)
        && optional("nbf")
        && optional("iat")
}

fn are_unique(members: &[(&str, &str)]) -> bool {
    let names: BTreeSet<_> = members.iter().map(|(name, _)| name).collect();
    names.len() == members.len() && members.iter().all(|(_, value)| !value.contains("\"a\":1,\"a\":2"))
}

fn is_text(value: &str) -> bool {
    value.starts_with('"')
}
