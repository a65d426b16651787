//! Writes that happen after the response was sent: the last use of a token, a denial, or the reuse of a retired secret.
//! Losing one does not fail a request.

use std::net::IpAddr;

use super::backoff::backoff;
use super::transaction::write;
use super::transaction_outcome::TransactionOutcome;
use super::update_expression::UpdateExpression;
use super::usage::Usage;
use super::{Error, ItemStore, StoredCredential, item};
use crate::authz::{DailyCounts, Denial, PermissionUse};
use crate::clock::{Clock, Day, Timestamp};
use crate::secret::TokenId;
use crate::token::{
    Actor, DisableReason, DisabledState, EventKind, EventOrigin, LastUse, TokenRecord, UserAgentFamily,
};

/// Minimum time between two writes of a token's last use.
const LAST_USE_INTERVAL_SECONDS: i64 = 60;
/// Minimum time between two events about the reuse of a secret.
const REUSE_EVENT_INTERVAL_SECONDS: i64 = 3600;
/// Maximum number of attempts to disable a token whose secret was reused, while other transactions conflict.
const MAX_REUSE_ATTEMPTS: u32 = 20;

/// IP address and user agent of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// IP address that the gateway saw.
    pub source_ip: Option<IpAddr>,
    /// User agent family, as the client sent it.
    pub agent: Option<UserAgentFamily>,
}

impl ClientInfo {
    /// Parses the values of a gateway's event. An IPv4-mapped IPv6 address becomes the IPv4 address.
    #[must_use]
    pub fn from_event(source_ip: Option<&str>, user_agent: Option<&str>) -> Self {
        let address = source_ip.and_then(|text| text.parse::<IpAddr>().ok());
        Self {
            source_ip: address.map(|ip| ip.to_canonical()),
            agent: user_agent.and_then(UserAgentFamily::from_header),
        }
    }

    fn origin(&self, actor: Option<Actor>) -> EventOrigin {
        EventOrigin { actor, source_ip: self.source_ip, agent: self.agent.clone() }
    }
}

/// A write to be made after the response was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeferredWrite {
    /// The use of a token.
    LastUse(Box<LastUseWrite>),
    /// The denial of a token's request.
    Denial(Box<DenialWrite>),
    /// The use of a retired secret.
    SecretReuse(Box<SecretReuseWrite>),
}

/// The use of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUseWrite {
    record: TokenRecord,
    client: ClientInfo,
    /// With milliseconds, so that its event sorts after the creation's.
    at: Timestamp,
    /// Whether to write the last use; at most once a minute.
    is_last_use: bool,
    /// The permission that was used, unless today's use of it is already recorded.
    permission_use: Option<PermissionUse>,
    /// Counts to add to those of the day.
    counts: Option<DailyCounts>,
}

/// The denial of a token's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialWrite {
    id: TokenId,
    denial: Denial,
}

/// The use of a retired secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReuseWrite {
    record: TokenRecord,
    client: ClientInfo,
    at: Timestamp,
    /// When reuse was last recorded.
    seen_at: Option<Timestamp>,
    disable: bool,
}

impl DeferredWrite {
    /// Records the use of a token. `permission_use` is the permission that was used, unless today's use of it
    /// is known to be recorded. `counts` are to be added to those of the day. `None` if there is nothing to write.
    #[must_use]
    pub fn last_use(
        record: &TokenRecord,
        permission_use: Option<PermissionUse>,
        counts: Option<DailyCounts>,
        client: &ClientInfo,
        now: Timestamp,
    ) -> Option<Self> {
        let is_last_use = Self::is_last_use_due(record, now);
        if !is_last_use && permission_use.is_none() && counts.is_none() {
            return None;
        }
        let (record, client) = (record.clone(), client.clone());
        Some(Self::LastUse(Box::new(LastUseWrite { record, client, at: now, is_last_use, permission_use, counts })))
    }

    /// Whether a use of a token now is to be recorded as its last one.
    #[must_use]
    pub fn is_last_use_due(record: &TokenRecord, now: Timestamp) -> bool {
        record.last_used.as_ref().is_none_or(|last| last.at.plus_seconds(LAST_USE_INTERVAL_SECONDS) <= now)
    }

    /// Records the denial of a token's request.
    #[must_use]
    pub fn denial(id: &TokenId, denial: Denial) -> Self {
        Self::Denial(Box::new(DenialWrite { id: id.clone(), denial }))
    }

    /// Records the use of a retired secret. `None` if that was recorded within the last hour and the token does
    /// not have to be disabled.
    #[must_use]
    pub fn secret_reuse(
        credential: &StoredCredential,
        quarantine: bool,
        client: &ClientInfo,
        now: Timestamp,
    ) -> Option<Self> {
        let record = credential.record.clone();
        let disable = quarantine && record.disabled.is_none() && record.revoked.is_none();
        let seen_at = credential.reuse_seen_at;
        let recent = seen_at.is_some_and(|seen| seen.plus_seconds(REUSE_EVENT_INTERVAL_SECONDS) > now);
        (disable || !recent).then(|| {
            Self::SecretReuse(Box::new(SecretReuseWrite { record, client: client.clone(), at: now, seen_at, disable }))
        })
    }

    /// The token and a description of the write, for logs.
    #[must_use]
    pub fn describe(&self) -> (&TokenId, &'static str) {
        match self {
            Self::LastUse(used) => (&used.record.id, "the last use"),
            Self::Denial(denied) => (&denied.id, "the denial"),
            Self::SecretReuse(reused) => (&reused.record.id, "the reuse of a secret"),
        }
    }

    /// The permission that was used and the day, if they are to be recorded.
    #[must_use]
    pub fn permission_use(&self) -> Option<(&PermissionUse, Day)> {
        match self {
            Self::LastUse(used) => Some((used.permission_use.as_ref()?, Day::from_timestamp(used.at))),
            Self::Denial(_) | Self::SecretReuse(_) => None,
        }
    }
}

impl ItemStore {
    /// Makes a deferred write, with short timeouts. A write whose condition fails is dropped: the token is
    /// deleted, or another request has written the same. Returns the token's usage as known then.
    ///
    /// # Errors
    /// When the store fails. Callers log the error and continue.
    pub async fn apply_deferred(
        &self,
        deferred: &DeferredWrite,
        clock: &Clock,
        history_days: u32,
    ) -> Result<Option<Usage>, Error> {
        match deferred {
            DeferredWrite::LastUse(used) => {
                let last_use =
                    async { if used.is_last_use { self.write_last_use(used, history_days).await } else { Ok(()) } };
                let usage = async {
                    match &used.permission_use {
                        Some(made) => self.record_usage(&used.record.id, made, used.at).await.map(Some),
                        None => Ok(None),
                    }
                };
                let counts = async {
                    match &used.counts {
                        Some(counts) => self.add_counts(&used.record.id, counts).await,
                        None => Ok(()),
                    }
                };
                let (last_use, usage, counts) = tokio::join!(last_use, usage, counts);
                last_use?;
                counts?;
                usage
            }
            DeferredWrite::Denial(denied) => self.record_denial(&denied.id, &denied.denial).await.map(|()| None),
            DeferredWrite::SecretReuse(reused) => {
                self.write_secret_reuse(reused, clock, history_days).await.map(|()| None)
            }
        }
    }

    async fn write_last_use(&self, used: &LastUseWrite, history_days: u32) -> Result<(), Error> {
        let LastUseWrite { record, client, at, .. } = used;
        let now = LastUse { at: at.truncated_to_seconds(), source_ip: client.source_ip, agent: client.agent.clone() };
        let edit = UpdateExpression::of_existing()
            .set(item::LAST_USE, item::last_use(&now))
            .when_still(item::LAST_USE, record.last_used.as_ref().map(item::last_use))
            .build(&self.table, item::token_key(&record.id))?;
        if record.last_used.is_some() {
            return self.item_client().await?.update_item(edit).await.map(drop);
        }
        let by = client.origin(Some(Actor::Token(record.id.clone())));
        let event = self.event(record, &EventKind::FirstUsed, &by, *at, history_days)?;
        // Another request was faster.
        self.transact_best_effort([write(edit)], &event).await.map(drop)
    }

    /// Conflicting transactions on the record must not prevent disabling the token.
    async fn write_secret_reuse(
        &self,
        reused: &SecretReuseWrite,
        clock: &Clock,
        history_days: u32,
    ) -> Result<(), Error> {
        let SecretReuseWrite { record, client, at, seen_at, disable } = reused;
        for tries in 0..MAX_REUSE_ATTEMPTS {
            let at = if tries == 0 { *at } else { clock.now() };
            let edit = UpdateExpression::of_existing().set(item::REUSE, item::reuse(at));
            let edit = if *disable {
                let why = DisableReason::SecretReuse;
                let disabled = DisabledState { at: at.truncated_to_seconds(), by: None, why };
                let edit = edit.set(item::DISABLED, item::disablement(&disabled)).increment(item::VERSION);
                let edit = edit.set_or_remove(item::APPROVALS, item::approvals(&record.approvals.closed()));
                edit.when_absent(item::REVOKED).when_absent(item::DISABLED)
            } else {
                edit.when_still(item::REUSE, seen_at.map(item::reuse))
            };
            let update = write(edit.build(&self.table, item::token_key(&record.id))?);
            let what = EventKind::SecretReuse { disabled: *disable };
            let event = self.event(record, &what, &client.origin(None), at, history_days)?;
            match self.transact_best_effort([update], &event).await? {
                TransactionOutcome::Committed | TransactionOutcome::Refused => return Ok(()),
                TransactionOutcome::Conflict => backoff(tries.min(3)).await,
            }
        }
        Err(Error::Contention)
    }
}
