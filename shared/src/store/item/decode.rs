//! Decoding of items.

use std::str::FromStr;

use serde_json::Value;

use super::attribute::{
    APPROVAL_PREFIX, APPROVALS, CATALOG_VERSIONS, CREATED_AT, DECISION, DISABLED, ENDED, EVENT_PREFIX, Item, LAST_USE,
    ORIGIN, OWNER, REQUEST, REUSE, REVOKED, ROTATION, SECRETS, SETTINGS, UPDATED_AT, UPDATED_BY, USED_AT, USES,
    VERSION,
};
use super::attributes::{Attribute, Attributes};
use crate::authz::UsageLog;
use crate::catalog::RoleName;
use crate::clock::{Day, Timestamp};
use crate::grants::{Grant, Grants, IpAllowlist, Network, Permission, Resource};
use crate::secret::{RetiredSecret, SecretHistory, TokenDigest, TokenId};
use crate::store::{CatalogVersion, Error, RotationKey, StoredCredential};
use crate::text::{ApprovalReason, Comment, Description, Link, OwnerId, Provenance, TokenName};
use crate::token::{
    Approval, ApprovalDecision, ApprovalId, DisabledState, Event, EventOrigin, LastUse, LiveApproval, PendingApproval,
    Revocation, RevocationDetails, TokenApprovals, TokenRecord, UserAgentFamily,
};

/// Decodes a record, without re-validating its strings. A missing attribute or one of another type is an error
/// and never a default: a record that lost its expiry must not live forever.
pub(in crate::store) fn record(item: &Attributes<'_>) -> Result<TokenRecord, Error> {
    let read = Reader::new(item);
    let (origin, settings) = (read.group(ORIGIN)?, read.group(SETTINGS)?);
    let rotation = read.optional(ROTATION, Reader::group)?;
    Ok(TokenRecord {
        id: read.id.parse().map_err(|_| read.corrupt("pk"))?,
        owner: read.text(OWNER, OwnerId::from_stored)?,
        created_at: Timestamp::from_millis(read.number(CREATED_AT)?),
        version: read.number(VERSION)?,
        created_by: origin.parsed("created_by")?,
        via: origin.optional("via", |read, name| read.text(name, Provenance::from_stored))?,
        counted: origin.bool("counted")?,
        name: settings.text("name", TokenName::from_stored)?,
        description: settings.optional("description", |read, name| read.text(name, Description::from_stored))?,
        role: settings.optional("role", |read, name| read.text(name, RoleName::from_stored))?,
        grants: settings.grants()?,
        allowed_ips: settings.optional("allowed_ips", Reader::networks)?.unwrap_or_default(),
        expires_at: settings.optional("expires_at", Reader::time)?,
        enabled_at: settings.optional("enabled_at", Reader::time)?,
        rotated_at: rotation.as_ref().map(|rotation| rotation.time("at")).transpose()?,
        previous_secret_until: match &rotation {
            Some(rotation) => rotation.optional("previous_secret_until", Reader::time)?,
            None => None,
        },
        disabled: read.optional(DISABLED, Reader::disablement)?,
        revoked: read.optional(REVOKED, Reader::revocation)?,
        last_used: read.optional(LAST_USE, Reader::last_use)?,
        approvals: read.optional(APPROVALS, Reader::approvals)?.unwrap_or_default(),
    })
}

/// Decodes an approval.
pub(in crate::store) fn approval(item: &Attributes<'_>) -> Result<Approval, Error> {
    let id = item.get("pk").and_then(Attribute::as_text).and_then(|pk| pk.strip_prefix(APPROVAL_PREFIX));
    let read = Reader { id: id.unwrap_or("?"), item };
    let request = read.group(REQUEST)?;
    let offered = request.number("valid_for")?;
    let given = read.optional(DECISION, |read, name| read.group(name)?.number("valid_for"))?;
    Ok(Approval {
        id: read.id.parse().map_err(|_| read.corrupt("pk"))?,
        created_at: Timestamp::from_millis(read.number(CREATED_AT)?),
        token: request.parsed("token")?,
        token_name: request.text("token_name", TokenName::from_stored)?,
        owner: request.text("owner", OwnerId::from_stored)?,
        permission: request.text("permission", Permission::from_stored)?,
        resource: request.text("resource", |text| Some(Resource::from_stored(text)))?,
        reason: request.text("reason", ApprovalReason::from_stored)?,
        link: request.optional("link", |read, name| read.text(name, Link::from_stored))?,
        uses: request.parsed("uses")?,
        valid_for_seconds: given.unwrap_or(offered),
        decision: read.optional(DECISION, Reader::approval_decision)?,
        used_at: read.optional(USED_AT, Reader::time)?,
        ended: read.optional(ENDED, |read, name| {
            let ended = read.group(name)?;
            Ok((ended.time("at")?, ended.parsed("by")?))
        })?,
    })
}

/// Whether an approval for one use is neither used up nor ended.
pub(in crate::store) fn is_unused(item: &Attributes<'_>) -> bool {
    item.get(USED_AT).is_none() && item.get(ENDED).is_none()
}

/// When the item with this key of an index was created, in milliseconds.
pub(in crate::store) fn created_at_of(key: &Item) -> Option<i64> {
    key.get(CREATED_AT)?.as_n().ok()?.parse().ok()
}

/// The approval's ID from the `pk` of a key.
pub(in crate::store) fn approval_id_of(key: &Item) -> Option<ApprovalId> {
    key.get("pk")?.as_s().ok()?.strip_prefix(APPROVAL_PREFIX)?.parse().ok()
}

/// Decodes a token with its secrets.
pub(in crate::store) fn credential(item: &Attributes<'_>) -> Result<StoredCredential, Error> {
    let read = Reader::new(item);
    let rotation_keys = read.group(SECRETS)?.digests("rotation_keys", "at")?.into_iter();
    Ok(StoredCredential {
        secrets: stored_secrets(item)?,
        rotation_keys: rotation_keys.map(|(digest, at)| RotationKey { digest, at }).collect(),
        reuse_seen_at: read.optional(REUSE, |read, name| read.group(name)?.time("at"))?,
        record: record(item)?,
    })
}

/// Decodes the secrets of a token.
pub(in crate::store) fn stored_secrets(item: &Attributes<'_>) -> Result<SecretHistory, Error> {
    let read = Reader::new(item);
    let secrets = read.group(SECRETS)?;
    let current = digest_in(secrets.item).ok_or_else(|| read.corrupt(SECRETS))?;
    let superseded = secrets.digests("superseded", "until")?.into_iter();
    let superseded = superseded.map(|(digest, until)| RetiredSecret { digest, until });
    Ok(SecretHistory { current, superseded: superseded.collect() })
}

/// Decodes the usage of a token; no item means no recorded use.
pub(in crate::store) fn uses(item: Option<&Attributes<'_>>, grants: &Grants) -> Result<UsageLog, Error> {
    let Some(item) = item else { return Ok(UsageLog::default()) };
    let read = Reader::new(item);
    let corrupt = || read.corrupt(USES);
    let days = read.map(USES)?.iter().map(|(made, day)| Some((made, day.as_number()?.parse().ok()?)));
    let days = days.map(|one| one.ok_or_else(corrupt)).collect::<Result<Vec<_>, Error>>()?;
    UsageLog::from_stored(days.into_iter().map(|(made, day)| (made, Day(day))), grants).ok_or_else(corrupt)
}

fn digest_in(map: &Attributes<'_>) -> Option<TokenDigest> {
    TokenDigest::from_bytes(map.get("digest")?.as_bytes()?)
}

/// Decodes an event with its token and owner.
pub(in crate::store) fn event_and_token(item: &Attributes<'_>) -> Result<(TokenId, OwnerId, Event), Error> {
    let read = Reader::new(item);
    let token = read.id.parse().map_err(|_| read.corrupt("pk"))?;
    Ok((token, read.text(OWNER, OwnerId::from_stored)?, read_event(item)?))
}

/// Decodes an event. Invalid fields are omitted, because they decide nothing; only an invalid kind or time is
/// an error.
pub(in crate::store) fn read_event(item: &Attributes<'_>) -> Result<Event, Error> {
    let read = Reader::new(item);
    let optional = |name: &'static str| item.get(name).and_then(Attribute::as_text);
    let id = read.text("sk", |sk| sk.strip_prefix(EVENT_PREFIX).map(str::to_owned))?;
    Ok(Event {
        id,
        at: Timestamp::from_millis(read.number("at")?),
        kind: read.text("kind", |kind| Some(kind.to_owned()))?,
        by: EventOrigin {
            actor: optional("by").and_then(|text| text.parse().ok()),
            source_ip: optional("from").and_then(|text| text.parse().ok()),
            agent: optional("agent").and_then(UserAgentFamily::from_stored),
        },
        detail: optional("detail").and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null),
    })
}

/// Decodes a version of the catalog, without its document.
pub(in crate::store) fn catalog_version(item: &Attributes<'_>) -> Result<CatalogVersion, Error> {
    let read = Reader { id: CATALOG_VERSIONS, item };
    Ok(CatalogVersion {
        version: read.number(VERSION)?,
        created_at: read.time(UPDATED_AT)?,
        created_by: read.parsed(UPDATED_BY)?,
    })
}

/// The token's ID from the `pk` of an item or a key.
pub(in crate::store) fn id_of(item: &Item) -> Option<&str> {
    id_of_key(item.get("pk")?.as_s().ok()?)
}

/// Whether a key is that of a token, its record or an event.
pub(in crate::store) fn is_token_key(key: &Item) -> bool {
    key.get("pk").and_then(|pk| pk.as_s().ok()).is_some_and(|pk| pk.starts_with("TOKEN#"))
}

fn id_in<'a>(item: &'a Attributes<'_>) -> Option<&'a str> {
    id_of_key(item.get("pk")?.as_text()?)
}

fn id_of_key(pk: &str) -> Option<&str> {
    pk.strip_prefix("TOKEN#").or_else(|| pk.strip_prefix("USAGE#"))
}

/// The event's ID from the `sk` of an item or a key.
pub(in crate::store) fn event_id_of(item: &Item) -> Option<&str> {
    item.get("sk")?.as_s().ok()?.strip_prefix(EVENT_PREFIX)
}

/// A number attribute of any item.
pub(in crate::store) fn number_of<T: FromStr>(
    item: &Attributes<'_>,
    attribute: &'static str,
    of: &str,
) -> Result<T, Error> {
    Reader { id: of, item }.number(attribute)
}

struct Reader<'a> {
    id: &'a str,
    item: &'a Attributes<'a>,
}

impl<'a> Reader<'a> {
    fn new(item: &'a Attributes<'a>) -> Self {
        Self { id: id_in(item).unwrap_or("?"), item }
    }

    /// A group of attributes, for reading its fields.
    fn group(&self, attribute: &'static str) -> Result<Reader<'a>, Error> {
        Ok(Reader { id: self.id, item: self.map(attribute)? })
    }

    fn bool(&self, attribute: &'static str) -> Result<bool, Error> {
        let value = self.item.get(attribute).and_then(Attribute::as_bool);
        value.ok_or_else(|| self.corrupt(attribute))
    }

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
        let text = self.item.get(attribute).and_then(Attribute::as_text);
        text.and_then(read).ok_or_else(|| self.corrupt(attribute))
    }

    fn parsed<T: FromStr>(&self, attribute: &'static str) -> Result<T, Error> {
        self.text(attribute, |text| text.parse().ok())
    }

    fn number<T: FromStr>(&self, attribute: &'static str) -> Result<T, Error> {
        self.item
            .get(attribute)
            .and_then(Attribute::as_number)
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| self.corrupt(attribute))
    }

    fn time(&self, attribute: &'static str) -> Result<Timestamp, Error> {
        self.number(attribute).map(Timestamp::from_seconds)
    }

    fn map(&self, attribute: &'static str) -> Result<&'a Attributes<'a>, Error> {
        self.item.get(attribute).and_then(Attribute::as_map).ok_or_else(|| self.corrupt(attribute))
    }

    fn revocation(&self, attribute: &'static str) -> Result<Revocation, Error> {
        let group = self.group(attribute)?;
        Ok(Revocation {
            at: group.time("at")?,
            by: group.parsed("by")?,
            grounds: RevocationDetails {
                reason: group.optional("reason", Reader::parsed)?,
                comment: group.optional("comment", |read, name| read.text(name, Comment::from_stored))?,
            },
        })
    }

    fn disablement(&self, attribute: &'static str) -> Result<DisabledState, Error> {
        let group = self.group(attribute)?;
        let by = group.optional("by", Reader::parsed)?;
        Ok(DisabledState { at: group.time("at")?, by, why: group.parsed("why")? })
    }

    /// A token that lost its networks must not be usable from anywhere.
    fn networks(&self, attribute: &'static str) -> Result<IpAllowlist, Error> {
        let list = self.item.get(attribute).and_then(Attribute::as_list).filter(|list| !list.is_empty());
        let networks = list.ok_or_else(|| self.corrupt(attribute))?.iter();
        let networks = networks.map(|value| value.as_text().and_then(|text| text.parse().ok()));
        let networks: Option<Vec<Network>> = networks.collect();
        networks.map(IpAllowlist::from).ok_or_else(|| self.corrupt(attribute))
    }

    fn last_use(&self, attribute: &'static str) -> Result<LastUse, Error> {
        let group = self.group(attribute)?;
        Ok(LastUse {
            at: group.time("at")?,
            source_ip: group.optional("ip", |read, name| read.text(name, |ip| ip.parse().ok()))?,
            agent: group.optional("agent", |read, name| read.text(name, UserAgentFamily::from_stored))?,
        })
    }

    fn approval_decision(&self, attribute: &'static str) -> Result<ApprovalDecision, Error> {
        let group = self.group(attribute)?;
        Ok(ApprovalDecision {
            approved: group.bool("approved")?,
            at: group.time("at")?,
            by: group.parsed("by")?,
            comment: group.optional("comment", |read, name| read.text(name, Comment::from_stored))?,
        })
    }

    fn approvals(&self, attribute: &'static str) -> Result<TokenApprovals, Error> {
        let group = self.group(attribute)?;
        let list = |name| {
            let list = group.item.get(name).and_then(Attribute::as_list);
            let entries = list.and_then(|list| list.iter().map(Attribute::as_map).collect::<Option<Vec<_>>>());
            entries.ok_or_else(|| self.corrupt(attribute))
        };
        let pending = list("pending")?.into_iter().map(|item| {
            let read = Reader { id: self.id, item };
            let key = read.text("key", |text| Some(text.to_owned()))?;
            Ok(PendingApproval { id: read.parsed("id")?, key, lapses_at: read.time("lapses_at")? })
        });
        let live = list("live")?.into_iter().map(|item| {
            let read = Reader { id: self.id, item };
            Ok(LiveApproval {
                id: read.parsed("id")?,
                permission: read.text("permission", Permission::from_stored)?,
                resource: read.text("resource", |text| Some(Resource::from_stored(text)))?,
                uses: read.parsed("uses")?,
                expires_at: read.time("expires_at")?,
                by: read.parsed("by")?,
            })
        });
        Ok(TokenApprovals {
            pending: pending.collect::<Result<_, Error>>()?,
            live: live.collect::<Result<_, Error>>()?,
            requests: group
                .optional("requests_on", |read, name| Ok((Day(read.number(name)?), read.number("requests")?)))?,
        })
    }

    fn digests(&self, attribute: &'static str, time: &str) -> Result<Vec<(TokenDigest, Timestamp)>, Error> {
        let list = self.item.get(attribute).and_then(Attribute::as_list);
        let one = |value: &Attribute<'_>| {
            let map = value.as_map()?;
            let at = map.get(time)?.as_number()?.parse().ok().map(Timestamp::from_seconds)?;
            Some((digest_in(map)?, at))
        };
        let list = list.and_then(|list| list.iter().map(one).collect());
        list.ok_or_else(|| self.corrupt(attribute))
    }

    /// Every token has at least one grant, so an empty list is an error.
    fn grants(&self) -> Result<Grants, Error> {
        let corrupt = || self.corrupt("grants");
        let grants = self.item.get("grants").and_then(Attribute::as_list).ok_or_else(corrupt)?;
        if grants.is_empty() {
            return Err(corrupt());
        }
        let grant = |value: &Attribute<'_>| {
            let map = value.as_map().ok_or_else(corrupt)?;
            Ok(Grant {
                permissions: self.list(map, "permissions", Permission::from_stored)?,
                resources: self.list(map, "resources", |text| Some(Resource::from_stored(text)))?,
            })
        };
        grants.iter().map(grant).collect::<Result<Vec<_>, _>>().map(Grants::from)
    }

    fn list<T>(&self, map: &Attributes<'_>, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Error> {
        let list = map.get(name).and_then(Attribute::as_list).ok_or_else(|| self.corrupt("grants"))?;
        let texts = list.iter().map(|value| value.as_text().and_then(&read));
        texts.collect::<Option<_>>().ok_or_else(|| self.corrupt("grants"))
    }
}
