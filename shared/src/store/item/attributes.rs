//! The attributes of an item that was read, borrowed from the response: decoding a record copies only what it keeps.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::Item;

/// The attributes of an item, or of a map in it.
pub(in crate::store) struct Attributes<'a>(pub(in crate::store) Vec<(Cow<'a, str>, Attribute<'a>)>);

/// An attribute value. Sets are not stored.
pub(in crate::store) enum Attribute<'a> {
    /// `S`
    Text(Cow<'a, str>),
    /// `N`
    Number(Cow<'a, str>),
    /// `B`
    Bytes(Cow<'a, [u8]>),
    /// `BOOL`
    Bool(bool),
    /// `NULL`
    Null,
    /// `L`
    List(Vec<Attribute<'a>>),
    /// `M`
    Map(Attributes<'a>),
    /// A set.
    Set,
}

impl<'a> Attributes<'a> {
    pub(in crate::store) fn get(&self, name: &str) -> Option<&Attribute<'a>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = (&str, &Attribute<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub(in crate::store) fn into_item(self) -> Item {
        self.0.into_iter().map(|(name, value)| (name.into_owned(), value.into_value())).collect()
    }
}

impl<'a> Attribute<'a> {
    pub(in crate::store) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(in crate::store) fn as_number(&self) -> Option<&str> {
        if let Self::Number(digits) = self { Some(digits) } else { None }
    }

    pub(in crate::store) fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(in crate::store) fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    pub(in crate::store) fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    pub(in crate::store) fn as_map(&self) -> Option<&Attributes<'a>> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    fn into_value(self) -> AttributeValue {
        match self {
            Self::Text(text) => AttributeValue::S(text.into_owned()),
            Self::Number(digits) => AttributeValue::N(digits.into_owned()),
            Self::Bytes(bytes) => AttributeValue::B(Blob::new(bytes)),
            Self::Bool(value) => AttributeValue::Bool(value),
            Self::Null => AttributeValue::Null(true),
            Self::List(list) => AttributeValue::L(list.into_iter().map(Self::into_value).collect()),
            Self::Map(map) => AttributeValue::M(map.into_item()),
            Self::Set => AttributeValue::Ss(Vec::new()),
        }
    }
}

impl<'a> From<&'a Item> for Attributes<'a> {
    fn from(item: &'a HashMap<String, AttributeValue>) -> Self {
        Self(item.iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<'a> From<&'a AttributeValue> for Attribute<'a> {
    fn from(value: &'a AttributeValue) -> Self {
        match value {
            AttributeValue::S(text) => Self::Text(text.into()),
            AttributeValue::N(digits) => Self::Number(digits.into()),
            AttributeValue::B(bytes) => Self::Bytes(bytes.as_ref().into()),
            AttributeValue::Bool(value) => Self::Bool(*value),
            AttributeValue::Null(_) => Self::Null,
            AttributeValue::L(list) => Self::List(list.iter().map(Self::from).collect()),
            AttributeValue::M(map) => Self::Map(map.into()),
            _ => Self::Set,
        }
    }
}
