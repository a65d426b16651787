use super::*;
use crate::access::{Day, Use};
use crate::token::{Actor, AgentFamily, Author, Revocation, RevokeReason, Via, WhyDisabled};
use rand::TryCryptoRng;

fn full() -> Record {
    Record {
        id: "0123456789abcdef".parse().unwrap(),
        name: "ci".parse().unwrap(),
        description: Some("what for".parse().unwrap()),
        owner: "alice".parse().unwrap(),
        created_by: Actor::Bootstrap,
        via: Some(Via::shortened("github:acme/billing@refs/heads/main")),
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
