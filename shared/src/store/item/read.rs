//! Items as they are read back.

use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::{DIGEST, EVENT_PREFIX, Item, REUSE_SEEN_AT, ROTATION_KEYS, SUPERSEDED, TTL, USED};
use crate::access::{Addresses, Day, Grant, Grants, Network, Permission, Resource, RoleName, Use, Uses};
use crate::clock::Timestamp;
use crate::store::{Credential, Error, RotationKey};
use crate::token::{
    AgentFamily, Author, Comment, Description, Digest, Disablement, Event, Grounds, LastUsed, OwnerId, Record,
    Revocation, Secrets, Superseded, TokenName, Via,
};

/// Reads a record back. Texts are taken as they were accepted once. What is missing or of
/// another type is an error, never a default: a record that lost its expiry must not live
/// for ever.
pub(in crate::store) fn record(item: &Item) -> Result<Record, Error> {
    let read = Reader { id: id_of(item).unwrap_or("?"), item };
    Ok(Record {
        id: read.id.parse().map_err(|_| read.corrupt("pk"))?,
        name: read.text("name", TokenName::stored)?,
        description: read.optional("description", |read, name| read.text(name, Description::stored))?,
        owner: read.text("owner", OwnerId::stored)?,
        created_by: read.parsed("created_by")?,
        via: read.optional("via", |read, name| read.text(name, Via::stored))?,
        created_at: Timestamp::from_millis(read.number("created_at")?),
        expires_at: read.optional("expires_at", Reader::time)?,
        revoked: match read.optional("revoked_at", Reader::time)? {
            Some(at) => {
                let grounds = read.optional("revoked_for", Reader::grounds)?.unwrap_or_default();
                Some(Revocation { at, by: read.parsed("revoked_by")?, grounds })
            }
            None => None,
        },
        disabled: read.optional("disabled", Reader::disablement)?,
        enabled_at: read.optional("enabled_at", Reader::time)?,
        role: read.optional("role", |read, name| read.text(name, RoleName::stored))?,
        grants: read.grants()?,
        allowed_ips: read.optional("allowed_ips", Reader::networks)?.unwrap_or_default(),
        rotated_at: read.optional("rotated_at", Reader::time)?,
        previous_secret_until: read.optional("previous_secret_until", Reader::time)?,
        last_used: match read.optional("last_used_at", Reader::time)? {
            Some(at) => Some(read.last_used(at)?),
            None => None,
        },
        version: read.number("version")?,
    })
}

/// Reads what the functions that are shown secrets know of a token.
pub(in crate::store) fn credential(item: &Item) -> Result<Credential, Error> {
    let read = Reader { id: id_of(item).unwrap_or("?"), item };
    let current = digest_in(item).ok_or_else(|| read.corrupt(DIGEST))?;
    let digests = |attribute, time| {
        let of = |read: &Reader<'_>, attribute| read.digests(attribute, time);
        read.optional(attribute, of).map(Option::unwrap_or_default)
    };
    let superseded = digests(SUPERSEDED, "until")?.into_iter().map(|(digest, until)| Superseded { digest, until });
    let rotation_keys = digests(ROTATION_KEYS, "at")?.into_iter().map(|(digest, at)| RotationKey { digest, at });
    Ok(Credential {
        secrets: Secrets { current, superseded: superseded.collect() },
        rotation_keys: rotation_keys.collect(),
        uses: read.optional(USED, Reader::uses)?,
        reuse_seen_at: read.optional(REUSE_SEEN_AT, Reader::time)?,
        ttl: read.optional(TTL, Reader::time)?,
        record: record(item)?,
    })
}

/// Reads the uses of a token; none of one from before they were written down.
pub(in crate::store) fn uses(item: &Item) -> Result<Uses, Error> {
    let read = Reader { id: id_of(item).unwrap_or("?"), item };
    Ok(read.optional(USED, Reader::uses)?.unwrap_or_default())
}

fn digest_in(map: &Item) -> Option<Digest> {
    Digest::from_bytes(map.get(DIGEST)?.as_b().ok()?.as_ref())
}

/// Reads an event back. What does not read as it was written is left out, as it decides
/// nothing; its kind and its time are not.
pub(in crate::store) fn read_event(item: &Item) -> Result<Event, Error> {
    let read = Reader { id: id_of(item).unwrap_or("?"), item };
    let optional = |name: &'static str| item.get(name).and_then(|value| value.as_s().ok());
    let id = read.text("sk", |sk| sk.strip_prefix(EVENT_PREFIX).map(str::to_owned))?;
    Ok(Event {
        id,
        at: Timestamp::from_millis(read.number("at")?),
        kind: read.text("kind", |kind| Some(kind.to_owned()))?,
        by: Author {
            actor: optional("by").and_then(|text| text.parse().ok()),
            source_ip: optional("from").and_then(|text| text.parse().ok()),
            agent: optional("agent").and_then(|text| AgentFamily::stored(text)),
        },
        detail: optional("detail").and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null),
    })
}

/// The id in an item's or a key's `pk`.
pub(in crate::store) fn id_of(item: &Item) -> Option<&str> {
    item.get("pk")?.as_s().ok()?.strip_prefix("TOKEN#")
}

/// A number of any item.
pub(in crate::store) fn number_of<T: FromStr>(item: &Item, attribute: &'static str, of: &str) -> Result<T, Error> {
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

    fn map(&self, attribute: &'static str) -> Result<&Item, Error> {
        self.item.get(attribute).and_then(|value| value.as_m().ok()).ok_or_else(|| self.corrupt(attribute))
    }

    /// A text of a map, which may be absent and must otherwise be good.
    fn within<T>(
        &self,
        attribute: &'static str,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let value = self.map(attribute)?.get(name);
        let read = |value: &AttributeValue| value.as_s().ok().and_then(|text| read(text));
        value.map(|value| read(value).ok_or_else(|| self.corrupt(attribute))).transpose()
    }

    fn grounds(&self, attribute: &'static str) -> Result<Grounds, Error> {
        Ok(Grounds {
            reason: self.within(attribute, "reason", |text| text.parse().ok())?,
            comment: self.within(attribute, "comment", Comment::stored)?,
        })
    }

    fn disablement(&self, attribute: &'static str) -> Result<Disablement, Error> {
        let at = self.within(attribute, "at", |text| text.parse().ok())?;
        let why = self.within(attribute, "why", |text| text.parse().ok())?;
        let by = self.within(attribute, "by", |text| text.parse().ok())?;
        let (at, why) = at.zip(why).ok_or_else(|| self.corrupt(attribute))?;
        Ok(Disablement { at: Timestamp::from_seconds(at), by, why })
    }

    /// A token that lost its networks must not be let in from anywhere.
    fn networks(&self, attribute: &'static str) -> Result<Addresses, Error> {
        let list = self.item.get(attribute).and_then(|value| value.as_l().ok()).filter(|list| !list.is_empty());
        let networks = list.ok_or_else(|| self.corrupt(attribute))?.iter();
        let networks = networks.map(|value| value.as_s().ok().and_then(|text| text.parse().ok()));
        let networks: Option<Vec<Network>> = networks.collect();
        networks.map(Addresses::from).ok_or_else(|| self.corrupt(attribute))
    }

    fn last_used(&self, at: Timestamp) -> Result<LastUsed, Error> {
        const FROM: &str = "last_used_from";
        let of = |name| move |read: &Self, from| read.within(from, name, |text| Some(text.to_owned()));
        let ip = self.optional(FROM, of("ip"))?.flatten();
        let agent = self.optional(FROM, of("agent"))?.flatten();
        let source_ip = ip.map(|text| text.parse()).transpose().map_err(|_| self.corrupt(FROM))?;
        Ok(LastUsed { at, source_ip, agent: agent.and_then(|text| AgentFamily::stored(&text)) })
    }

    fn digests(&self, attribute: &'static str, time: &str) -> Result<Vec<(Digest, Timestamp)>, Error> {
        let list = self.item.get(attribute).and_then(|value| value.as_l().ok());
        let one = |value: &AttributeValue| {
            let map = value.as_m().ok()?;
            let at = map.get(time)?.as_n().ok()?.parse().ok().map(Timestamp::from_seconds)?;
            Some((digest_in(map)?, at))
        };
        let list = list.and_then(|list| list.iter().map(one).collect());
        list.ok_or_else(|| self.corrupt(attribute))
    }

    fn uses(&self, attribute: &'static str) -> Result<Uses, Error> {
        let one = |(made, day): (&String, &AttributeValue)| {
            Some((Use::stored(made)?, Day::from_number(day.as_n().ok()?.parse().ok()?)))
        };
        let uses: Option<Uses> = self.map(attribute)?.iter().map(one).collect();
        uses.ok_or_else(|| self.corrupt(attribute))
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
