//! Items as they lie in the table: the only place that knows attribute names.

mod read;

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{RotationKey, number};
use crate::access::Grant;
use crate::clock::Timestamp;
use crate::token::{Digest, Disablement, Event, Grounds, LastUsed, OwnerId, Record, Secrets, TokenId};

pub(super) use read::{credential, id_of, number_of, read_event, record, uses};

pub(super) type Item = HashMap<String, AttributeValue>;

/// What a record is read from: everything but the digest. The roles of the functions that
/// show tokens allow these attributes and no other (`template.yaml`).
pub(super) const RECORD: [&str; 22] = [
    "pk",
    "sk",
    "name",
    "description",
    "owner",
    "created_by",
    "via",
    "created_at",
    "expires_at",
    "revoked_at",
    "revoked_by",
    "revoked_for",
    "disabled",
    "enabled_at",
    "role",
    "grants",
    "allowed_ips",
    "rotated_at",
    "previous_secret_until",
    "last_used_at",
    "last_used_from",
    "version",
];

/// What is read besides by the functions that are shown secrets.
pub(super) const CREDENTIAL: [&str; 6] = [DIGEST, SUPERSEDED, ROTATION_KEYS, USED, REUSE_SEEN_AT, TTL];

pub(super) const DIGEST: &str = "digest";
pub(super) const SUPERSEDED: &str = "superseded";
pub(super) const ROTATION_KEYS: &str = "rotation_keys";
pub(super) const USED: &str = "used";
pub(super) const REUSE_SEEN_AT: &str = "reuse_seen_at";
pub(super) const TTL: &str = "ttl";

/// What an event is read from.
pub(super) const EVENT: [&str; 8] = ["pk", "sk", "kind", "at", "by", "from", "agent", "detail"];

/// The sort key of a token's item, and so the partition of the index `by_time`.
pub(super) const TOKEN: &str = "TOKEN";

pub(super) fn token_key(id: &TokenId) -> Item {
    key(token_pk(id), TOKEN)
}

/// What the sort key of an event begins with; its ULID follows.
pub(super) const EVENT_PREFIX: &str = "EVENT#";

pub(super) fn event_key(id: &TokenId, event: &str) -> Item {
    key(token_pk(id), &format!("{EVENT_PREFIX}{event}"))
}

/// The partition of a token's record and events.
pub(super) fn token_pk(id: &TokenId) -> String {
    format!("TOKEN#{id}")
}

pub(super) fn slots_key(owner: &OwnerId) -> Item {
    key(format!("OWNER#{owner}"), "SLOTS")
}

/// The key of an identity that was exchanged: the digest of its issuer and its `jti`.
pub(super) fn identity_key(digest: &Digest) -> Item {
    let hex: String = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    key(format!("JTI#{hex}"), "JTI")
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

/// A new token's item.
pub(super) fn new_token(record: &Record, digest: &Digest, ttl: Option<Timestamp>) -> Item {
    let mut item = of(record, ttl);
    item.insert(DIGEST.to_owned(), bytes(digest.as_bytes()));
    // There from the start, so that each use can be written by itself.
    item.insert(USED.to_owned(), AttributeValue::M(HashMap::new()));
    item
}

/// A record's item, without its secrets and its uses. It is housekept once its life and the
/// retention are over.
pub(super) fn of(record: &Record, ttl: Option<Timestamp>) -> Item {
    let mut item = token_key(&record.id);
    let mut set = |name: &str, value: Option<AttributeValue>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), value);
        }
    };
    set("name", Some(string(record.name.as_str())));
    set("description", record.description.as_ref().map(|text| string(text.as_str())));
    set("owner", Some(string(record.owner.as_str())));
    set("created_by", Some(string(record.created_by.to_string())));
    set("via", record.via.as_ref().map(|via| string(via.as_str())));
    set("created_at", Some(number(record.created_at.millis())));
    set("expires_at", record.expires_at.map(seconds));
    if let Some(revoked) = &record.revoked {
        set("revoked_at", Some(seconds(revoked.at)));
        set("revoked_by", Some(string(revoked.by.to_string())));
        set("revoked_for", Some(grounds(&revoked.grounds)));
    }
    set("disabled", record.disabled.as_ref().map(disablement));
    set("enabled_at", record.enabled_at.map(seconds));
    set("role", record.role.as_ref().map(|role| string(role.as_str())));
    set("grants", Some(AttributeValue::L(record.grants.iter().map(grant).collect())));
    let networks = || record.allowed_ips.iter().map(|net| string(net.to_string())).collect();
    set("allowed_ips", (!record.allowed_ips.are_any()).then(|| AttributeValue::L(networks())));
    set("rotated_at", record.rotated_at.map(seconds));
    set("previous_secret_until", record.previous_secret_until.map(seconds));
    if let Some(used) = &record.last_used {
        set("last_used_at", Some(seconds(used.at)));
        set("last_used_from", Some(last_used_from(used)));
    }
    set("version", Some(number(record.version)));
    set(TTL, ttl.map(seconds));
    item
}

fn grounds(grounds: &Grounds) -> AttributeValue {
    texts([
        ("reason", grounds.reason.map(|reason| reason.as_str().to_owned())),
        ("comment", grounds.comment.as_ref().map(ToString::to_string)),
    ])
}

pub(super) fn disablement(disabled: &Disablement) -> AttributeValue {
    texts([
        ("at", Some(disabled.at.seconds().to_string())),
        ("by", disabled.by.as_ref().map(ToString::to_string)),
        ("why", Some(disabled.why.as_str().to_owned())),
    ])
}

pub(super) fn last_used_from(used: &LastUsed) -> AttributeValue {
    texts([("ip", used.source_ip.map(|ip| ip.to_string())), ("agent", used.agent.as_ref().map(ToString::to_string))])
}

fn texts<const N: usize>(texts: [(&str, Option<String>); N]) -> AttributeValue {
    let given = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), string(text?))));
    AttributeValue::M(given.collect())
}

pub(super) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes.to_vec()))
}

/// The superseded secrets, as they are stored.
pub(super) fn superseded(secrets: &Secrets) -> AttributeValue {
    digests("until", secrets.superseded.iter().map(|one| (&one.digest, one.until)))
}

/// The keys of the last rotations, as they are stored.
pub(super) fn rotation_keys<'a>(keys: impl Iterator<Item = &'a RotationKey>) -> AttributeValue {
    digests("at", keys.map(|key| (&key.digest, key.at)))
}

/// Digests, each with a time of this name.
fn digests<'a>(time: &str, digests: impl Iterator<Item = (&'a Digest, Timestamp)>) -> AttributeValue {
    let one = |(digest, at): (&Digest, Timestamp)| {
        let digest = (DIGEST.to_owned(), bytes(digest.as_bytes()));
        AttributeValue::M(HashMap::from([digest, (time.to_owned(), seconds(at))]))
    };
    AttributeValue::L(digests.map(one).collect())
}

pub(super) fn event(id: &TokenId, event: &Event, ttl: Option<Timestamp>) -> Item {
    let mut item = event_key(id, &event.id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set("kind", string(&event.kind));
    set("at", number(event.at.millis()));
    if let Some(actor) = &event.by.actor {
        set("by", string(actor.to_string()));
    }
    if let Some(ip) = event.by.source_ip {
        set("from", string(ip.to_string()));
    }
    if let Some(agent) = &event.by.agent {
        set("agent", string(agent.as_str()));
    }
    if !event.detail.is_null() {
        set("detail", string(event.detail.to_string()));
    }
    if let Some(at) = ttl {
        set(TTL, seconds(at));
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

#[cfg(test)]
mod tests;
