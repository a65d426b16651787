//! Items as they lie in the table: the only place that knows attribute names.
//!
//! The attributes of a record are groups, a map each, by who writes them: a new field is a line in
//! its group here, and none in the roles of `template.yaml`. A write replaces a group as a whole.

mod decode;

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{RotationKey, number, ttl};
use crate::authz::Use;
use crate::clock::{Day, Timestamp};
use crate::grants::Grant;
use crate::secret::{Digest, Secrets, TokenId};
use crate::text::OwnerId;
use crate::token::{Disablement, Event, LastUsed, Record, Revocation};

pub(super) use decode::{
    activity, credential, event_id_of, id_of, number_of, read_event, record, stored_secrets, uses,
};

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const OWNER: &str = "owner";
/// Milliseconds; the sort key of the lists.
pub(super) const CREATED_AT: &str = "created_at";
pub(super) const VERSION: &str = "version";
/// Epoch seconds.
pub(super) const TTL: &str = "ttl";
/// What never changes after the creation.
const ORIGIN: &str = "origin";
/// What create, update and rotate write.
const SETTINGS: &str = "settings";
/// The digests, and the keys of rotations.
pub(super) const SECRETS: &str = "secrets";
/// The last rotation.
const ROTATION: &str = "rotation";
pub(super) const DISABLED: &str = "disabled";
pub(super) const REVOKED: &str = "revoked";
/// Written by the authorizer, once a minute at most.
pub(super) const LAST_USE: &str = "last_use";
/// When it was last noted that a secret was used which had ended.
pub(super) const REUSE: &str = "reuse";

/// What a record is read from. The roles of the functions that show tokens allow these attributes and
/// no other (`Attributes` in `template.yaml`, which a test holds against these constants).
pub(super) const SHOWN: [&str; 11] =
    ["pk", "sk", OWNER, CREATED_AT, VERSION, ORIGIN, SETTINGS, ROTATION, DISABLED, REVOKED, LAST_USE];

/// The same, and what only the functions read that are shown secrets.
pub(super) const CREDENTIAL: [&str; 13] =
    ["pk", "sk", OWNER, CREATED_AT, VERSION, ORIGIN, SETTINGS, ROTATION, DISABLED, REVOKED, LAST_USE, SECRETS, REUSE];

/// The UTC day of an event, as in `2026-11-28`: the partition of the index `by_day`.
pub(super) const DAY: &str = "day";

/// What an event is read from.
pub(super) const EVENT: [&str; 9] = ["pk", "sk", OWNER, "kind", "at", "by", "from", "agent", "detail"];

/// Permission and resource to the last day on which it was used.
pub(super) const USES: &str = "uses";

/// The ID of each live token to its expiry.
pub(super) const LIVE: &str = "live";

/// What slots are read from.
pub(super) const SLOTS: [&str; 2] = [LIVE, VERSION];

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

/// The usage of a token is another item, so that its record stays small.
pub(super) fn usage_key(id: &TokenId) -> Item {
    key(format!("USAGE#{id}"), "USAGE")
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
pub(super) fn new_token(record: &Record, digest: &Digest, retention_days: u32) -> Item {
    let mut item = of(record, retention_days);
    let secrets = Secrets { current: digest.clone(), superseded: Vec::new() };
    item.insert(SECRETS.to_owned(), self::secrets(&secrets, &[]));
    item
}

/// A record's item, without its secrets.
pub(super) fn of(record: &Record, retention_days: u32) -> Item {
    let mut item = token_key(&record.id);
    let mut set = |name: &str, value: Option<AttributeValue>| {
        item.extend(value.map(|value| (name.to_owned(), value)));
    };
    set(OWNER, Some(string(record.owner.as_str())));
    set(CREATED_AT, Some(number(record.created_at.millis())));
    set(VERSION, Some(number(record.version)));
    set(TTL, ttl::of_record(record, retention_days).map(seconds));
    set(ORIGIN, Some(origin(record)));
    set(SETTINGS, Some(settings(record)));
    set(ROTATION, record.rotated_at.map(|at| rotation(at, record.previous_secret_until)));
    set(DISABLED, record.disabled.as_ref().map(disablement));
    set(REVOKED, record.revoked.as_ref().map(revocation));
    set(LAST_USE, record.last_used.as_ref().map(last_use));
    item
}

fn origin(record: &Record) -> AttributeValue {
    group([
        ("created_by", Some(string(record.created_by.to_string()))),
        ("via", record.via.as_ref().map(|via| string(via.as_str()))),
        ("counted", Some(AttributeValue::Bool(record.counted))),
    ])
}

fn settings(record: &Record) -> AttributeValue {
    let networks = || AttributeValue::L(record.allowed_ips.iter().map(|net| string(net.to_string())).collect());
    group([
        ("name", Some(string(record.name.as_str()))),
        ("description", record.description.as_ref().map(|text| string(text.as_str()))),
        ("role", record.role.as_ref().map(|role| string(role.as_str()))),
        ("grants", Some(AttributeValue::L(record.grants.iter().map(grant).collect()))),
        ("allowed_ips", (!record.allowed_ips.are_any()).then(networks)),
        ("expires_at", record.expires_at.map(seconds)),
        ("enabled_at", record.enabled_at.map(seconds)),
    ])
}

fn rotation(at: Timestamp, previous_secret_until: Option<Timestamp>) -> AttributeValue {
    group([("at", Some(seconds(at))), ("previous_secret_until", previous_secret_until.map(seconds))])
}

pub(super) fn revocation(revoked: &Revocation) -> AttributeValue {
    group([
        ("at", Some(seconds(revoked.at))),
        ("by", Some(string(revoked.by.to_string()))),
        ("reason", revoked.grounds.reason.map(|reason| string(reason.as_str()))),
        ("comment", revoked.grounds.comment.as_ref().map(|comment| string(comment.to_string()))),
    ])
}

pub(super) fn disablement(disabled: &Disablement) -> AttributeValue {
    group([
        ("at", Some(seconds(disabled.at))),
        ("by", disabled.by.as_ref().map(|by| string(by.to_string()))),
        ("why", Some(string(disabled.why.as_str()))),
    ])
}

pub(super) fn last_use(used: &LastUsed) -> AttributeValue {
    group([
        ("at", Some(seconds(used.at))),
        ("ip", used.source_ip.map(|ip| string(ip.to_string()))),
        ("agent", used.agent.as_ref().map(|agent| string(agent.as_str()))),
    ])
}

pub(super) fn reuse(at: Timestamp) -> AttributeValue {
    group([("at", Some(seconds(at)))])
}

/// The digests of a token's secrets, and the keys of its last rotations.
pub(super) fn secrets(secrets: &Secrets, keys: &[&RotationKey]) -> AttributeValue {
    let superseded = secrets.superseded.iter().map(|one| (&one.digest, one.until));
    group([
        ("digest", Some(bytes(secrets.current.as_bytes()))),
        ("superseded", Some(digests("until", superseded))),
        ("rotation_keys", Some(digests("at", keys.iter().map(|key| (&key.digest, key.at))))),
    ])
}

fn group<const N: usize>(fields: [(&str, Option<AttributeValue>); N]) -> AttributeValue {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    AttributeValue::M(given.collect())
}

fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes.to_vec()))
}

/// Digests, each with a time of this name.
fn digests<'a>(time: &str, digests: impl Iterator<Item = (&'a Digest, Timestamp)>) -> AttributeValue {
    let one = |(digest, at): (&Digest, Timestamp)| {
        let digest = ("digest".to_owned(), bytes(digest.as_bytes()));
        AttributeValue::M(HashMap::from([digest, (time.to_owned(), seconds(at))]))
    };
    AttributeValue::L(digests.map(one).collect())
}

/// The first use of a token in its usage.
pub(super) fn new_usage(id: &TokenId, made: &Use, day: Day, ttl: Timestamp) -> Item {
    let mut item = usage_key(id);
    item.insert(USES.to_owned(), AttributeValue::M(HashMap::from([(made.key(), number(day.0))])));
    item.insert(TTL.to_owned(), seconds(ttl));
    item
}

pub(super) fn event(record: &Record, event: &Event, ttl: Timestamp) -> Item {
    let mut item = event_key(&record.id, &event.id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(OWNER, string(record.owner.as_str()));
    set(DAY, string(Day::of(event.at).to_string()));
    set(TTL, seconds(ttl));
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
