//! The table's contents, and whether they are consistent.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::store::fixture::{Item, Table};

/// A token's record.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) owner: String,
    pub(super) version: u64,
    /// The identity that was exchanged for it.
    pub(super) via: Option<String>,
    pub(super) is_revoked: bool,
    pub(super) is_disabled: bool,
    pub(super) was_used: bool,
    /// In seconds; 0 if it never expires.
    expires_at: i64,
    is_counted: bool,
    /// IDs of the pending and of the live approvals.
    approvals: [BTreeSet<String>; 2],
}

/// A request for approval.
#[derive(Debug)]
pub(super) struct Approval {
    token: String,
    /// Whether it was approved (true) or rejected.
    pub(super) decision: Option<bool>,
    pub(super) is_ended: bool,
}

/// A token's event.
#[derive(Debug)]
struct Event {
    kind: String,
    /// Whether the event came with a change of the version.
    changed_record: bool,
}

/// The contents of a table.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) records: BTreeMap<String, Record>,
    /// The events of each token, oldest first.
    events: BTreeMap<String, Vec<Event>>,
    /// The slots of each owner.
    slots: BTreeMap<String, BTreeMap<String, i64>>,
    identities: usize,
    pub(super) approvals: BTreeMap<String, Approval>,
    pub(super) catalog_version: u64,
    catalog_versions: BTreeSet<u64>,
}

impl Snapshot {
    pub(super) async fn of(table: &Table) -> Self {
        let mut snapshot = Self::default();
        let mut pages = table.client.scan().table_name(&table.name).consistent_read(true).into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.unwrap().items.unwrap_or_default() {
                snapshot.add(&item);
            }
        }
        snapshot
    }

    fn add(&mut self, item: &Item) {
        let (pk, sk) = (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
        let of = |prefix| pk.strip_prefix(prefix).map(str::to_owned);
        let version = || number(&item["version"]).unsigned_abs();
        match (of("TOKEN#"), of("OWNER#")) {
            (Some(id), _) if sk == "TOKEN" => drop(self.records.insert(id, Record::read(item))),
            // A scan returns a token's events in the order of their keys.
            (Some(id), _) => self.events.entry(id).or_default().push(Event::read(item)),
            (_, Some(owner)) => {
                let slots = item["live"].as_m().unwrap().iter();
                self.slots.insert(owner, slots.map(|(id, until)| (id.clone(), number(until))).collect());
            }
            _ if sk == "JTI" => self.identities += 1,
            _ if sk == "APPROVAL" => {
                let decision = item
                    .get("decision")
                    .map(|decision| decision.as_m().unwrap()["approved"] == AttributeValue::Bool(true));
                let approval = Approval {
                    token: item["request"].as_m().unwrap()["token"].as_s().unwrap().clone(),
                    decision,
                    is_ended: item.contains_key("ended"),
                };
                self.approvals.insert(of("APPROVAL#").unwrap(), approval);
            }
            _ if sk == "CATALOG" => self.catalog_version = version(),
            _ if pk == "CATALOG_VERSIONS" => drop(self.catalog_versions.insert(version())),
            // The usage and its counts decide nothing.
            _ => assert!(pk.starts_with("USAGE#"), "{pk}"),
        }
    }

    /// Whether the token is neither revoked, disabled nor deleted.
    pub(super) fn is_live(&self, id: &str) -> bool {
        self.records.get(id).is_some_and(|record| !record.is_revoked && !record.is_disabled)
    }

    /// Number of tokens of an owner, or of an exchanged identity with this reference.
    pub(super) fn tokens_of(&self, owner: &str) -> usize {
        let is_theirs = |record: &&Record| {
            record.owner == owner || record.via.as_ref().is_some_and(|via| via.ends_with(&format!("@{owner}")))
        };
        self.records.values().filter(is_theirs).count()
    }

    /// Number of a token's requests for approval.
    pub(super) fn approvals_of(&self, token: &str) -> usize {
        self.approvals.values().filter(|approval| approval.token == token).count()
    }

    /// What contradicts that each change was written whole: record, event, slot and identity, or nothing; and a catalog
    /// with its version.
    pub(super) fn contradictions(&self, limit: u32) -> Vec<String> {
        let mut found = Vec::new();
        if !self.catalog_versions.iter().copied().eq(1..=self.catalog_version) {
            found.push(format!("catalog {} has the versions {:?}", self.catalog_version, self.catalog_versions));
        }
        for (id, record) in &self.records {
            let events: &[Event] = self.events.get(id).map_or(&[], Vec::as_slice);
            let has = |kind: &str| events.iter().any(|event| event.kind == kind);
            let changes = events.iter().filter(|event| event.changed_record).count() as u64;
            let switched =
                events.iter().rfind(|event| event.changed_record && !matches!(&*event.kind, "updated" | "rotated"));
            let is_disabled = switched.is_some_and(|event| matches!(&*event.kind, "disabled" | "secret_reuse"));
            let agrees = record.version == changes
                && has("created")
                && record.is_revoked == has("revoked")
                && (record.is_revoked || record.is_disabled == is_disabled)
                && record.was_used == has("first_used")
                && !has("deleted");
            if !agrees {
                found.push(format!("{id}: {record:?} does not agree with {events:?}"));
            }
            let slot = self.slots.get(&record.owner).and_then(|slots| slots.get(id));
            if record.is_counted && !record.is_revoked && slot != Some(&record.expires_at) {
                found.push(format!("{id}: {record:?} has the slot {slot:?}"));
            }
        }
        for id in self.events.keys().filter(|id| !self.records.contains_key(*id)) {
            if !self.events[id].iter().any(|event| event.kind == "deleted") {
                found.push(format!("{id}: events {:?} of no token", self.events[id]));
            }
        }
        for (owner, slots) in self.slots.iter().filter(|(_, slots)| slots.len() > limit as usize) {
            found.push(format!("{owner}: {slots:?} exceed the limit"));
        }
        for (id, approval) in &self.approvals {
            let [is_pending, is_live] = self.records[&approval.token].approvals.each_ref().map(|ids| ids.contains(id));
            let Approval { decision, is_ended, .. } = approval;
            let steps = 1 + usize::from(decision.is_some()) + usize::from(*is_ended);
            let events: &[Event] = self.events.get(&approval.token).map_or(&[], Vec::as_slice);
            let events = events.iter().filter(|event| event.kind.starts_with("approval_")).count();
            let agrees =
                is_pending == (!is_ended && decision.is_none()) && is_live == (!is_ended && *decision == Some(true));
            if !agrees || events != steps {
                found.push(format!("{id}: {approval:?} is pending {is_pending}, live {is_live}, with {events} events"));
            }
        }
        let exchanged = self.records.values().filter(|record| record.via.is_some()).count();
        if exchanged != self.identities {
            found.push(format!("{exchanged} tokens for {} identities", self.identities));
        }
        found
    }
}

impl Record {
    fn read(item: &Item) -> Self {
        let (origin, settings) = (item["origin"].as_m().unwrap(), item["settings"].as_m().unwrap());
        Self {
            owner: item["owner"].as_s().unwrap().clone(),
            version: number(&item["version"]).unsigned_abs(),
            via: origin.get("via").map(|via| via.as_s().unwrap().clone()),
            is_revoked: item.contains_key("revoked"),
            is_disabled: item.contains_key("disabled"),
            was_used: item.contains_key("last_use"),
            expires_at: settings.get("expires_at").map_or(0, number),
            is_counted: *origin["counted"].as_bool().unwrap(),
            approvals: ["pending", "live"].map(|list| {
                let entries = item.get("approvals").map(|group| group.as_m().unwrap()[list].as_l().unwrap().clone());
                let id = |entry: &AttributeValue| entry.as_m().unwrap()["id"].as_s().unwrap().clone();
                entries.unwrap_or_default().iter().map(id).collect()
            }),
        }
    }
}

impl Event {
    fn read(item: &Item) -> Self {
        let kind = item["kind"].as_s().unwrap().clone();
        let detail = item.get("detail").map(|detail| serde_json::from_str::<Value>(detail.as_s().unwrap()).unwrap());
        let changed_record = match &*kind {
            "first_used" => false,
            step if step.starts_with("approval_") => false,
            "secret_reuse" => detail.unwrap()["disabled"] == true,
            _ => true,
        };
        Self { kind, changed_record }
    }
}

fn number(value: &AttributeValue) -> i64 {
    value.as_n().unwrap().parse().unwrap()
}
