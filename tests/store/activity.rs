//! The activity of the whole deployment.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::clock::{Day, Timestamp};
use portcullis::store::{Activity, ActivityCursor, ActivityFilter, new_approval_id};
use portcullis::text::OwnerId;
use portcullis::token::Actor;
use ulid::Ulid;

use super::{DAY, LIMITS, Sample, Table, alice, bob, delete, now, revoke};

/// Whether a filter matches an event.
type Shown<'a> = &'a dyn Fn(&Activity) -> bool;

fn since(days: i64) -> ActivityFilter {
    let now = now();
    let from = now.plus_seconds(-days * DAY);
    ActivityFilter { from, to: now, kind: None, actor: None, owner: None, after: None, limit: 100 }
}

/// Every page of the activity, with cursors encoded and decoded.
async fn pages(table: &Table, filter: &ActivityFilter) -> Vec<Vec<Activity>> {
    let (mut pages, mut filter) = (Vec::new(), filter.clone());
    loop {
        let page = table.tokens.activity(&filter).await.unwrap();
        pages.push(page.activities);
        assert!(pages.len() < 1000, "a cursor leads on");
        match page.next {
            Some(next) => filter.after = Some(ActivityCursor::decode(&next.encode()).unwrap()),
            None => return pages,
        }
    }
}

/// Events of several days, tokens and owners; newest first.
async fn several(table: &Table) -> Vec<Activity> {
    let mut made = Vec::new();
    for (days, owner) in [(40, alice()), (3, bob()), (3, alice()), (1, alice()), (0, bob())] {
        let at = now().plus_seconds(-days * DAY - 60);
        made.push(Sample::owned_by(&owner).made_at(at).in_table(table).await);
    }
    revoke(&table.tokens, &made[2].id, &Actor::Session(bob()), now().plus_seconds(-30), 30).await.unwrap();
    delete(&table.tokens, &made[3].id).await.unwrap();
    // An index is eventually consistent; on one machine it is immediate.
    for _ in 0..200 {
        let all = pages(table, &ActivityFilter { to: now(), ..since(60) }).await.concat();
        if all.len() == 7 {
            return all;
        }
    }
    panic!("the index never showed 7 events");
}

#[tokio::test]
async fn the_activity_has_all_events_newest_first_including_deleted_tokens() {
    let table = Table::fresh().await;
    let all = several(&table).await;
    let kinds: Vec<_> = all.iter().map(|one| (one.event.kind.as_str(), one.owner.as_str())).collect();
    let expected = [
        ("deleted", "alice"),
        ("revoked", "alice"),
        ("created", "bob"),
        ("created", "alice"),
        ("created", "alice"),
        ("created", "bob"),
        ("created", "alice"),
    ];
    assert_eq!(kinds, expected);
    assert!(all.is_sorted_by_key(|one| std::cmp::Reverse(one.event.at)));
}

#[tokio::test]
async fn pages_of_any_size_show_each_event_once() {
    let table = Table::fresh().await;
    let all = several(&table).await;
    for limit in [1, 2, 3, 7] {
        let pages = pages(&table, &ActivityFilter { limit, ..since(60) }).await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        assert_eq!(pages.concat(), all, "pages of {limit}");
    }
}

#[tokio::test]
async fn a_filter_shows_only_its_matches() {
    let table = Table::fresh().await;
    let all = several(&table).await;
    let (to, from) = (now().plus_seconds(-DAY), now().plus_seconds(-10 * DAY));
    let filters: [(ActivityFilter, Shown<'_>); 5] = [
        (ActivityFilter { kind: Some("created".to_owned()), ..since(60) }, &|one| one.event.kind == "created"),
        (ActivityFilter { owner: Some(bob()), ..since(60) }, &|one| one.owner == bob()),
        (ActivityFilter { actor: Some("session:bob".to_owned()), ..since(60) }, &|one| {
            one.event.by.actor == Some(Actor::Session(bob()))
        }),
        (ActivityFilter { from, to, ..since(60) }, &|one| (from..=to).contains(&one.event.at)),
        (ActivityFilter { kind: Some("rotated".to_owned()), ..since(60) }, &|_| false),
    ];
    for (filter, expected) in filters {
        let expected: Vec<_> = all.iter().filter(|one| expected(one)).cloned().collect();
        for limit in [1, 100] {
            let found = pages(&table, &ActivityFilter { limit, ..filter.clone() }).await.concat();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}

#[tokio::test]
async fn time_bounds_are_exact_to_the_millisecond() {
    let table = Table::fresh().await;
    let at = Timestamp::from_millis(now().millis() - 5_000);
    Sample::owned_by(&alice()).made_at(at).in_table(&table).await;
    let count = async |from, to| pages(&table, &ActivityFilter { from, to, ..since(1) }).await.concat().len();
    let (before, after) = (Timestamp::from_millis(at.millis() - 1), Timestamp::from_millis(at.millis() + 1));
    assert_eq!([count(at, at).await, count(before, before).await, count(after, after).await], [1, 0, 0]);
    assert_eq!(LIMITS.history_days, 400);
}

#[tokio::test]
async fn a_cursor_works_with_other_bounds_and_names_no_token() {
    let table = Table::fresh().await;
    let all = several(&table).await;
    let first = table.tokens.activity(&ActivityFilter { limit: 3, ..since(60) }).await.unwrap();
    let after = first.next;
    let rest = async |from, to| pages(&table, &ActivityFilter { from, to, after, ..since(60) }).await.concat();
    assert_eq!(rest(since(60).from, all[4].event.at).await, all[4..], "the cursor is newer than the bounds");
    assert_eq!(rest(all[0].event.at, now()).await, [], "the cursor is older than the bounds");
    // An owner learns of another owner's events only that there are more.
    let hers = ActivityFilter { owner: Some(alice()), limit: 1, ..since(60) };
    let mut filter = hers.clone();
    while let Some(next) = table.tokens.activity(&filter).await.unwrap().next {
        let text = URL_SAFE_NO_PAD.decode(next.encode()).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(all.iter().all(|one| !text.contains(one.token.as_str())), "{text}");
        filter.after = Some(next);
    }
}

#[tokio::test]
async fn a_page_names_no_foreign_event_and_no_time_of_one() {
    let table = Table::fresh().await;
    let hour = Timestamp::from_seconds(now().millis() / 3_600_000 * 3600 - 3600);
    let token = Sample::owned_by(&bob()).made_at(hour).in_table(&table).await;
    let first = table.event_items(&token.id).await.pop().unwrap();
    let item = |at: Timestamp, owner: &OwnerId| {
        let text = |text: String| AttributeValue::S(text);
        let mut item = first.clone();
        item.insert("sk".to_owned(), text(format!("EVENT#{}", new_approval_id(at).unwrap())));
        item.insert("day".to_owned(), text(Day::from_timestamp(at).to_string()));
        item.insert("at".to_owned(), AttributeValue::N(at.millis().to_string()));
        item.insert("owner".to_owned(), text(owner.to_string()));
        item
    };
    // One event a second, and 1,200 in the same millisecond; every 1,500th is alice's.
    let crowded = hour.plus_seconds(-2_500);
    let times = (1..2_000).map(|at| hour.plus_seconds(-at)).chain([crowded; 1_200]);
    let owner = |at: usize| if at.is_multiple_of(1_500) { alice() } else { bob() };
    let items: Vec<_> = times.enumerate().map(|(at, time)| item(time, &owner(at))).collect();
    table.put_all(items).await;
    for limit in [1, 2, 100] {
        let mut filter = ActivityFilter { owner: Some(alice()), limit, ..since(3) };
        let (mut seen, mut ends) = (Vec::new(), Vec::new());
        loop {
            let page = table.tokens.activity(&filter).await.unwrap();
            let is_full = page.activities.len() == limit;
            seen.extend(page.activities.into_iter().map(|activity| activity.event));
            filter.after = page.next;
            let Some(next) = page.next else { break };
            let place = URL_SAFE_NO_PAD.decode(next.encode()).unwrap();
            let place = String::from_utf8(place).unwrap()[..26].to_owned();
            if !is_full || seen.last().unwrap().id != place {
                let place = Ulid::from_string(&place).unwrap();
                assert_eq!(place.random(), 0);
                ends.push(i64::try_from(place.timestamp_ms()).unwrap());
            }
        }
        assert!(seen.is_sorted_by(|one, other| one.id > other.id));
        assert_eq!(seen.len(), 3, "pages of {limit}");
        let is_crowded = |end: &i64| (end - crowded.millis()).abs() < 60_000;
        let is_vague = |end: &i64| end % 60_000 == 0 || is_crowded(end);
        assert!(!ends.is_empty() && ends.iter().all(is_vague), "{ends:?}");
    }
}
