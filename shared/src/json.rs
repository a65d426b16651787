//! JSON that remembers which keys of its objects were given twice: parsers differ in which
//! of the two they take, so neither is taken here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What is said of a key that stands in one object more than once.
pub const GIVEN_TWICE: &str = "must be given once";

/// Reads a document, and the places of the keys that stand in one object more than once:
/// `roles.cicd.permissions`.
///
/// # Errors
/// Where it is not JSON in UTF-8.
pub fn read(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut doubled = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = At { place: String::new(), doubled: &mut doubled }.deserialize(&mut reader)?;
    reader.end()?;
    Ok((value, doubled))
}

/// One value, and where it stands.
struct At<'a> {
    place: String,
    doubled: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let place = if self.place.is_empty() { key.clone() } else { format!("{}.{key}", self.place) };
            let value = entries.next_value_seed(At { place: place.clone(), doubled: &mut *self.doubled })?;
            if object.insert(key, value).is_some() {
                self.doubled.push(place);
            }
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let place = format!("{}[{}]", self.place, list.len());
            match entries.next_element_seed(At { place, doubled: &mut *self.doubled })? {
                Some(value) => list.push(value),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_given_twice_is_named_wherever_it_stands() {
        let (value, doubled) = read(br#"{"a":1,"b":[{"c":1,"c":2},{"d":{"e":1,"e":1}}],"a":2,"x":{"c":1}}"#).unwrap();
        assert_eq!(doubled, ["b[0].c", "b[1].d.e", "a"]);
        assert_eq!(value["a"], 2);
    }

    #[test]
    fn everything_else_is_read_as_serde_json_reads_it() {
        for text in [r#"{"a":[1,-2,3.5,true,null,"é\u0041",{"b":{}}]}"#, "[]", "1", "\"x\"", "null", "1e300"] {
            let (value, doubled) = read(text.as_bytes()).unwrap();
            assert_eq!((value, doubled.len()), (serde_json::from_str::<Value>(text).unwrap(), 0), "{text}");
        }
        let deep = "[".repeat(10_000);
        for text in ["", "{", "{} x", "[1,]", "{\"a\":1e999}", &deep] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
