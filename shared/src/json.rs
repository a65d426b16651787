//! JSON parsing that reports duplicate keys. Parsers differ in which of the values they take, so callers refuse
//! such documents.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Maximum number of duplicate keys that are named: with the entry that counts the rest they are 20, as many as
/// a response names.
const MAX_NAMED: usize = 19;

/// Keys that occur more than once in an object of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// Paths of the first 19: `roles.cicd.permissions`.
    pub paths: Vec<String>,
    /// Number of further duplicate keys.
    pub more: usize,
}

impl Duplicates {
    /// A message for each with its path; the last one counts those that are not named.
    pub fn issues(&self) -> impl Iterator<Item = (&str, String)> {
        let named = self.paths.iter().map(|path| (path.as_str(), "must be given once".to_owned()));
        let keys = if self.more == 1 { "key" } else { "keys" };
        let more = (self.more > 0).then(|| ("*", format!("{} more duplicate {keys}", self.more)));
        named.chain(more)
    }

    /// Whether there are no duplicate keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

/// Parses a document and finds duplicate keys.
///
/// # Errors
/// When it is not JSON in UTF-8.
pub fn read(bytes: &[u8]) -> Result<(Value, Duplicates), serde_json::Error> {
    let mut reader = Reader::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = reader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, reader.duplicates))
}

/// Reads values and tracks the current path.
#[derive(Default)]
struct Reader {
    path: Vec<Step>,
    duplicates: Duplicates,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Reader {
    /// Reads a nested value.
    fn within<T>(&mut self, step: Step, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let value = read(self);
        self.path.pop();
        value
    }

    fn note_duplicate(&mut self, key: &str) {
        if self.duplicates.paths.len() == MAX_NAMED {
            self.duplicates.more += 1;
            return;
        }
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) => path.push_str(&format!("{key}.")),
                Step::Index(at) => {
                    path.truncate(path.trim_end_matches('.').len());
                    path.push_str(&format!("[{at}]."));
                }
            }
        }
        self.duplicates.paths.push(path + key);
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = self.within(Step::Key(key.clone()), |reader| entries.next_value_seed(reader))?;
            if object.contains_key(&key) {
                self.note_duplicate(&key);
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = self.within(Step::Index(list.len()), |reader| entries.next_element_seed(reader))? {
            list.push(value);
        }
        Ok(Value::Array(list))
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
    fn a_duplicate_key_is_named_with_its_path() {
        let (value, twice) = read(br#"{"a":1,"b":[{"c":1,"c":2},{"d":{"e":1,"e":1}}],"a":2,"x":{"c":1}}"#).unwrap();
        assert_eq!(twice, Duplicates { paths: ["b[0].c", "b[1].d.e", "a"].map(str::to_owned).into(), more: 0 });
        assert_eq!(value["a"], 2);
    }

    #[test]
    fn documents_without_duplicates_parse_as_in_serde_json() {
        for text in [r#"{"a":[1,-2,3.5,true,null,"é\u0041",{"b":{}}]}"#, "[]", "1", "\"x\"", "null", "1e300"] {
            let (value, twice) = read(text.as_bytes()).unwrap();
            assert_eq!((value, twice.is_empty()), (serde_json::from_str::<Value>(text).unwrap(), true), "{text}");
        }
        let deep = "[".repeat(10_000);
        for text in ["", "{", "{} x", "[1,]", "{\"a\":1e999}", &deep] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_duplicates_are_named_and_the_others_counted() {
        let body = format!("{{{}}}", vec![r#""a":1"#; 1000].join(","));
        let (_, twice) = read(body.as_bytes()).unwrap();
        assert_eq!((&twice.paths, twice.more), (&vec!["a".to_owned(); 19], 980));
        let last = |more| Duplicates { paths: twice.paths.clone(), more }.issues().last().map(|(_, message)| message);
        assert_eq!(last(980).as_deref(), Some("980 more duplicate keys"));
        assert_eq!(last(1).as_deref(), Some("1 more duplicate key"));
    }
}
