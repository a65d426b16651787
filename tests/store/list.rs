//! Lists, read from the indexes.

use portcullis::clock::Timestamp;
use portcullis::store::{Filter, ListCursor, MAX_PER_PAGE, Scope, StatusChange, UpdateOutcome};
use portcullis::text::OwnerId;
use portcullis::token::{Actor, DisableReason, LastUse, Status, TokenRecord};

use super::observed::Observed;
use super::{DAY, LIMITS, Limits, Sample, Table, alice, bob, by_whom, clock_at, delete, now, revoke};

pub(super) fn all_of(scope: Scope) -> Filter {
    Filter { scope, status: None, after: None, idle_since: None, max_idle_days: 0, limit: MAX_PER_PAGE, now: now() }
}

/// `count` tokens of an owner, one per second up to now; newest first.
async fn several(table: &Table, owner: &OwnerId, count: i64) -> Vec<TokenRecord> {
    let begin = now().plus_seconds(-count);
    let mut records = Vec::new();
    for second in 0..count {
        // Without the limit of live tokens.
        let Sample { record, digest } = Sample::owned_by(owner).made_at(begin.plus_seconds(second));
        let no_limit = Limits { live_tokens: 0, ..LIMITS };
        table.tokens.create(&record, &digest, &by_whom(), &clock_at(record.created_at), no_limit).await.unwrap();
        records.insert(0, TokenRecord { counted: false, ..record });
    }
    records
}

/// Every page of a list, once the eventually consistent index has `count` tokens.
async fn pages(table: &Table, filter: &Filter, count: usize) -> Vec<Vec<TokenRecord>> {
    for _ in 0..200 {
        let mut pages = Vec::new();
        let mut filter = filter.clone();
        loop {
            let page = table.tokens.list(&filter).await.unwrap();
            pages.push(page.tokens);
            assert!(pages.len() < 1000, "a cursor leads on");
            // Encoded and decoded, as for a caller.
            let next =
                page.next.map(|cursor| ListCursor::decode(&cursor.encode(&filter.scope), &filter.scope).unwrap());
            match next {
                Some(cursor) => filter.after = Some(cursor),
                None => break,
            }
        }
        if pages.iter().map(Vec::len).sum::<usize>() >= count {
            return pages;
        }
    }
    panic!("the index never showed {count} tokens");
}

async fn listed(table: &Table, filter: &Filter, count: usize) -> Vec<TokenRecord> {
    pages(table, filter, count).await.concat()
}

#[tokio::test]
async fn a_list_is_newest_first_for_one_owner_or_all() {
    let table = Table::fresh().await;
    let (hers, his) = (several(&table, &alice(), 3).await, several(&table, &bob(), 3).await);
    assert_eq!(listed(&table, &all_of(Scope::Owner(alice())), 3).await, hers);
    assert_eq!(listed(&table, &all_of(Scope::Owner(bob())), 3).await, his);
    let mut everyones = [hers, his].concat();
    everyones.sort_by_key(|record| std::cmp::Reverse(record.created_at));
    let all = listed(&table, &all_of(Scope::Everyone), 6).await;
    assert_eq!(
        all.iter().map(|r| r.created_at).collect::<Vec<_>>(),
        everyones.iter().map(|r| r.created_at).collect::<Vec<_>>()
    );
    assert!(everyones.iter().all(|record| all.contains(record)));
    let nobody = Scope::Owner("nobody".parse().unwrap());
    assert_eq!(listed(&table, &all_of(nobody), 0).await, []);
}

#[tokio::test]
async fn paging_shows_every_token_once_for_any_page_size() {
    let table = Table::fresh().await;
    let records = several(&table, &alice(), 7).await;
    for scope in [Scope::Owner(alice()), Scope::Everyone] {
        for limit in [1, 2, 3, 6, 7, 8] {
            let filter = Filter { limit, ..all_of(scope.clone()) };
            let pages = pages(&table, &filter, 7).await;
            assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
            assert_eq!(pages.len(), 7_usize.div_ceil(limit), "no empty page at the end of pages of {limit}");
            assert_eq!(pages.concat(), records, "pages of {limit}");
        }
    }
}

#[tokio::test]
async fn a_page_reads_one_record_more_than_it_has() {
    let table = Table::in_process().await;
    several(&table, &alice(), 9).await;
    let observed = Observed::new(&table).await;
    for (scope, limit) in [(Scope::Owner(alice()), 1), (Scope::Owner(alice()), 4), (Scope::Everyone, 4)] {
        let page = observed.tokens.list(&Filter { limit, ..all_of(scope) }).await.unwrap();
        let calls = observed.take();
        let operations: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
        let records = calls[1].request["RequestItems"][&table.name]["Keys"].as_array().unwrap();
        assert_eq!((page.tokens.len(), operations), (limit, vec!["Query", "BatchGetItem"]));
        assert_eq!(records.len(), limit + 1);
    }
}

#[tokio::test]
async fn paging_shows_tokens_of_the_same_moment_once_each() {
    let table = Table::fresh().await;
    let moment = now();
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(Sample::owned_by(&alice()).made_at(moment).in_table(&table).await.id);
    }
    ids.sort();
    for scope in [Scope::Owner(alice()), Scope::Everyone] {
        for limit in [1, 2, 3] {
            let found = listed(&table, &Filter { limit, ..all_of(scope.clone()) }, 7).await;
            let mut found: Vec<_> = found.into_iter().map(|record| record.id).collect();
            found.sort();
            assert_eq!(found, ids);
        }
    }
}

#[tokio::test]
async fn a_status_filter_agrees_with_each_records_status() {
    let table = Table::fresh().await;
    let at = now().truncated_to_seconds();
    let ends = [None, Some(at.plus_seconds(-1)), Some(at), Some(at.plus_seconds(1)), Some(at.plus_seconds(60))];
    let mut records = Vec::new();
    let each = |end| [(end, false, false), (end, true, false), (end, false, true), (end, true, true)];
    for (second, (end, revoked, disabled)) in (0_i64..).zip(ends.into_iter().flat_map(each)) {
        // Half of them are old.
        let sample = Sample::owned_by(&alice()).made_at(at.plus_seconds(second - 100 - (second / 2 % 2) * 40 * DAY));
        let Sample { record, digest } = match end {
            Some(end) => sample.until(end),
            None => sample,
        };
        let no_limit = Limits { live_tokens: 0, ..LIMITS };
        table.tokens.create(&record, &digest, &by_whom(), &clock_at(record.created_at), no_limit).await.unwrap();
        if disabled {
            let (actor, by, clock) = (&Actor::Bootstrap, &by_whom(), &clock_at(at));
            let change = StatusChange { seen: &record, actor, by, clock, limits: LIMITS };
            let disabled = table.tokens.disable(&change, DisableReason::Owner, None).await.unwrap();
            assert!(matches!(disabled, UpdateOutcome::Done(_)));
        }
        if revoked {
            revoke(&table.tokens, &record.id, &Actor::Bootstrap, at, 30).await.unwrap();
        }
        records.push(table.tokens.get(&record.id).await.unwrap().unwrap());
    }
    records.sort_by_key(|record| std::cmp::Reverse(record.created_at));
    for max_idle_days in [0, 30] {
        for status in [Status::Active, Status::Expired, Status::Revoked, Status::Disabled] {
            let is = |record: &&TokenRecord| record.state(at, max_idle_days).status() == status;
            let expected: Vec<_> = records.iter().filter(is).cloned().collect();
            assert!(expected.len() >= 2, "{status:?}");
            for limit in [1, 2, 100] {
                let scope = Scope::Owner(alice());
                let filter = Filter { status: Some(status), max_idle_days, limit, now: at, ..all_of(scope) };
                let found = listed(&table, &filter, expected.len()).await;
                assert_eq!(found, expected, "{status:?} with {max_idle_days} in pages of {limit}");
            }
        }
    }
}

#[tokio::test]
async fn an_idle_filter_agrees_with_each_record() {
    let table = Table::fresh().await;
    let at = now().truncated_to_seconds();
    let ago = |days: i64| at.plus_seconds(-days * DAY);
    let mut records = Vec::new();
    for (made, used, enabled, rotated) in [
        (100, None, None, None),
        (100, Some(90), None, None),
        (100, Some(89), None, None),
        (100, None, Some(10), None),
        (100, Some(95), None, Some(89)),
        (100, Some(95), Some(91), Some(90)),
        (90, None, None, None),
        (89, None, None, None),
    ] {
        let mut sample = Sample::owned_by(&alice()).made_at(ago(made));
        sample.record.enabled_at = enabled.map(ago);
        sample.record.rotated_at = rotated.map(ago);
        sample.record.last_used = used.map(|days| LastUse { at: ago(days), source_ip: None, agent: None });
        records.push(sample.in_table(&table).await);
    }
    let since = ago(90);
    let mut expected: Vec<_> = records.iter().filter(|record| record.last_activity() <= since).cloned().collect();
    assert_eq!(expected.len(), 4);
    let filter = Filter { idle_since: Some(since), ..all_of(Scope::Owner(alice())) };
    let mut found = listed(&table, &filter, expected.len()).await;
    expected.sort_by_key(|record| record.id.clone());
    found.sort_by_key(|record| record.id.clone());
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_filter_with_few_matches_finds_all_of_them() {
    let table = Table::fresh().await;
    let records = several(&table, &alice(), 60).await;
    let mut expected = Vec::new();
    for record in [&records[0], &records[41], &records[59]] {
        expected.push(revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap());
    }
    for scope in [Scope::Owner(alice()), Scope::Everyone] {
        let filter = Filter { status: Some(Status::Revoked), limit: 2, ..all_of(scope) };
        let pages = pages(&table, &filter, 3).await;
        assert!(pages.iter().all(|page| page.len() <= 2));
        assert_eq!(pages.concat(), expected);
    }
}

#[tokio::test]
async fn a_cursor_stays_valid_after_its_token_is_deleted() {
    let table = Table::fresh().await;
    let records = several(&table, &alice(), 4).await;
    for scope in [Scope::Owner(alice()), Scope::Everyone] {
        listed(&table, &all_of(scope.clone()), 3).await;
        let first = table.tokens.list(&Filter { limit: 2, ..all_of(scope.clone()) }).await.unwrap();
        delete(&table.tokens, &first.tokens[1].id).await.unwrap();
        let rest = Filter { after: first.next, ..all_of(scope) };
        let rest = table.tokens.list(&rest).await.unwrap().tokens;
        assert_eq!(rest.last(), records.last());
        assert!(!rest.contains(&first.tokens[0]) && !rest.contains(&first.tokens[1]));
    }
}

#[tokio::test]
async fn tokens_created_while_paging_do_not_shift_pages() {
    let table = Table::fresh().await;
    let records = several(&table, &alice(), 4).await;
    let owned = all_of(Scope::Owner(alice()));
    listed(&table, &owned, 4).await;
    let first = table.tokens.list(&Filter { limit: 2, ..owned.clone() }).await.unwrap();
    let newer = Sample::owned_by(&alice()).made_at(Timestamp::from_millis(now().millis() + 1)).in_table(&table).await;
    listed(&table, &owned, 5).await;
    let second = table.tokens.list(&Filter { after: first.next, ..owned }).await.unwrap();
    assert_eq!([first.tokens, second.tokens].concat(), records);
    assert!(!records.contains(&newer));
}
