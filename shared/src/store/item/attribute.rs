//! Keys, attribute names and the simple values. A role in `template.yaml` names the same attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::secret::{TokenDigest, TokenId};
use crate::text::OwnerId;

pub(in crate::store) type Item = HashMap<String, AttributeValue>;

pub(in crate::store) const OWNER: &str = "owner";
/// Milliseconds; the sort key of the lists.
pub(in crate::store) const CREATED_AT: &str = "created_at";
pub(in crate::store) const VERSION: &str = "version";
/// Epoch seconds.
pub(in crate::store) const TTL: &str = "ttl";
/// What never changes after the creation.
pub(super) const ORIGIN: &str = "origin";
/// What create, update and rotate write.
pub(super) const SETTINGS: &str = "settings";
/// The digests, and the keys of rotations.
pub(in crate::store) const SECRETS: &str = "secrets";
/// The last rotation.
pub(super) const ROTATION: &str = "rotation";
pub(in crate::store) const DISABLED: &str = "disabled";
pub(in crate::store) const REVOKED: &str = "revoked";
/// Written by the authorizer, once a minute at most.
pub(in crate::store) const LAST_USE: &str = "last_use";
/// When it was last noted that a secret was used which had ended.
pub(in crate::store) const REUSE: &str = "reuse";

/// What a record is read from. The roles of the functions that show tokens allow these attributes and
/// no other (`Attributes` in `template.yaml`, which a test holds against these constants).
pub(in crate::store) const SHOWN: [&str; 11] =
    ["pk", "sk", OWNER, CREATED_AT, VERSION, ORIGIN, SETTINGS, ROTATION, DISABLED, REVOKED, LAST_USE];

/// The same, and what only the functions read that are shown secrets.
pub(in crate::store) const CREDENTIAL: [&str; 13] =
    ["pk", "sk", OWNER, CREATED_AT, VERSION, ORIGIN, SETTINGS, ROTATION, DISABLED, REVOKED, LAST_USE, SECRETS, REUSE];

/// The UTC day of an event, as in `2026-11-28`: the partition of the index `by_day`.
pub(in crate::store) const DAY: &str = "day";

/// What an event is read from.
pub(in crate::store) const EVENT: [&str; 9] = ["pk", "sk", OWNER, "kind", "at", "by", "from", "agent", "detail"];

/// Permission and resource to the last day on which it was used.
pub(in crate::store) const USES: &str = "uses";

/// The catalog, compressed.
pub(in crate::store) const DOCUMENT: &str = "document";

/// The ID of each live token to its expiry.
pub(in crate::store) const LIVE: &str = "live";

/// What slots are read from.
pub(in crate::store) const SLOTS: [&str; 2] = [LIVE, VERSION];

/// The sort key of a token's item, and so the partition of the index `by_time`.
pub(in crate::store) const TOKEN: &str = "TOKEN";

pub(in crate::store) fn token_key(id: &TokenId) -> Item {
    key(token_pk(id), TOKEN)
}

/// What the sort key of an event begins with; its ULID follows.
pub(in crate::store) const EVENT_PREFIX: &str = "EVENT#";

pub(in crate::store) fn event_key(id: &TokenId, event: &str) -> Item {
    key(token_pk(id), &format!("{EVENT_PREFIX}{event}"))
}

/// The partition of a token's record and events.
pub(in crate::store) fn token_pk(id: &TokenId) -> String {
    format!("TOKEN#{id}")
}

/// The usage of a token is another item, so that its record stays small.
pub(in crate::store) fn usage_key(id: &TokenId) -> Item {
    key(format!("USAGE#{id}"), "USAGE")
}

pub(in crate::store) fn slots_key(owner: &OwnerId) -> Item {
    key(format!("OWNER#{owner}"), "SLOTS")
}

/// The key of an identity that was exchanged: the digest of its issuer and its `jti`.
pub(in crate::store) fn identity_key(digest: &TokenDigest) -> Item {
    let hex: String = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    key(format!("JTI#{hex}"), "JTI")
}

pub(in crate::store) fn catalog_key() -> Item {
    key("CATALOG".to_owned(), "CATALOG")
}

fn key(pk: String, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

/// `name` and `owner` are reserved words: every attribute goes by a placeholder.
pub(in crate::store) fn projection(attributes: &[&str]) -> (String, HashMap<String, String>) {
    let names: HashMap<_, _> = attributes.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect();
    let expression: Vec<_> = attributes.iter().map(|name| format!("#{name}")).collect();
    (expression.join(", "), names)
}

pub(in crate::store) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(in crate::store) fn seconds(at: Timestamp) -> AttributeValue {
    number(at.seconds())
}

pub(in crate::store) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
