//! The contract of `portcullis::store`, on a real DynamoDB engine.
//!
//! Each test has its own table, made from `template.yaml`. Tests that check the table's contents
//! read it with the SDK. Times are arguments of the store, so no test waits.

mod activity;
mod approvals;
mod capacity;
mod catalog;
mod catalog_versions;
mod change_log;
mod concurrency;
mod contended;
mod create;
mod daily_counts;
mod deadlines;
mod denials;
mod events;
mod fault_injection;
pub(crate) mod fixture;
mod hidden_items;
mod indexes;
mod last_use;
mod list;
mod live_token_limit;
#[cfg(target_os = "linux")]
mod memory;
mod observed;
mod races;
mod revoke_delete;
mod revoke_owner;
mod schema_version;
mod tls;
mod ttl;
pub(crate) mod unavailable;
mod update;

use portcullis::authz::PermissionUse;
use portcullis::clock::{Clock, Timestamp};
use portcullis::grants::{Grant, Grants, Resource};
use portcullis::secret::{PlaintextToken, TokenDigest, TokenId};
use portcullis::store::{ClientInfo, CreateOutcome, DeferredWrite, Error, Limits, StatusChange, TokenStore, Usage};
use portcullis::text::OwnerId;
use portcullis::token::{Actor, EventOrigin, RevocationDetails, TokenRecord, UserAgentFamily};
use rand::rngs::SysRng;

use fixture::Table;

/// The template's default limits.
const LIMITS: Limits = Limits { live_tokens: 10, retention_days: 30, history_days: 400 };
const DAY: i64 = 86_400;

/// A token that is not in any table yet.
struct Sample {
    record: TokenRecord,
    digest: TokenDigest,
}

impl Sample {
    /// A token for an owner, created now, without expiry.
    fn owned_by(owner: &OwnerId) -> Self {
        let prefix = "pcl".parse().unwrap();
        let secret = PlaintextToken::generate(&prefix, &mut SysRng).unwrap();
        let grants = vec![
            Grant {
                permissions: vec!["apps:read".parse().unwrap(), "jobs:*".parse().unwrap()],
                resources: vec!["apps/billing".parse().unwrap(), "jobs/*".parse().unwrap()],
            },
            Grant { permissions: vec!["*:read".parse().unwrap()], resources: vec!["docs".parse().unwrap()] },
        ];
        let (id, name) = (secret.id().clone(), "sample".parse().unwrap());
        let record = TokenRecord {
            role: Some("cicd".parse().unwrap()),
            ..TokenRecord::new(id, name, owner.clone(), grants.into(), Actor::Bootstrap, now())
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

    /// Puts a token with all permissions into a table; returns its secret.
    async fn with_everything(table: &Table) -> String {
        let secret = PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
        let grants = Grants::single(vec!["*".parse().unwrap()], vec![Resource::All]);
        let record = TokenRecord { id: secret.id().clone(), grants, ..Self::owned_by(&alice()).record };
        let sample = Self { digest: secret.digest(), record };
        assert_eq!(sample.try_in(&table.tokens).await, CreateOutcome::Done);
        secret.expose_secret().to_owned()
    }

    async fn try_in(&self, tokens: &TokenStore) -> CreateOutcome {
        self.try_with(tokens, LIMITS).await
    }

    /// Created at the time in its record.
    async fn try_with(&self, tokens: &TokenStore, limits: Limits) -> CreateOutcome {
        let clock = clock_at(self.record.created_at);
        tokens.create(&self.record, &self.digest, &by_whom(), &clock, limits).await.unwrap()
    }

    /// Creates it and returns its record. Panics if that fails.
    async fn in_table(self, table: &Table) -> TokenRecord {
        assert_eq!(self.try_in(&table.tokens).await, CreateOutcome::Done);
        self.record
    }
}

/// The current time: engines delete items after their `ttl`, so tokens must be recent.
fn now() -> Timestamp {
    Clock::system().now()
}

/// The actor of these tests.
fn by_whom() -> EventOrigin {
    EventOrigin {
        actor: Some(Actor::Bootstrap),
        source_ip: Some([192, 0, 2, 7].into()),
        agent: UserAgentFamily::from_header("curl/8"),
    }
}

/// A clock that stands still.
fn clock_at(moment: Timestamp) -> Clock {
    Clock::from_fn(move || moment)
}

/// Revokes a token at its current version, without a reason.
async fn revoke(
    tokens: &TokenStore,
    id: &TokenId,
    actor: &Actor,
    moment: Timestamp,
    retention_days: u32,
) -> Result<Option<TokenRecord>, Error> {
    let Some(seen) = &tokens.get(id).await? else { return Ok(None) };
    let by = &EventOrigin { actor: Some(actor.clone()), ..by_whom() };
    let limits = Limits { retention_days, ..LIMITS };
    let revoked = tokens
        .revoke(&StatusChange { seen, actor, by, clock: &clock_at(moment), limits }, &RevocationDetails::default())
        .await?;
    Ok(revoked.map(|revoked| revoked.record))
}

/// Deletes a token at its current version; `false` if there is none.
async fn delete(tokens: &TokenStore, id: &TokenId) -> Result<bool, Error> {
    let Some(seen) = &tokens.get(id).await? else { return Ok(false) };
    tokens
        .delete(&StatusChange {
            seen,
            actor: &Actor::Bootstrap,
            by: &by_whom(),
            clock: &clock_at(now()),
            limits: LIMITS,
        })
        .await
}

/// A use of a token at a time.
async fn used_at(tokens: &TokenStore, id: &TokenId, moment: Timestamp, made: Option<&str>) -> Option<Usage> {
    let record = tokens.get(id).await.unwrap().unwrap();
    let made = made.map(|made| PermissionUse::from_stored(made).unwrap());
    let note = DeferredWrite::last_use(&record, made, None, &caller(), moment)?;
    tokens.apply_deferred(&note, &clock_at(moment), LIMITS.history_days).await.unwrap()
}

/// Address and user agent.
fn caller() -> ClientInfo {
    ClientInfo { source_ip: Some([192, 0, 2, 7].into()), agent: UserAgentFamily::from_header("curl/8") }
}

fn alice() -> OwnerId {
    "alice".parse().unwrap()
}

fn bob() -> OwnerId {
    "bob".parse().unwrap()
}
