//! The JSON objects of a JWT and the id in it, as the service and `portcullis trust test` read
//! them alike.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The most characters of a `jti`.
const MAX_JTI_CHARS: usize = 512;

/// A JSON object in which no name stands twice. Two programs could read one with a doubled name
/// in two ways, so [RFC 7515, 4](https://www.rfc-editor.org/rfc/rfc7515#section-4) and
/// [RFC 7519, 4](https://www.rfc-editor.org/rfc/rfc7519#section-4) have it refused.
#[derive(Clone, Debug, PartialEq)]
pub struct UniqueObject(pub Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members).map(Self)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands there twice"));
            }
        }
        Ok(members)
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
