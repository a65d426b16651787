use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::*;
use crate::authz::{Denial, MAX_DENIALS, PermissionUse};
use crate::catalog::ApprovalUses;
use crate::clock::{Day, Timestamp};
use crate::grants::Grant;
use crate::secret::{SecretHistory, TokenDigest, TokenId};
use crate::store::RotationKey;
use crate::text::Provenance;
use crate::token::{
    Actor, Approval, ApprovalDecision, DisableReason, DisabledState, Event, EventOrigin, LastUse, Revocation,
    RevocationDetails, RevokeReason, TokenApprovals, TokenRecord, UserAgentFamily,
};
use rand::TryCryptoRng;

fn full() -> TokenRecord {
    TokenRecord {
        id: "0123456789abcdef".parse().unwrap(),
        name: "ci".parse().unwrap(),
        description: Some("what for".parse().unwrap()),
        owner: "alice".parse().unwrap(),
        created_by: Actor::Bootstrap,
        via: Some(Provenance::shortened("github:acme/billing@refs/heads/main")),
        counted: true,
        created_at: Timestamp::from_millis(1_700_000_000_123),
        expires_at: Some(Timestamp::from_seconds(1_800_000_000)),
        revoked: Some(Revocation {
            at: Timestamp::from_seconds(1_790_000_000),
            by: Actor::Session("alice".parse().unwrap()),
            grounds: RevocationDetails {
                reason: Some(RevokeReason::Leaked),
                comment: Some("in a log".parse().unwrap()),
            },
        }),
        disabled: Some(DisabledState {
            at: Timestamp::from_seconds(1_780_000_000),
            by: None,
            why: DisableReason::SecretReuse,
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
        last_used: Some(LastUse {
            at: Timestamp::from_seconds(1_762_000_000),
            source_ip: Some("192.0.2.7".parse().unwrap()),
            agent: UserAgentFamily::from_header("curl/8.5"),
        }),
        approvals: TokenApprovals {
            pending: vec![approval().to_pending()],
            live: vec![decided().to_live().unwrap()],
            requests: Some((Day(20_000), 2)),
        },
        version: 1,
    }
}

fn approval() -> Approval {
    let created_at = Timestamp::from_millis(1_700_000_000_123);
    Approval { uses: ApprovalUses::Once, created_at, ..crate::token::approval::tests::approval() }
}

fn decided() -> Approval {
    let decision = ApprovalDecision {
        approved: true,
        at: Timestamp::from_seconds(1_700_000_060),
        by: Actor::Session("bob".parse().unwrap()),
        comment: Some("the canary only".parse().unwrap()),
    };
    let ended = Some((Timestamp::from_seconds(1_700_000_080), Actor::Bootstrap));
    let used_at = Some(Timestamp::from_seconds(1_700_000_070));
    Approval { decision: Some(decision), valid_for_seconds: 300, used_at, ended, ..approval() }
}

/// The item of an approval after its decision, use and end.
fn decided_item() -> Item {
    let decided = decided();
    let mut item = new_approval(&approval(), Timestamp::from_seconds(9));
    item.insert(DECISION.to_owned(), decision(decided.decision.as_ref().unwrap(), 300));
    item.insert(USED_AT.to_owned(), seconds(decided.used_at.unwrap()));
    let (at, by) = decided.ended.unwrap();
    item.insert(ENDED.to_owned(), ended(at, &by));
    item
}

#[test]
fn an_encoded_approval_decodes_to_the_same_approval() {
    let new = new_approval(&approval(), Timestamp::from_seconds(9));
    assert_eq!(super::approval(&(&new).into()).unwrap(), approval());
    assert_eq!(super::approval(&(&decided_item()).into()).unwrap(), decided());
    assert_eq!(approval_id_of(&new), Some(approval().id));
    // It is in the list of approvals, and in no list of tokens.
    assert_eq!(new["sk"], string("APPROVAL"));
    assert!(!new.contains_key(OWNER));
}

#[test]
fn a_garbled_approval_is_an_error_never_a_default() {
    let whole = decided_item();
    for attribute in ["pk", CREATED_AT, REQUEST, DECISION, USED_AT, ENDED] {
        let mut garbled = whole.clone();
        garbled.insert(attribute.to_owned(), AttributeValue::Bool(true));
        assert!(super::approval(&(&garbled).into()).is_err(), "garbled {attribute}");
    }
    for group in [REQUEST, DECISION, ENDED] {
        for field in field_of(&mut whole.clone(), group).keys() {
            let mut garbled = whole.clone();
            field_of(&mut garbled, group).insert(field.clone(), AttributeValue::Null(true));
            assert!(super::approval(&(&garbled).into()).is_err(), "garbled {group}.{field}");
        }
    }
}

#[test]
fn a_garbled_approval_in_a_record_is_an_error_never_a_default() {
    let whole = new_token(&full(), &some_digest(), 30);
    for list in ["pending", "live"] {
        let AttributeValue::L(entries) = field_of(&mut whole.clone(), APPROVALS)[list].clone() else { panic!() };
        let AttributeValue::M(entry) = entries[0].clone() else { panic!() };
        for field in entry.keys() {
            let mut garbled = whole.clone();
            let mut entry = entry.clone();
            entry.insert(field.clone(), AttributeValue::Null(true));
            field_of(&mut garbled, APPROVALS)
                .insert(list.to_owned(), AttributeValue::L(vec![AttributeValue::M(entry)]));
            assert!(record(&(&garbled).into()).is_err(), "garbled {list}.{field}");
        }
    }
}

fn some_digest() -> TokenDigest {
    fn drawn(mut rng: impl TryCryptoRng) -> TokenDigest {
        crate::secret::PlaintextToken::generate(&"pcl".parse().unwrap(), &mut rng).ok().unwrap().digest()
    }
    drawn(rand::rngs::SysRng)
}

#[test]
fn an_encoded_record_decodes_to_the_same_record() {
    let digest = some_digest();
    let item = new_token(&full(), &digest, 30);
    assert_eq!(record(&(&item).into()).unwrap(), full());
    assert!(credential(&(&item).into()).unwrap().secrets.current.ct_eq(&digest));
}

#[test]
fn encoded_secrets_decode_to_the_same_secrets() {
    let at = Timestamp::from_seconds;
    let first = SecretHistory { current: some_digest(), superseded: Vec::new() };
    let all = first.rotate(some_digest(), None).rotate(some_digest(), Some(at(500)));
    let keys = [5, 6].map(|second| RotationKey { digest: some_digest(), at: at(second) });
    let mut item = new_token(&full(), &some_digest(), 30);
    item.insert(SECRETS.to_owned(), secrets(&all, &[&keys[0], &keys[1]]));
    item.insert(REUSE.to_owned(), reuse(at(7)));
    let read = credential(&(&item).into()).unwrap();
    assert_eq!(read.reuse_seen_at, Some(at(7)));
    let read_back = read.rotation_keys.iter().zip(&keys);
    assert!(read_back.clone().count() == 2 && read_back.clone().all(|(a, b)| a.at == b.at));
    assert!(read_back.clone().all(|(a, b)| a.digest.ct_eq(&b.digest)));
    let until: Vec<_> = read.secrets.superseded.iter().map(|one| one.until.seconds()).collect();
    assert_eq!(until, [500, 0]);
    assert!(read.secrets.superseded.iter().zip(&all.superseded).all(|(a, b)| a.digest.ct_eq(&b.digest)));
    for attribute in [SECRETS, REUSE] {
        let mut garbled = item.clone();
        garbled.insert(attribute.to_owned(), AttributeValue::Bool(true));
        assert!(credential(&(&garbled).into()).is_err(), "garbled {attribute}");
    }
    for field in ["digest", "superseded", "rotation_keys"] {
        let mut shorn = item.clone();
        field_of(&mut shorn, SECRETS).remove(field);
        assert!(credential(&(&shorn).into()).is_err(), "lost {field}");
    }
}

fn usage_item(id: &TokenId, made: &PermissionUse, day: Day) -> Item {
    let mut item = usage_key(id);
    item.extend(first_use(made, day, Timestamp::from_seconds(9)).map(|(name, value)| (name.to_owned(), value)));
    item
}

#[test]
fn an_encoded_usage_decodes_to_the_same_usage() {
    let (id, made) = ("0123456789abcdef".parse().unwrap(), PermissionUse::from_stored("app:read app/billing").unwrap());
    let day = Day(20_000);
    let mut item = usage_item(&id, &made, day);
    assert_eq!(uses(Some(&(&item).into()), &full().grants).unwrap().last(&made), Some(day));
    assert_eq!(uses(None, &full().grants).unwrap().last(&made), None);
    field_of(&mut item, USES).insert("app:read x".to_owned(), string("today"));
    assert!(uses(Some(&(&item).into()), &full().grants).is_err());
}

#[test]
fn a_denial_that_this_release_cannot_read_is_left_out() {
    let id = "0123456789abcdef".parse().unwrap();
    let mut item = usage_item(&id, &PermissionUse::from_stored("app:read app/billing").unwrap(), Day(20_000));
    assert_eq!(denials(Some(&(&item).into())), []);
    let at = Timestamp::from_seconds(9);
    let known = Denial::from_stored("app:write", "app/billing", "resource_not_granted", at).unwrap();
    let mut later = denial(&known);
    let AttributeValue::M(fields) = &mut later else { panic!("{later:?}") };
    fields.insert("reason".to_owned(), string("ip_not_allowed"));
    let entries = [(known.key(), denial(&known)), ("a later one".to_owned(), later), ("none".to_owned(), string("x"))];
    item.insert(DENIALS.to_owned(), AttributeValue::M(entries.into()));
    assert_eq!(denials(Some(&(&item).into())), [known]);
}

#[test]
fn an_event_decodes_even_if_a_later_version_wrote_it() {
    let mut happened = Event {
        id: "01K0000000000000000000000A".to_owned(),
        at: Timestamp::from_millis(1_700_000_000_123),
        kind: "revoked".to_owned(),
        by: EventOrigin {
            actor: Some(Actor::Bootstrap),
            source_ip: Some("2001:db8::1".parse().unwrap()),
            agent: UserAgentFamily::from_header("curl/8"),
        },
        detail: serde_json::json!({"reason": "leaked"}),
    };
    let item = event(&full(), &happened, Timestamp::from_seconds(9));
    assert_eq!(read_event(&(&item).into()).unwrap(), happened);
    assert_eq!(event_and_token(&(&item).into()).unwrap(), (full().id, full().owner, happened.clone()));
    assert_eq!(item[DAY], string("2023-11-14"));
    let mut later = item;
    later.insert("by".to_owned(), string("planet:mars"));
    happened.by.actor = None;
    assert_eq!(read_event(&(&later).into()).unwrap(), happened);
}

fn field_of<'a>(item: &'a mut Item, group: &str) -> &'a mut Item {
    match item.get_mut(group) {
        Some(AttributeValue::M(fields)) => fields,
        other => panic!("{group} is {other:?}"),
    }
}

#[test]
fn a_missing_or_invalid_attribute_is_an_error_never_a_default() {
    let whole = new_token(&full(), &some_digest(), 30);
    for attribute in ["pk", OWNER, CREATED_AT, VERSION, ORIGIN, SETTINGS] {
        let mut lost = whole.clone();
        lost.remove(attribute);
        assert!(record(&(&lost).into()).is_err(), "lost {attribute}");
    }
    for attribute in RECORD_ATTRIBUTES.iter().filter(|name| **name != "sk") {
        let mut garbled = whole.clone();
        garbled.insert((*attribute).to_owned(), AttributeValue::Bool(true));
        assert!(record(&(&garbled).into()).is_err(), "garbled {attribute}");
    }
    for (group, field) in [
        (ORIGIN, "created_by"),
        (ORIGIN, "counted"),
        (SETTINGS, "name"),
        (SETTINGS, "grants"),
        (ROTATION, "at"),
        (DISABLED, "at"),
        (DISABLED, "why"),
        (REVOKED, "at"),
        (REVOKED, "by"),
        (LAST_USE, "at"),
        (APPROVALS, "pending"),
        (APPROVALS, "live"),
        (APPROVALS, "requests"),
    ] {
        let mut lost = whole.clone();
        field_of(&mut lost, group).remove(field);
        assert!(record(&(&lost).into()).is_err(), "lost {group}.{field}");
    }
    for group in [ORIGIN, SETTINGS, ROTATION, DISABLED, REVOKED, LAST_USE, APPROVALS] {
        for field in field_of(&mut whole.clone(), group).keys() {
            let mut garbled = whole.clone();
            field_of(&mut garbled, group).insert(field.clone(), AttributeValue::Null(true));
            assert!(record(&(&garbled).into()).is_err(), "garbled {group}.{field}");
        }
    }
    for emptied in ["grants", "allowed_ips"] {
        let mut without = whole.clone();
        field_of(&mut without, SETTINGS).insert(emptied.to_owned(), AttributeValue::L(Vec::new()));
        assert!(record(&(&without).into()).is_err(), "no {emptied}");
    }
    let mut shorn = whole;
    field_of(&mut shorn, SECRETS).insert("digest".to_owned(), AttributeValue::B(Blob::new(vec![0; 31])));
    assert!(credential(&(&shorn).into()).is_err());
}

#[test]
fn a_stored_record_stays_readable_under_stricter_rules() {
    let mut old = new_token(&full(), &some_digest(), 30);
    old.insert(OWNER.to_owned(), string("a\u{202e}b \u{feff}"));
    let settings = field_of(&mut old, SETTINGS);
    for field in ["name", "description"] {
        settings.insert(field.to_owned(), string("a\u{202e}b \u{feff}"));
    }
    let map = HashMap::from([
        ("permissions".to_owned(), AttributeValue::L(vec![string(format!("{}:read", "a_b1".repeat(40)))])),
        ("resources".to_owned(), AttributeValue::L(vec![string("app;v=1/x")])),
    ]);
    settings.insert("grants".to_owned(), AttributeValue::L(vec![AttributeValue::M(map)]));
    assert!(record(&(&old).into()).is_ok());
}

/// The names in a list of `Mappings.Attributes` in the template.
fn in_the_template(kind: &str, list: &str) -> BTreeSet<String> {
    let template = include_str!("../../../../template.yaml");
    let (_, attributes) = template.split_once("\nMappings:\n  Attributes:\n").unwrap();
    let (_, lists) = attributes.split_once(&format!("    {kind}:\n")).unwrap();
    let (_, names) = lists.split_once(&format!("      {list}:")).unwrap();
    let (names, _) = names.split_once(']').unwrap();
    names.trim().trim_start_matches('[').split(',').map(|name| name.trim().to_owned()).collect()
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_templates_attribute_lists_match_the_constants() {
    let digest = some_digest();
    assert_eq!(in_the_template("Record", "Shown"), names(RECORD_ATTRIBUTES));
    assert_eq!(in_the_template("Record", "Credential"), names(CREDENTIAL_ATTRIBUTES));
    assert_eq!(in_the_template("Event", "Shown"), names(EVENT_ATTRIBUTES));
    let by = EventOrigin {
        actor: Some(Actor::Bootstrap),
        source_ip: full().last_used.unwrap().source_ip,
        agent: UserAgentFamily::from_header("curl/8"),
    };
    let at = Timestamp::from_seconds(9);
    let happened = Event { id: "x".to_owned(), at, kind: "k".to_owned(), by, detail: serde_json::json!({}) };
    let written = event(&full(), &happened, at);
    assert_eq!(in_the_template("Event", "Written"), names(written.keys().map(String::as_str)));
    let made = TokenRecord { revoked: None, disabled: None, rotated_at: None, last_used: None, ..full() };
    let made = TokenRecord { approvals: TokenApprovals::default(), ..made };
    let made = new_token(&made, &digest, 30);
    let first = event(&full(), &Event { detail: serde_json::Value::Null, ..happened }, at);
    let created: BTreeSet<_> = made.keys().chain(first.keys()).map(String::as_str).collect();
    assert_eq!(in_the_template("Record", "Created"), names(created));
    assert_eq!(in_the_template("Approval", "Shown"), names(APPROVAL_ATTRIBUTES));
    assert_eq!(in_the_template("Approval", "Used"), names(APPROVAL_USE_ATTRIBUTES));
    let requested = new_approval(&approval(), at);
    let requested: BTreeSet<_> = requested.keys().chain(written.keys()).map(String::as_str).collect();
    assert_eq!(in_the_template("Approval", "Requested"), names(requested));
}

/// Size in bytes, as
/// [DynamoDB counts it](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::L(list) => 3 + list.iter().map(|one| 1 + size(one)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, one)| 1 + name.len() + size(one)).sum::<usize>(),
        other => panic!("{other:?} is not stored"),
    }
}

fn size_of(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

#[test]
fn a_record_with_20_grants_takes_one_read_unit() {
    let grant = |at: usize| Grant {
        permissions: ["read", "write", "deploy"].map(|action| format!("service-{at}:{action}").parse().unwrap()).into(),
        resources: vec![format!("services/team-{at}/production").parse().unwrap()],
    };
    let grants = (0..20).map(grant).collect::<Vec<_>>().into();
    let mut item = new_token(&TokenRecord { grants, ..full() }, &some_digest(), 30);
    let rotated = (0..10).fold(SecretHistory { current: some_digest(), superseded: Vec::new() }, |secrets, _| {
        secrets.rotate(some_digest(), None)
    });
    item.insert(SECRETS.to_owned(), secrets(&rotated, &[]));
    item.insert(REUSE.to_owned(), reuse(Timestamp::from_seconds(1_800_000_000)));
    // One read unit covers a consistent read of 4 KB.
    assert!(size_of(&item) <= 4096, "{} bytes", size_of(&item));
}

#[test]
fn a_full_usage_item_stays_far_below_the_size_limit() {
    let longest = |at: usize| PermissionUse {
        permission: format!("{:a<50}:{at:b>49}", "").parse().unwrap(),
        resource: "r".repeat(64).parse().unwrap(),
    };
    let key = longest(0).key();
    let mut item = usage_item(&full().id, &longest(0), Day(20_000));
    let one = 1 + key.len() + size(&number(20_000));
    field_of(&mut item, USES).clear();
    let denied = |at: usize| {
        let resource = format!("{at}{}", "\u{10348}".repeat(255));
        let time = Timestamp::from_seconds(1_900_000_000);
        let permission = longest(at).permission.to_string();
        let denied = Denial::from_stored(&permission, &resource, "resource_not_granted", time).unwrap();
        (denied.key(), denial(&denied))
    };
    item.insert(DENIALS.to_owned(), AttributeValue::M((0..MAX_DENIALS).map(denied).collect()));
    let full = size_of(&item) + crate::authz::MAX_USES * one;
    assert!(full < 200 * 1024, "{full} bytes");
    let long = PermissionUse { resource: "r".repeat(256).parse().unwrap(), ..longest(0) };
    assert!(long.key().len() < key.len(), "a longer name takes no more space");
}

#[test]
fn only_the_digest_of_a_secret_is_stored() {
    let secret = crate::secret::PlaintextToken::generate(&"pcl".parse().unwrap(), &mut rand::rngs::SysRng).unwrap();
    let record = TokenRecord { id: secret.id().clone(), ..full() };
    let stored = format!("{:?}", new_token(&record, &secret.digest(), 30));
    let hidden = &secret.expose_secret()["pcl_".len() + 16..];
    assert!(!stored.contains(&hidden[..6]) && !stored.contains(&hidden[37..]));
}
