//! Items as they lie in the table: the only place that knows attribute names.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::{Credential, Error, RotationKey, number};
use crate::access::{Addresses, Day, Grant, Grants, Network, Permission, Resource, RoleName, Use, Uses};
use crate::clock::Timestamp;
use crate::token::{
    AgentFamily, Author, Comment, Description, Digest, Disablement, Event, Grounds, LastUsed, OwnerId, Record,
    Revocation, Secrets, Superseded, TokenId, TokenName,
};

pub(super) type Item = HashMap<String, AttributeValue>;

/// What a record is read from: everything but the digest. The roles of the functions that
/// show tokens allow these attributes and no other (`template.yaml`).
pub(super) const RECORD: [&str; 21] = [
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
pub(super) fn credential(item: &Item) -> Result<Credential, Error> {
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
pub(super) fn uses(item: &Item) -> Result<Uses, Error> {
    let read = Reader { id: id_of(item).unwrap_or("?"), item };
    Ok(read.optional(USED, Reader::uses)?.unwrap_or_default())
}

fn digest_in(map: &Item) -> Option<Digest> {
    Digest::from_bytes(map.get(DIGEST)?.as_b().ok()?.as_ref())
}

/// Reads an event back. What does not read as it was written is left out, as it decides
/// nothing; its kind and its time are not.
pub(super) fn read_event(item: &Item) -> Result<Event, Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Actor, RevokeReason, WhyDisabled};
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
            revoked: Some(Revocation {
                at: Timestamp::from_seconds(1_790_000_000),
                by: Actor::Session("alice".parse().unwrap()),
                grounds: Grounds { reason: Some(RevokeReason::Leaked), comment: Some("in a log".parse().unwrap()) },
            }),
            disabled: Some(Disablement {
                at: Timestamp::from_seconds(1_780_000_000),
                by: None,
                why: WhyDisabled::SecretReuse,
            }),
            enabled_at: Some(Timestamp::from_seconds(1_770_000_000)),
            role: Some("cicd".parse().unwrap()),
            grants: vec![
                Grant { permissions: vec!["app:read".parse().unwrap()], resources: vec!["app/*".parse().unwrap()] },
                Grant { permissions: vec!["*".parse().unwrap()], resources: vec!["app/billing".parse().unwrap()] },
            ]
            .into(),
            allowed_ips: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::1".parse().unwrap()].into(),
            rotated_at: Some(Timestamp::from_seconds(1_760_000_000)),
            previous_secret_until: Some(Timestamp::from_seconds(1_761_000_000)),
            last_used: Some(LastUsed {
                at: Timestamp::from_seconds(1_762_000_000),
                source_ip: Some("192.0.2.7".parse().unwrap()),
                agent: AgentFamily::of("curl/8.5"),
            }),
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
        assert!(credential(&item).unwrap().secrets.current.matches(&digest));
    }

    #[test]
    fn secrets_and_uses_read_back() {
        let at = Timestamp::from_seconds;
        let secrets = Secrets { current: some_digest(), superseded: Vec::new() };
        let secrets = secrets.rotated(some_digest(), Some(at(500)), at(400)).rotated(some_digest(), None, at(450));
        let mut item = new_token(&full(), &secrets.current, Some(at(9)));
        item.insert(SUPERSEDED.to_owned(), superseded(&secrets));
        let keys = [5, 6].map(|second| RotationKey { digest: some_digest(), at: at(second) });
        item.insert(ROTATION_KEYS.to_owned(), rotation_keys(keys.iter()));
        let used = HashMap::from([("app:read app/billing".to_owned(), number(20_000))]);
        item.insert(USED.to_owned(), AttributeValue::M(used));
        let read = credential(&item).unwrap();
        assert_eq!(read.ttl, Some(at(9)));
        let read_back = read.rotation_keys.iter().zip(&keys);
        assert!(read_back.clone().count() == 2 && read_back.clone().all(|(a, b)| a.at == b.at));
        assert!(read_back.clone().all(|(a, b)| a.digest.matches(&b.digest)));
        let until: Vec<_> = read.secrets.superseded.iter().map(|one| one.until.seconds()).collect();
        assert_eq!(until, [450, 450]);
        assert!(read.secrets.superseded.iter().zip(&secrets.superseded).all(|(a, b)| a.digest.matches(&b.digest)));
        let made = Use::stored("app:read app/billing").unwrap();
        assert_eq!(read.uses.unwrap().last(&made), Some(Day::from_number(20_000)));
        for attribute in CREDENTIAL {
            let mut garbled = item.clone();
            garbled.insert(attribute.to_owned(), AttributeValue::Bool(true));
            assert!(credential(&garbled).is_err(), "garbled {attribute}");
        }
    }

    #[test]
    fn an_event_reads_back_and_one_from_a_later_version_does_too() {
        let id = "0123456789abcdef".parse().unwrap();
        let mut happened = Event {
            id: "01K0000000000000000000000A".to_owned(),
            at: Timestamp::from_millis(1_700_000_000_123),
            kind: "revoked".to_owned(),
            by: Author {
                actor: Some(Actor::Bootstrap),
                source_ip: Some("2001:db8::1".parse().unwrap()),
                agent: AgentFamily::of("curl/8"),
            },
            detail: serde_json::json!({"reason": "leaked"}),
        };
        assert_eq!(read_event(&event(&id, &happened, None)).unwrap(), happened);
        let mut later = event(&id, &happened, None);
        later.insert("by".to_owned(), string("planet:mars"));
        happened.by.actor = None;
        assert_eq!(read_event(&later).unwrap(), happened);
    }

    #[test]
    fn an_item_that_lost_or_garbled_an_attribute_is_an_error_never_a_default() {
        let whole = new_token(&full(), &some_digest(), None);
        for attribute in ["pk", "name", "owner", "created_by", "created_at", "grants", "version"] {
            let mut lost = whole.clone();
            lost.remove(attribute);
            assert!(record(&lost).is_err(), "lost {attribute}");
        }
        for attribute in RECORD.iter().filter(|name| **name != "sk") {
            let mut garbled = whole.clone();
            garbled.insert((*attribute).to_owned(), AttributeValue::Bool(true));
            assert!(record(&garbled).is_err(), "garbled {attribute}");
        }
        let mut without = whole.clone();
        without.insert("grants".to_owned(), AttributeValue::L(Vec::new()));
        assert!(record(&without).is_err(), "no grants");
        let mut unsigned = whole.clone();
        unsigned.remove("revoked_by");
        assert!(record(&unsigned).is_err(), "revoked by nobody");
        let mut anywhere = whole.clone();
        anywhere.insert("allowed_ips".to_owned(), AttributeValue::L(Vec::new()));
        assert!(record(&anywhere).is_err(), "from anywhere");
        let mut shorn = whole;
        shorn.insert("digest".to_owned(), AttributeValue::B(Blob::new(vec![0; 31])));
        assert!(credential(&shorn).is_err());
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
