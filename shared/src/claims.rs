//! The JSON objects of a JWT and the id in it, as the service and `portcullis trust test` read
//! them alike.

use serde_json::{Map, Value};

use crate::json;

/// The most characters of a `jti`.
const MAX_JTI_CHARS: usize = 512;

/// Reads a JSON object in which no name stands twice, nested objects included. Two programs could read
/// a doubled name in two ways, so [RFC 7515, 4](https://www.rfc-editor.org/rfc/rfc7515#section-4) and
/// [RFC 7519, 4](https://www.rfc-editor.org/rfc/rfc7519#section-4) have it refused.
#[must_use]
pub fn unique_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match json::read(bytes) {
        Ok((Value::Object(members), twice)) if twice.is_empty() => Some(members),
        _ => None,
    }
}

/// The `jti` of a CI job's identity. Not every CI system gives one
/// ([RFC 7519, 4.1.7](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.7)).
///
/// # Errors
/// When there is one, and it is no string of 1 to 512 characters.
pub fn jti(claims: &Map<String, Value>) -> Result<Option<&str>, &'static str> {
    let Some(jti) = claims.get("jti") else {
        return Ok(None);
    };
    let jti = jti.as_str().filter(|jti| (1..=MAX_JTI_CHARS).contains(&jti.chars().count()));
    jti.map(Some).ok_or("its jti is no string of 1 to 512 characters")
}
