//! The table as `AWS::DynamoDB::Table` describes it: keys, indexes, what they project, TTL.

use super::error::TemplateError;
use super::node::Node;

/// A table, to be created under any name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The key attributes.
    pub attributes: Vec<Attribute>,
    /// The primary key.
    pub key: Key,
    /// The global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attribute with the expiry of an item.
    pub ttl_attribute: String,
}

/// One key attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: AttributeType,
}

/// The types that a key attribute can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeType {
    /// `S`.
    Text,
    /// `N`.
    Number,
    /// `B`.
    Bytes,
}

/// The attributes of a key, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The partition key.
    pub hash: String,
    /// The sort key.
    pub range: String,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its key. It projects keys only, so that no release changes a projection.
    pub key: Key,
}

pub(super) fn read(resource: &Node<'_>) -> Result<Table, TemplateError> {
    let kind = resource.get("Type")?;
    if kind.text()? != "AWS::DynamoDB::Table" {
        return Err(kind.wrong("is not AWS::DynamoDB::Table"));
    }
    let properties = resource.get("Properties")?;
    let attributes = properties.get("AttributeDefinitions")?.items()?;
    let indexes = properties.get("GlobalSecondaryIndexes")?.items()?;
    let ttl = properties.get("TimeToLiveSpecification")?;
    if ttl.get("Enabled")?.text()? != "true" {
        return Err(ttl.wrong("is not enabled"));
    }
    Ok(Table {
        attributes: attributes.iter().map(attribute).collect::<Result<_, _>>()?,
        key: key(&properties.get("KeySchema")?)?,
        indexes: indexes.iter().map(index).collect::<Result<_, _>>()?,
        ttl_attribute: ttl.get("AttributeName")?.text()?,
    })
}

fn attribute(node: &Node<'_>) -> Result<Attribute, TemplateError> {
    let kind = node.get("AttributeType")?;
    Ok(Attribute {
        name: node.get("AttributeName")?.text()?,
        kind: match kind.text()?.as_str() {
            "S" => AttributeType::Text,
            "N" => AttributeType::Number,
            "B" => AttributeType::Bytes,
            other => return Err(kind.wrong(&format!("is {other}, not S, N or B"))),
        },
    })
}

fn index(node: &Node<'_>) -> Result<Index, TemplateError> {
    let projection = node.get("Projection")?;
    let kind = projection.get("ProjectionType")?;
    if kind.text()? != "KEYS_ONLY" {
        return Err(kind.wrong("is not KEYS_ONLY, so it might project the digest"));
    }
    Ok(Index { name: node.get("IndexName")?.text()?, key: key(&node.get("KeySchema")?)? })
}

fn key(schema: &Node<'_>) -> Result<Key, TemplateError> {
    let (mut hash, mut range) = (None, None);
    for part in schema.items()? {
        let kind = part.get("KeyType")?;
        let slot = match kind.text()?.as_str() {
            "HASH" => &mut hash,
            "RANGE" => &mut range,
            other => return Err(kind.wrong(&format!("is {other}, not HASH or RANGE"))),
        };
        *slot = Some(part.get("AttributeName")?.text()?);
    }
    match (hash, range) {
        (Some(hash), Some(range)) => Ok(Key { hash, range }),
        _ => Err(schema.wrong("needs one HASH and one RANGE attribute")),
    }
}
