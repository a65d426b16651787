//! Attribute values in DynamoDB's JSON
//! ([AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html)): `{"S": "text"}`.

use std::borrow::Cow;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{self, Serialize, SerializeMap as _, Serializer};

use super::attribute::Item;
use super::attributes::{Attribute, Attributes};
use crate::store::Error;

/// An item in a request.
pub(in crate::store) struct WrittenItem<'a>(pub(in crate::store) &'a Item);

struct WrittenAttribute<'a>(&'a AttributeValue);

impl Serialize for WrittenItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, WrittenAttribute(value))))
    }
}

impl Serialize for WrittenAttribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.0 {
            AttributeValue::S(text) => map.serialize_entry("S", text),
            AttributeValue::N(digits) => map.serialize_entry("N", digits),
            AttributeValue::B(bytes) => map.serialize_entry("B", &BASE64_STANDARD.encode(bytes)),
            AttributeValue::Bool(value) => map.serialize_entry("BOOL", value),
            AttributeValue::Null(value) => map.serialize_entry("NULL", value),
            AttributeValue::L(list) => map.serialize_entry("L", &list.iter().map(WrittenAttribute).collect::<Vec<_>>()),
            AttributeValue::M(item) => map.serialize_entry("M", &WrittenItem(item)),
            _ => Err(ser::Error::custom("sets are not stored")),
        }?;
        map.end()
    }
}

/// The attributes of the item in the response of a read, if there is one. An error does not quote the response.
pub(in crate::store) fn attributes_of(body: &[u8]) -> Result<Option<Attributes<'_>>, Error> {
    // Checking the encoding once takes less time than for each string.
    let response = str::from_utf8(body).ok().and_then(|body| serde_json::from_str::<GetItemOutput<'_>>(body).ok());
    let response = response.ok_or_else(|| Error::Unavailable("invalid response".to_owned()))?;
    Ok(response.item.map(|item| item.0))
}

#[derive(Deserialize)]
struct GetItemOutput<'a> {
    #[serde(rename = "Item", borrow)]
    item: Option<ReadItem<'a>>,
}

/// An item in a response.
pub(in crate::store) struct ReadItem<'a>(pub(in crate::store) Attributes<'a>);

struct ReadAttribute<'a>(Attribute<'a>);

/// A string that is borrowed unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for ReadItem<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemVisitor).map(Self)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Attributes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes<'de>, A::Error> {
        let mut attributes = Vec::with_capacity(4);
        while let Some((Text(name), ReadAttribute(value))) = map.next_entry()? {
            attributes.push((name, value));
        }
        Ok(Attributes(attributes))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ReadAttribute<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributeVisitor).map(Self)
    }
}

struct AttributeVisitor;

impl<'de> Visitor<'de> for AttributeVisitor {
    type Value = Attribute<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with the type of an attribute value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attribute<'de>, A::Error> {
        let kind: &str = map.next_key()?.ok_or_else(|| de::Error::custom("no type"))?;
        let value = match kind {
            "S" => Attribute::Text(map.next_value::<Text<'de>>()?.0),
            "N" => Attribute::Number(map.next_value::<Text<'de>>()?.0),
            "B" => {
                let bytes = BASE64_STANDARD.decode(map.next_value::<&str>()?).map_err(de::Error::custom)?;
                Attribute::Bytes(bytes.into())
            }
            "BOOL" => Attribute::Bool(map.next_value()?),
            "NULL" => {
                map.next_value::<bool>()?;
                Attribute::Null
            }
            "L" => {
                let list: Vec<ReadAttribute<'de>> = map.next_value()?;
                Attribute::List(list.into_iter().map(|value| value.0).collect())
            }
            "M" => Attribute::Map(map.next_value::<ReadItem<'de>>()?.0),
            _ => return Err(de::Error::custom("an unknown type")),
        };
        match map.next_key::<&str>()? {
            None => Ok(value),
            Some(_) => Err(de::Error::custom("two types")),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;
    use serde_json::json;

    use super::*;

    fn read(json: &serde_json::Value) -> Result<Option<Item>, Error> {
        attributes_of(json.to_string().as_bytes()).map(|found| found.map(Attributes::into_item))
    }

    #[test]
    fn an_item_is_written_and_read_as_dynamodb_documents_it() {
        let json = json!({
            "text": {"S": "a \"b\" \u{fc}\n"},
            "number": {"N": "-12.5"},
            "bytes": {"B": "AP8="},
            "yes": {"BOOL": true},
            "nothing": {"NULL": true},
            "list": {"L": [{"S": "x"}, {"L": []}]},
            "map": {"M": {"inner": {"M": {"n": {"N": "1"}}}}},
        });
        let item = read(&json!({"Item": json})).unwrap().unwrap();
        assert_eq!(item["bytes"], AttributeValue::B(Blob::new([0, 255])));
        assert_eq!(item["list"].as_l().unwrap()[0], AttributeValue::S("x".to_owned()));
        assert_eq!(serde_json::to_value(WrittenItem(&item)).unwrap(), json);
    }

    #[test]
    fn a_response_without_an_item_has_none() {
        assert_eq!(read(&json!({})).unwrap(), None);
    }

    #[test]
    fn an_attribute_that_is_not_understood_is_an_error() {
        for attribute in [
            json!({}),
            json!("text"),
            json!({"S": 1}),
            json!({"N": 1}),
            json!({"B": "no base64"}),
            json!({"BOOL": "true"}),
            json!({"SS": ["x"]}),
            json!({"S": "x", "N": "1"}),
            json!({"M": {"inner": {"X": 1}}}),
            json!({"L": [{}]}),
        ] {
            let error = read(&json!({"Item": {"a": attribute}})).unwrap_err().to_string();
            assert_eq!(error, "DynamoDB: invalid response", "{attribute}");
        }
        assert!(attributes_of(br#"{"Item":{"a":{"S":"#).is_err());
    }

    #[test]
    fn an_item_with_a_set_is_not_written() {
        let item = Item::from([("a".to_owned(), AttributeValue::Ss(vec!["x".to_owned()]))]);
        assert!(serde_json::to_string(&WrittenItem(&item)).is_err());
    }
}
