//! The contract of `portcullis::store`, on a real DynamoDB engine.
//!
//! Each test has a table of its own, made from `template.yaml`. Where a test has to see
//! what lies in the table, it looks with the SDK, past the store. Times are arguments of
//! the store, so that no test waits for one.

mod catalog;
mod create;
mod end;
mod failing;
mod faults;
mod indexes;
mod limit;
mod list;
mod races;
mod table;
mod tls;
mod touch;
mod ttl;

use portcullis::access::{Grant, Grants, Resource};
use portcullis::clock::{Clock, Timestamp};
use portcullis::store::{Created, Limits, Tokens};
use portcullis::token::{Actor, Digest, OwnerId, Record, Secret};
use rand::rngs::SysRng;

use table::Table;

/// What the template's defaults allow.
const LIMITS: Limits = Limits { live_tokens: 10, retention_days: 30 };
const DAY: i64 = 86_400;

/// A token that is not in any table yet.
struct Sample {
    record: Record,
    digest: Digest,
}

impl Sample {
    /// A token for an owner, made just now, for ever.
    fn of(owner: &OwnerId) -> Self {
        let prefix = "pcl".parse().unwrap();
        let secret = Secret::generate(&prefix, &mut SysRng).unwrap();
        let record = Record {
            id: secret.id().clone(),
            name: "sample".parse().unwrap(),
            description: None,
            owner: owner.clone(),
            created_by: Actor::Bootstrap,
            created_at: now(),
            expires_at: None,
            revoked: None,
            role: Some("cicd".parse().unwrap()),
            grants: vec![
                Grant {
                    permissions: vec!["apps:read".parse().unwrap(), "jobs:*".parse().unwrap()],
                    resources: vec!["apps/billing".parse().unwrap(), "jobs/*".parse().unwrap()],
                },
                Grant { permissions: vec!["*:read".parse().unwrap()], resources: vec!["docs".parse().unwrap()] },
            ]
            .into(),
            last_used_at: None,
            version: 1,
        };
        Self { digest: secret.digest(), record }
    }

    fn made_at(mut self, at: Timestamp) -> Self {
        self.record.created_at = at;
        self
    }

    fn until(mut self, end: Timestamp) -> Self {
        self.record.expires_at = Some(end);
        self
    }

    /// Puts a token that may do everything into a table, and gives the secret.
    async fn with_everything(table: &Table) -> String {
        let secret = Secret::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
        let grants = Grants::one(vec!["*".parse().unwrap()], vec![Resource::All]);
        let record = Record { id: secret.id().clone(), grants, ..Self::of(&alice()).record };
        let sample = Self { digest: secret.digest(), record };
        assert_eq!(sample.try_in(&table.tokens).await, Created::Done);
        secret.reveal().to_owned()
    }

    async fn try_in(&self, tokens: &Tokens) -> Created {
        tokens.create(&self.record, &self.digest, LIMITS).await.unwrap()
    }

    /// Makes it, which must succeed, and gives its record.
    async fn in_table(self, table: &Table) -> Record {
        assert_eq!(self.try_in(&table.tokens).await, Created::Done);
        self.record
    }
}

/// The present: engines clear away what is past its `ttl`, so tokens are made of today.
fn now() -> Timestamp {
    Clock::system().now()
}

fn alice() -> OwnerId {
    "alice".parse().unwrap()
}

fn bob() -> OwnerId {
    "bob".parse().unwrap()
}
