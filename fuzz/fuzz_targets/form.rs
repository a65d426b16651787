//! The form of `POST /revoke` and `POST /exchange`. Oracle: a second implementation of the encoding.
#![no_main]

use lambda_http::Body;
use libfuzzer_sys::fuzz_target;
use portcullis::http::Form;
use portcullis_fuzz::path::decoded;

const SECRET: &str = "token";
const ONCE: [&str; 2] = ["hint", "scope"];
const REPEATABLE: &str = "aud";

fuzz_target!(|bytes: &[u8]| {
    let body = Body::Binary(bytes.to_vec());
    let form = Form::read(&body, SECRET, &ONCE, &[REPEATABLE]);
    let fields: Vec<_> = bytes.split(|byte| *byte == b'&').map(field).collect();
    // White space around the secret does not count.
    let secrets: Vec<_> = values(&fields, SECRET).map(str::trim).filter(|value| !value.is_empty()).collect();
    let is_good =
        bytes.len() <= 16 * 1024 && secrets.len() < 2 && ONCE.iter().all(|name| values(&fields, name).count() < 2);
    assert_eq!(form.is_ok(), is_good);
    let Ok(form) = form else { return };
    assert_eq!(form.secret().ok(), secrets.first().copied());
    for name in [ONCE[0], ONCE[1], REPEATABLE] {
        assert!(form.fields(name).eq(values(&fields, name)));
        assert_eq!(form.field(name), values(&fields, name).next());
    }
    assert_eq!(form.field("other"), None);
});

/// The values of a field. Without a value it counts as absent.
fn values<'a>(fields: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(field, value)| field == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Name and value (<https://url.spec.whatwg.org/#urlencoded-parsing>).
fn field(bytes: &[u8]) -> (String, String) {
    let text = |bytes: &[u8]| {
        let spaced: Vec<_> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        String::from_utf8_lossy(&decoded(&spaced)).into_owned()
    };
    let at = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
    (text(&bytes[..at]), text(bytes.get(at + 1..).unwrap_or_default()))
}
