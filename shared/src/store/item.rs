//! Items as they lie in the table: the only place that knows attribute names.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{Error, number};
use crate::access::{Grant, Grants, Permission, Resource, RoleName};
use crate::clock::Timestamp;
use crate::token::{Description, Digest, OwnerId, Record, Revocation, TokenId, TokenName};

pub(super) type Item = HashMap<String, AttributeValue>;

/// What a record is read from: everything but the digest. The roles of the functions that
/// show tokens allow these attributes and no other (`template.yaml`).
pub(super) const RECORD: [&str; 14] = [
    "pk",
    "sk",
    "name",
    "description",
    "owner",
    "created_by",
    "created_at",
    "expires_at",
    "revoked_at",
    "revoked_by",
    "role",
    "grants",
    "last_used_at",
    "version",
];

/// What the authorizer reads besides.
pub(super) const DIGEST: &str = "digest";

/// The sort key of a token's item, and so the partition of the index `by_time`.
pub(super) const TOKEN: &str = "TOKEN";

pub(super) fn token_key(id: &TokenId) -> Item {
    key(format!("TOKEN#{id}"), TOKEN)
}

pub(super) fn slots_key(owner: &OwnerId) -> Item {
    key(format!("OWNER#{owner}"), "SLOTS")
}

pub(super) fn catalog_key() -> Item {
    key("CATALOG".to_owned(), "CATALOG")
}

fn key(pk: String, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

/// `name` and `owner` are reserved words: every attribute goes by a placeholder.
pub(super) fn projection(attributes: &[&str]) -> (String, HashMap<String, String>) {
    let names: HashMap<_, _> = attributes.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect();
    let expression: Vec<_> = attributes.iter().map(|name| format!("#{name}")).collect();
    (expression.join(", "), names)
}

pub(super) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn seconds(at: Timestamp) -> AttributeValue {
    number(at.seconds())
}

/// A new token's item. It is housekept once its life and the retention are over.
pub(super) fn new_token(record: &Record, digest: &Digest, ttl: Option<Timestamp>) -> Item {
    let mut item = token_key(&record.id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(DIGEST, AttributeValue::B(Blob::new(digest.as_bytes().to_vec())));
    set("name", string(record.name.as_str()));
    if let Some(description) = &record.description {
        set("description", string(description.as_str()));
    }
    set("owner", string(record.owner.as_str()));
    set("created_by", string(record.created_by.to_string()));
    set("created_at", number(record.created_at.millis()));
    if let Some(at) = record.expires_at {
        set("expires_at", seconds(at));
    }
    if let Some(role) = &record.role {
        set("role", string(role.as_str()));
    }
    set("grants", AttributeValue::L(record.grants.iter().map(grant).collect()));
    set("version", number(record.version));
    if let Some(at) = ttl {
        set("ttl", seconds(at));
    }
    item
}

fn grant(grant: &Grant) -> AttributeValue {
    let list = |texts: Vec<String>| AttributeValue::L(texts.into_iter().map(AttributeValue::S).collect());
    AttributeValue::M(HashMap::from([
        ("permissions".to_owned(), list(grant.permissions.iter().map(ToString::to_string).collect())),
        ("resources".to_owned(), list(grant.resources.iter().map(ToString::to_string).collect())),
    ]))
}

/// Reads a record back. Texts are taken as they were accepted once. What is missing or of
/// another type is an error, never a default: a record that lost its expiry must not live
/// for ever.
pub(super) fn record(item: &Item) -> Result<Record, Error> {
    let read = Reader { id: id_of(item).unwrap_or("?"), item };
    Ok(Record {
        id: read.id.parse().map_err(|_| read.corrupt("pk"))?,
        name: read.text("name", TokenName::stored)?,
        description: read.optional("description", |read, name| read.text(name, Description::stored))?,
        owner: read.text("owner", OwnerId::stored)?,
        created_by: read.parsed("created_by")?,
        created_at: Timestamp::from_millis(read.number("created_at")?),
        expires_at: read.optional("expires_at", Reader::time)?,
        revoked: match read.optional("revoked_at", Reader::time)? {
            Some(at) => Some(Revocation { at, by: read.parsed("revoked_by")? }),
            None => None,
        },
        role: read.optional("role", |read, name| read.text(name, RoleName::stored))?,
        grants: read.grants()?,
        last_used_at: read.optional("last_used_at", Reader::time)?,
        version: read.number("version")?,
    })
}

pub(super) fn digest(item: &Item) -> Result<Digest, Error> {
    let read = Reader { id: id_of(item).unwrap_or("?"), item };
    item.get(DIGEST)
        .and_then(|value| value.as_b().ok())
        .and_then(|blob| Digest::from_bytes(blob.as_ref()))
        .ok_or_else(|| read.corrupt(DIGEST))
}

/// The id in an item's or a key's `pk`.
pub(super) fn id_of(item: &Item) -> Option<&str> {
    item.get("pk")?.as_s().ok()?.strip_prefix("TOKEN#")
}

/// A number of any item.
pub(super) fn number_of<T: FromStr>(item: &Item, attribute: &'static str, of: &str) -> Result<T, Error> {
    Reader { id: of, item }.number(attribute)
}

struct Reader<'a> {
    id: &'a str,
    item: &'a Item,
}

impl Reader<'_> {
    fn corrupt(&self, attribute: &'static str) -> Error {
        Error::Corrupt { id: self.id.to_owned(), attribute }
    }

    fn optional<T>(
        &self,
        attribute: &'static str,
        read: impl Fn(&Self, &'static str) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.item.get(attribute).map(|_| read(self, attribute)).transpose()
    }

    fn text<T>(&self, attribute: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
        let text = self.item.get(attribute).and_then(|value| value.as_s().ok());
        text.and_then(|text| read(text)).ok_or_else(|| self.corrupt(attribute))
    }

    fn parsed<T: FromStr>(&self, attribute: &'static str) -> Result<T, Error> {
        self.text(attribute, |text| text.parse().ok())
    }

    fn number<T: FromStr>(&self, attribute: &'static str) -> Result<T, Error> {
        self.item
            .get(attribute)
            .and_then(|value| value.as_n().ok())
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| self.corrupt(attribute))
    }

    fn time(&self, attribute: &'static str) -> Result<Timestamp, Error> {
        self.number(attribute).map(Timestamp::from_seconds)
    }

    /// A token has one grant at least; one that lost them all is not the token that it was.
    fn grants(&self) -> Result<Grants, Error> {
        let corrupt = || self.corrupt("grants");
        let grants = self.item.get("grants").and_then(|value| value.as_l().ok()).ok_or_else(corrupt)?;
        if grants.is_empty() {
            return Err(corrupt());
        }
        let grant = |value: &AttributeValue| {
            let map = value.as_m().map_err(|_| corrupt())?;
            Ok(Grant {
                permissions: self.list(map, "permissions", Permission::stored)?,
                resources: self.list(map, "resources", |text| Some(Resource::stored(text)))?,
            })
        };
        grants.iter().map(grant).collect::<Result<Vec<_>, _>>().map(Grants::from)
    }

    fn list<T>(&self, map: &Item, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Error> {
        let list = map.get(name).and_then(|value| value.as_l().ok()).ok_or_else(|| self.corrupt("grants"))?;
        let texts = list.iter().map(|value| value.as_s().ok().and_then(|text| read(text)));
        texts.collect::<Option<_>>().ok_or_else(|| self.corrupt("grants"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Actor;
    use rand::TryCryptoRng;

    fn full() -> Record {
        Record {
            id: "0123456789abcdef".parse().unwrap(),
            name: "ci".parse().unwrap(),
            description: Some("what for".parse().unwrap()),
            owner: "alice".parse().unwrap(),
            created_by: Actor::Bootstrap,
            created_at: Timestamp::from_millis(1_700_000_000_123),
            expires_at: Some(Timestamp::from_seconds(1_800_000_000)),
            revoked: None,
            role: Some("cicd".parse().unwrap()),
            grants: vec![
                Grant { permissions: vec!["app:read".parse().unwrap()], resources: vec!["app/*".parse().unwrap()] },
                Grant { permissions: vec!["*".parse().unwrap()], resources: vec!["app/billing".parse().unwrap()] },
            ]
            .into(),
            last_used_at: None,
            version: 1,
        }
    }

    fn some_digest() -> Digest {
        fn drawn(mut rng: impl TryCryptoRng) -> Digest {
            crate::token::Secret::generate(&"pcl".parse().unwrap(), &mut rng).ok().unwrap().digest()
        }
        drawn(rand::rngs::SysRng)
    }

    #[test]
    fn an_item_reads_back_as_the_record_that_it_was_written_from() {
        let digest = some_digest();
        let item = new_token(&full(), &digest, None);
        assert_eq!(record(&item).unwrap(), full());
        assert!(super::digest(&item).unwrap().matches(&digest));
    }

    #[test]
    fn an_item_that_lost_or_garbled_an_attribute_is_an_error_never_a_default() {
        let whole = new_token(&full(), &some_digest(), None);
        for attribute in ["pk", "name", "owner", "created_by", "created_at", "grants", "version"] {
            let mut lost = whole.clone();
            lost.remove(attribute);
            assert!(record(&lost).is_err(), "lost {attribute}");
        }
        for attribute in RECORD.iter().filter(|name| !matches!(**name, "sk" | "revoked_by")) {
            let mut garbled = whole.clone();
            garbled.insert((*attribute).to_owned(), AttributeValue::Bool(true));
            assert!(record(&garbled).is_err(), "garbled {attribute}");
        }
        let mut without = whole.clone();
        without.insert("grants".to_owned(), AttributeValue::L(Vec::new()));
        assert!(record(&without).is_err(), "no grants");
        let mut unsigned = whole.clone();
        unsigned.insert("revoked_at".to_owned(), number(1));
        assert!(record(&unsigned).is_err(), "revoked by nobody");
        let mut shorn = whole;
        shorn.insert("digest".to_owned(), AttributeValue::B(Blob::new(vec![0; 31])));
        assert!(digest(&shorn).is_err());
    }

    #[test]
    fn a_record_from_before_a_rule_was_tightened_stays_readable() {
        let mut old = new_token(&full(), &some_digest(), None);
        for attribute in ["name", "description", "owner"] {
            old.insert(attribute.to_owned(), string("a\u{202e}b \u{feff}"));
        }
        let map = HashMap::from([
            ("permissions".to_owned(), AttributeValue::L(vec![string(format!("{}:read", "a_b1".repeat(40)))])),
            ("resources".to_owned(), AttributeValue::L(vec![string("app;v=1/x")])),
        ]);
        old.insert("grants".to_owned(), AttributeValue::L(vec![AttributeValue::M(map)]));
        assert!(record(&old).is_ok());
    }

    #[test]
    fn what_is_stored_of_a_secret_is_its_digest_and_nothing_else() {
        let secret = crate::token::Secret::generate(&"pcl".parse().unwrap(), &mut rand::rngs::SysRng).unwrap();
        let record = Record { id: secret.id().clone(), ..full() };
        let stored = format!("{:?}", new_token(&record, &secret.digest(), None));
        let hidden = &secret.reveal()["pcl_".len() + 16..];
        assert!(!stored.contains(&hidden[..6]) && !stored.contains(&hidden[37..]));
    }
}
