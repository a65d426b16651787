//! Encoding of items.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::*;
use crate::authz::{Denial, PermissionUse};
use crate::clock::{Day, Timestamp};
use crate::grants::Grant;
use crate::secret::{SecretHistory, TokenDigest};
use crate::store::{RotationKey, ttl};
use crate::token::{
    Actor, Approval, ApprovalDecision, DisabledState, Event, LastUse, Revocation, TokenApprovals, TokenRecord,
};

/// The item of a new token.
pub(in crate::store) fn new_token(record: &TokenRecord, digest: &TokenDigest, retention_days: u32) -> Item {
    let mut item = token_item(record, retention_days);
    let secrets = SecretHistory { current: digest.clone(), superseded: Vec::new() };
    item.insert(SECRETS.to_owned(), self::secrets(&secrets, &[]));
    item
}

/// The item of a record, without secrets.
pub(in crate::store) fn token_item(record: &TokenRecord, retention_days: u32) -> Item {
    let mut item = token_key(&record.id);
    let mut set = |name: &str, value: Option<AttributeValue>| {
        item.extend(value.map(|value| (name.to_owned(), value)));
    };
    set(OWNER, Some(string(record.owner.as_str())));
    set(CREATED_AT, Some(number(record.created_at.millis())));
    set(VERSION, Some(number(record.version)));
    set(TTL, ttl::record_ttl(record, retention_days).map(seconds));
    set(ORIGIN, Some(origin(record)));
    set(SETTINGS, Some(settings(record)));
    set(ROTATION, record.rotated_at.map(|at| rotation(at, record.previous_secret_until)));
    set(DISABLED, record.disabled.as_ref().map(disablement));
    set(REVOKED, record.revoked.as_ref().map(revocation));
    set(LAST_USE, record.last_used.as_ref().map(last_use));
    set(APPROVALS, approvals(&record.approvals));
    item
}

fn origin(record: &TokenRecord) -> AttributeValue {
    group([
        ("created_by", Some(string(record.created_by.to_string()))),
        ("via", record.via.as_ref().map(|via| string(via.as_str()))),
        ("counted", Some(AttributeValue::Bool(record.counted))),
    ])
}

fn settings(record: &TokenRecord) -> AttributeValue {
    let networks = || AttributeValue::L(record.allowed_ips.iter().map(|net| string(net.to_string())).collect());
    group([
        ("name", Some(string(record.name.as_str()))),
        ("description", record.description.as_ref().map(|text| string(text.as_str()))),
        ("role", record.role.as_ref().map(|role| string(role.as_str()))),
        ("grants", Some(AttributeValue::L(record.grants.iter().map(grant).collect()))),
        ("allowed_ips", (!record.allowed_ips.is_unrestricted()).then(networks)),
        ("expires_at", record.expires_at.map(seconds)),
        ("enabled_at", record.enabled_at.map(seconds)),
    ])
}

fn rotation(at: Timestamp, previous_secret_until: Option<Timestamp>) -> AttributeValue {
    group([("at", Some(seconds(at))), ("previous_secret_until", previous_secret_until.map(seconds))])
}

pub(in crate::store) fn revocation(revoked: &Revocation) -> AttributeValue {
    group([
        ("at", Some(seconds(revoked.at))),
        ("by", Some(string(revoked.by.to_string()))),
        ("reason", revoked.grounds.reason.map(|reason| string(reason.as_str()))),
        ("comment", revoked.grounds.comment.as_ref().map(|comment| string(comment.to_string()))),
    ])
}

pub(in crate::store) fn disablement(disabled: &DisabledState) -> AttributeValue {
    group([
        ("at", Some(seconds(disabled.at))),
        ("by", disabled.by.as_ref().map(|by| string(by.to_string()))),
        ("why", Some(string(disabled.why.as_str()))),
    ])
}

pub(in crate::store) fn last_use(used: &LastUse) -> AttributeValue {
    group([
        ("at", Some(seconds(used.at))),
        ("ip", used.source_ip.map(|ip| string(ip.to_string()))),
        ("agent", used.agent.as_ref().map(|agent| string(agent.as_str()))),
    ])
}

/// A token's approvals; `None` if there are none.
pub(in crate::store) fn approvals(approvals: &TokenApprovals) -> Option<AttributeValue> {
    let pending = approvals.pending.iter().map(|pending| {
        group([
            ("id", Some(string(pending.id.to_string()))),
            ("key", Some(string(&pending.key))),
            ("lapses_at", Some(seconds(pending.lapses_at))),
        ])
    });
    let live = approvals.live.iter().map(|live| {
        group([
            ("id", Some(string(live.id.to_string()))),
            ("permission", Some(string(live.permission.to_string()))),
            ("resource", Some(string(live.resource.to_string()))),
            ("uses", Some(string(live.uses.as_str()))),
            ("expires_at", Some(seconds(live.expires_at))),
            ("by", Some(string(live.by.to_string()))),
        ])
    });
    let fields = [
        ("pending", Some(AttributeValue::L(pending.collect()))),
        ("live", Some(AttributeValue::L(live.collect()))),
        ("requests_on", approvals.requests.map(|(day, _)| number(day.0))),
        ("requests", approvals.requests.map(|(_, count)| number(count))),
    ];
    (!approvals.is_empty()).then(|| group(fields))
}

/// The item of a new request for approval.
pub(in crate::store) fn new_approval(approval: &Approval, ttl: Timestamp) -> Item {
    let mut item = approval_key(&approval.id);
    item.insert(CREATED_AT.to_owned(), number(approval.created_at.millis()));
    item.insert(TTL.to_owned(), seconds(ttl));
    // The owner is in the group, so that the item is not in the index of an owner's tokens.
    let request = group([
        ("token", Some(string(approval.token.as_str()))),
        ("token_name", Some(string(approval.token_name.as_str()))),
        ("owner", Some(string(approval.owner.as_str()))),
        ("permission", Some(string(approval.permission.to_string()))),
        ("resource", Some(string(approval.resource.to_string()))),
        ("reason", Some(string(approval.reason.as_str()))),
        ("link", approval.link.as_ref().map(|link| string(link.as_str()))),
        ("uses", Some(string(approval.uses.as_str()))),
        ("valid_for", Some(number(approval.valid_for_seconds))),
    ]);
    item.insert(REQUEST.to_owned(), request);
    item
}

/// The decision on an approval, with the duration that was given.
pub(in crate::store) fn decision(decision: &ApprovalDecision, valid_for_seconds: u32) -> AttributeValue {
    group([
        ("approved", Some(AttributeValue::Bool(decision.approved))),
        ("at", Some(seconds(decision.at))),
        ("by", Some(string(decision.by.to_string()))),
        ("comment", decision.comment.as_ref().map(|comment| string(comment.as_str()))),
        ("valid_for", Some(number(valid_for_seconds))),
    ])
}

/// The end of an approval.
pub(in crate::store) fn ended(at: Timestamp, by: &Actor) -> AttributeValue {
    group([("at", Some(seconds(at))), ("by", Some(string(by.to_string())))])
}

pub(in crate::store) fn reuse(at: Timestamp) -> AttributeValue {
    group([("at", Some(seconds(at)))])
}

/// The digests of a token's secrets, and the idempotency keys of its last rotations.
pub(in crate::store) fn secrets(secrets: &SecretHistory, keys: &[&RotationKey]) -> AttributeValue {
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

/// Digests, each with a time under this name.
fn digests<'a>(time: &str, digests: impl Iterator<Item = (&'a TokenDigest, Timestamp)>) -> AttributeValue {
    let one = |(digest, at): (&TokenDigest, Timestamp)| {
        let digest = ("digest".to_owned(), bytes(digest.as_bytes()));
        AttributeValue::M(HashMap::from([digest, (time.to_owned(), seconds(at))]))
    };
    AttributeValue::L(digests.map(one).collect())
}

/// Attributes of the usage item for the first use of a token: uses and TTL.
pub(in crate::store) fn first_use(
    made: &PermissionUse,
    day: Day,
    ttl: Timestamp,
) -> [(&'static str, AttributeValue); 2] {
    [(USES, AttributeValue::M(HashMap::from([(made.key(), number(day.0))]))), (TTL, seconds(ttl))]
}

/// Entry of a denial.
pub(in crate::store) fn denial(denial: &Denial) -> AttributeValue {
    group([
        ("permission", Some(string(denial.permission.to_string()))),
        ("resource", Some(string(denial.resource.to_string()))),
        ("reason", Some(string(denial.reason.as_str()))),
        (AT, Some(seconds(denial.at))),
    ])
}

pub(in crate::store) fn event(record: &TokenRecord, event: &Event, ttl: Timestamp) -> Item {
    let mut item = event_key(&record.id, &event.id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(OWNER, string(record.owner.as_str()));
    set(DAY, string(Day::from_timestamp(event.at).to_string()));
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

/// The replay guard of an exchanged identity.
pub(in crate::store) fn identity(digest: &TokenDigest, ttl: Timestamp) -> Item {
    let mut item = identity_key(digest);
    item.insert(TTL.to_owned(), seconds(ttl));
    item
}

/// The item of a catalog at this key: the current one's, or its version's.
pub(in crate::store) fn catalog(key: Item, document: &[u8], version: u64, by: &Actor, at: Timestamp) -> Item {
    let mut item = key;
    item.insert(DOCUMENT.to_owned(), bytes(document));
    item.insert(VERSION.to_owned(), number(version));
    item.insert(UPDATED_AT.to_owned(), seconds(at));
    item.insert(UPDATED_BY.to_owned(), string(by.to_string()));
    item
}

fn grant(grant: &Grant) -> AttributeValue {
    let list = |texts: Vec<String>| AttributeValue::L(texts.into_iter().map(AttributeValue::S).collect());
    AttributeValue::M(HashMap::from([
        ("permissions".to_owned(), list(grant.permissions.iter().map(ToString::to_string).collect())),
        ("resources".to_owned(), list(grant.resources.iter().map(ToString::to_string).collect())),
    ]))
}
