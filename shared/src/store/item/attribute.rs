//! Keys, attribute names and simple values. The roles in `template.yaml` name the same attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::{Day, Timestamp};
use crate::secret::{TokenDigest, TokenId};
use crate::text::OwnerId;
use crate::token::ApprovalId;

pub(in crate::store) type Item = HashMap<String, AttributeValue>;

pub(in crate::store) const OWNER: &str = "owner";
/// In milliseconds; the sort key of lists.
pub(in crate::store) const CREATED_AT: &str = "created_at";
pub(in crate::store) const VERSION: &str = "version";
/// In seconds since 1970.
pub(in crate::store) const TTL: &str = "ttl";
/// Fields that never change after creation.
pub(super) const ORIGIN: &str = "origin";
/// Fields that create, update and rotate write.
pub(super) const SETTINGS: &str = "settings";
/// Digests of secrets, and idempotency keys of rotations.
pub(in crate::store) const SECRETS: &str = "secrets";
/// The last rotation.
pub(super) const ROTATION: &str = "rotation";
pub(in crate::store) const DISABLED: &str = "disabled";
pub(in crate::store) const REVOKED: &str = "revoked";
/// Written by the authorizer, at most once a minute.
pub(in crate::store) const LAST_USE: &str = "last_use";
/// Pending and live approvals. Written with the item of the approval, under its own condition.
pub(in crate::store) const APPROVALS: &str = "approvals";
/// When the reuse of a retired secret was last recorded.
pub(in crate::store) const REUSE: &str = "reuse";

/// Attributes of a record. The roles of the functions that show tokens allow only these (`Attributes` in
/// `template.yaml`; a test compares them with these constants).
pub(in crate::store) const RECORD_ATTRIBUTES: [&str; 12] =
    ["pk", "sk", OWNER, CREATED_AT, VERSION, ORIGIN, SETTINGS, ROTATION, DISABLED, REVOKED, LAST_USE, APPROVALS];

/// Attributes of a record with its secrets, for the functions that verify secrets.
pub(in crate::store) const CREDENTIAL_ATTRIBUTES: [&str; 14] = [
    "pk", "sk", OWNER, CREATED_AT, VERSION, ORIGIN, SETTINGS, ROTATION, DISABLED, REVOKED, LAST_USE, APPROVALS,
    SECRETS, REUSE,
];

/// What an approval asks for. Written once.
pub(super) const REQUEST: &str = "request";
/// The decision on an approval.
pub(in crate::store) const DECISION: &str = "decision";
/// When an approval for one use was used. Written by the functions that decide, before they respond.
pub(in crate::store) const USED_AT: &str = "used_at";
/// When an approval was withdrawn or ended, and by whom.
pub(in crate::store) const ENDED: &str = "ended";

/// Attributes that say whether an approval for one use is used up.
pub(in crate::store) const APPROVAL_USE_ATTRIBUTES: [&str; 4] = ["pk", "sk", USED_AT, ENDED];

/// Attributes of an approval.
pub(in crate::store) const APPROVAL_ATTRIBUTES: [&str; 7] = ["pk", "sk", CREATED_AT, REQUEST, DECISION, USED_AT, ENDED];

/// The UTC day of an event, such as `2026-11-28`: partition key of the index `by_day`.
pub(in crate::store) const DAY: &str = "day";

/// Attributes of an event.
pub(in crate::store) const EVENT_ATTRIBUTES: [&str; 9] =
    ["pk", "sk", OWNER, "kind", "at", "by", "from", "agent", "detail"];

/// Maps permission and resource to the day of the last use.
pub(in crate::store) const USES: &str = "uses";

/// Maps the key of each recent denial to its entry.
pub(in crate::store) const DENIALS: &str = "denials";

/// Attributes of a usage item.
pub(in crate::store) const USAGE_ATTRIBUTES: [&str; 3] = ["pk", USES, DENIALS];

/// Maps each permission to the number of requests of a day.
pub(in crate::store) const COUNTS: &str = "counts";

/// Attributes of the counts of a day.
pub(in crate::store) const DAY_ATTRIBUTES: [&str; 2] = ["sk", COUNTS];

/// Time of a denial, in its entry.
pub(in crate::store) const AT: &str = "at";

/// The compressed catalog.
pub(in crate::store) const DOCUMENT: &str = "document";

/// When a catalog was written, in seconds since 1970.
pub(super) const UPDATED_AT: &str = "updated_at";
/// The actor who wrote a catalog.
pub(super) const UPDATED_BY: &str = "updated_by";

/// Attributes of a version of the catalog, without its document.
pub(in crate::store) const CATALOG_VERSION_ATTRIBUTES: [&str; 3] = [VERSION, UPDATED_AT, UPDATED_BY];

/// Maps the ID of each live token to its expiry.
pub(in crate::store) const LIVE: &str = "live";

/// Attributes of the slots.
pub(in crate::store) const SLOT_ATTRIBUTES: [&str; 2] = [LIVE, VERSION];

/// Sort key of a token's record, and so the partition key of the index `by_time`.
pub(in crate::store) const TOKEN: &str = "TOKEN";

pub(in crate::store) fn token_key(id: &TokenId) -> Item {
    key(token_pk(id), TOKEN)
}

/// Prefix of an event's sort key; the event's ULID follows.
pub(in crate::store) const EVENT_PREFIX: &str = "EVENT#";

pub(in crate::store) fn event_key(id: &TokenId, event: &str) -> Item {
    key(token_pk(id), &format!("{EVENT_PREFIX}{event}"))
}

/// Partition key of a token's record and events.
pub(in crate::store) fn token_pk(id: &TokenId) -> String {
    format!("TOKEN#{id}")
}

/// The usage of a token has an item of its own, so that the record stays small.
pub(in crate::store) fn usage_key(id: &TokenId) -> Item {
    key(usage_pk(id), "USAGE")
}

/// Partition key of a token's usage and of its counts.
pub(in crate::store) fn usage_pk(id: &TokenId) -> String {
    format!("USAGE#{id}")
}

/// Prefix of the sort key of a day's counts; the day follows.
pub(in crate::store) const DAY_PREFIX: &str = "DAY#";

pub(in crate::store) fn day_key(id: &TokenId, day: Day) -> Item {
    key(usage_pk(id), &day_sk(day))
}

/// Sort key of a day's counts.
pub(in crate::store) fn day_sk(day: Day) -> String {
    format!("{DAY_PREFIX}{day}")
}

/// Sort key of an approval, and so its partition key in the index `by_time`.
pub(in crate::store) const APPROVAL: &str = "APPROVAL";

/// Prefix of an approval's partition key; its ID follows.
pub(super) const APPROVAL_PREFIX: &str = "APPROVAL#";

pub(in crate::store) fn approval_key(id: &ApprovalId) -> Item {
    key(format!("{APPROVAL_PREFIX}{id}"), APPROVAL)
}

pub(in crate::store) fn slots_key(owner: &OwnerId) -> Item {
    key(format!("OWNER#{owner}"), "SLOTS")
}

/// Key of an identity that was exchanged: the digest of its issuer and `jti`.
pub(in crate::store) fn identity_key(digest: &TokenDigest) -> Item {
    key(format!("JTI#{}", hex::encode(digest.as_bytes())), "JTI")
}

pub(in crate::store) fn catalog_key() -> Item {
    key("CATALOG".to_owned(), "CATALOG")
}

/// Partition key of the catalog's versions. It is not the catalog's: a list reads up to 1.4 MB, and the catalog's
/// partition must serve the authorizer.
pub(in crate::store) const CATALOG_VERSIONS: &str = "CATALOG_VERSIONS";

/// The version's digits, padded so that the versions sort as numbers.
pub(in crate::store) fn catalog_version_key(version: u64) -> Item {
    key(CATALOG_VERSIONS.to_owned(), &format!("{version:020}"))
}

/// Key of the schema version. No release has written the item so far.
pub(in crate::store) fn schema_key() -> Item {
    key("SCHEMA".to_owned(), "SCHEMA")
}

fn key(pk: String, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

/// `name` and `owner` are reserved words, so every attribute gets a placeholder.
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
