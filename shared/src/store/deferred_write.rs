//! What is noted of a request once its response has left: the use of its token, or that a secret was
//! used which a newer one has replaced. Losing a note fails no request.

use std::net::IpAddr;

use aws_sdk_dynamodb::types::Update;

use super::error::condition_held;
use super::transaction::{TransactionOutcome, backoff, write};
use super::update_expression::Edit;
use super::usage::Usage;
use super::{Error, StoredCredential, TokenStore, client, item};
use crate::authz::PermissionUse;
use crate::clock::{Clock, Day, Timestamp};
use crate::token::{
    Actor, DisableReason, DisabledState, EventKind, EventOrigin, LastUse, TokenRecord, UserAgentFamily,
};

/// Between two writes of a token's last use there is at least a minute.
const LAST_USE_INTERVAL_SECONDS: i64 = 60;
/// Between two events about the reuse of a secret there is at least an hour.
const REUSE_EVENT_INTERVAL_SECONDS: i64 = 3600;
/// How many times a reused secret's token is tried to be disabled against other transactions.
const MAX_REUSE_ATTEMPTS: u32 = 20;

/// From where a request came, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The address that the gateway saw.
    pub source_ip: Option<IpAddr>,
    /// With what, as the caller said.
    pub agent: Option<UserAgentFamily>,
}

impl ClientInfo {
    /// From what a gateway's event says. An IPv4-mapped IPv6 address is the IPv4 address that
    /// it is.
    #[must_use]
    pub fn of(source_ip: Option<&str>, user_agent: Option<&str>) -> Self {
        let address = source_ip.and_then(|text| text.parse::<IpAddr>().ok());
        Self { source_ip: address.map(|ip| ip.to_canonical()), agent: user_agent.and_then(UserAgentFamily::of) }
    }

    fn author(&self, actor: Option<Actor>) -> EventOrigin {
        EventOrigin { actor, source_ip: self.source_ip, agent: self.agent.clone() }
    }
}

/// Something to be written once a response has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeferredWrite {
    /// A token was used.
    Used(Box<Used>),
    /// A secret was presented that has ended.
    Reused(Box<Reused>),
}

/// The use of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    record: TokenRecord,
    caller: ClientInfo,
    /// To the millisecond, so that its event comes behind that of the creation.
    at: Timestamp,
    /// Whether the last use is to be written: not within a minute of the one before.
    is_last_use: bool,
    /// What it made use of, where that may be new today.
    made: Option<PermissionUse>,
}

/// That a secret was presented which has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reused {
    record: TokenRecord,
    caller: ClientInfo,
    at: Timestamp,
    /// When it was last noted.
    seen_at: Option<Timestamp>,
    disable: bool,
}

impl DeferredWrite {
    /// The use of a token now. `made` is what it made use of, unless that is known to be noted for
    /// today. `None` where there is nothing to write.
    #[must_use]
    pub fn of_use(
        record: &TokenRecord,
        made: Option<PermissionUse>,
        caller: &ClientInfo,
        now: Timestamp,
    ) -> Option<Self> {
        let recent =
            record.last_used.as_ref().is_some_and(|last| last.at.plus_seconds(LAST_USE_INTERVAL_SECONDS) > now);
        if recent && made.is_none() {
            return None;
        }
        let (record, caller) = (record.clone(), caller.clone());
        Some(Self::Used(Box::new(Used { record, caller, at: now, is_last_use: !recent, made })))
    }

    /// The use of an ended secret now, unless that was noted within the last hour and there is
    /// nothing to be done about it.
    #[must_use]
    pub fn of_reuse(
        credential: &StoredCredential,
        quarantine: bool,
        caller: &ClientInfo,
        now: Timestamp,
    ) -> Option<Self> {
        let record = credential.record.clone();
        let disable = quarantine && record.disabled.is_none() && record.revoked.is_none();
        let seen_at = credential.reuse_seen_at;
        let recent = seen_at.is_some_and(|seen| seen.plus_seconds(REUSE_EVENT_INTERVAL_SECONDS) > now);
        (disable || !recent)
            .then(|| Self::Reused(Box::new(Reused { record, caller: caller.clone(), at: now, seen_at, disable })))
    }

    /// The token that it is about, and what it says.
    #[must_use]
    pub fn about(&self) -> (&TokenRecord, &'static str) {
        match self {
            Self::Used(used) => (&used.record, "the last use"),
            Self::Reused(reused) => (&reused.record, "the reuse of a secret"),
        }
    }

    /// What a token made use of, and on which day, if that is to be noted.
    #[must_use]
    pub fn made(&self) -> Option<(&PermissionUse, Day)> {
        match self {
            Self::Used(used) => Some((used.made.as_ref()?, Day::of(used.at))),
            Self::Reused(_) => None,
        }
    }
}

impl TokenStore {
    /// Writes a note, briefly. One that does not hold any more is left: the token is gone, or another
    /// request has noted the same. Says what is known of the token's usage then.
    ///
    /// # Errors
    /// When the store fails. Nothing depends on it: log it and go on.
    pub async fn apply_deferred(
        &self,
        note: &DeferredWrite,
        clock: &Clock,
        history_days: u32,
    ) -> Result<Option<Usage>, Error> {
        match note {
            DeferredWrite::Used(used) => {
                let last_use =
                    async { if used.is_last_use { self.note_last_use(used, history_days).await } else { Ok(()) } };
                let usage = async {
                    match &used.made {
                        Some(made) => self.note_usage(&used.record.id, made, used.at).await.map(Some),
                        None => Ok(None),
                    }
                };
                let (last_use, usage) = tokio::join!(last_use, usage);
                last_use?;
                usage
            }
            DeferredWrite::Reused(reused) => self.note_reuse(reused, clock, history_days).await.map(|()| None),
        }
    }

    async fn note_last_use(&self, used: &Used, history_days: u32) -> Result<(), Error> {
        let Used { record, caller, at, .. } = used;
        let now = LastUse { at: at.truncated_to_seconds(), source_ip: caller.source_ip, agent: caller.agent.clone() };
        let edit = Edit::of_existing()
            .set(item::LAST_USE, item::last_use(&now))
            .when_still(item::LAST_USE, record.last_used.as_ref().map(item::last_use))
            .build(&self.table, item::token_key(&record.id))?;
        if record.last_used.is_some() {
            return self.update_briefly(edit).await;
        }
        let by = caller.author(Some(Actor::Token(record.id.clone())));
        let event = self.event(record, &EventKind::FirstUsed, &by, *at, history_days)?;
        // Where another request was the first, there is nothing to note.
        self.transact_briefly([write(edit), event]).await.map(drop)
    }

    /// That a token is disabled must not be lost to other transactions on its record.
    async fn note_reuse(&self, reused: &Reused, clock: &Clock, history_days: u32) -> Result<(), Error> {
        let Reused { record, caller, at, seen_at, disable } = reused;
        for tries in 0..MAX_REUSE_ATTEMPTS {
            let at = if tries == 0 { *at } else { clock.now() };
            let edit = Edit::of_existing().set(item::REUSE, item::reuse(at));
            let edit = if *disable {
                let why = DisableReason::SecretReuse;
                let disabled = DisabledState { at: at.truncated_to_seconds(), by: None, why };
                let edit = edit.set(item::DISABLED, item::disablement(&disabled)).increment(item::VERSION);
                edit.when_absent(item::REVOKED).when_absent(item::DISABLED)
            } else {
                edit.when_still(item::REUSE, seen_at.map(item::reuse))
            };
            let update = write(edit.build(&self.table, item::token_key(&record.id))?);
            let what = EventKind::SecretReuse { disabled: *disable };
            let event = self.event(record, &what, &caller.author(None), at, history_days)?;
            match self.transact_briefly([update, event]).await? {
                TransactionOutcome::Committed | TransactionOutcome::Refused => return Ok(()),
                TransactionOutcome::Conflict => backoff(tries.min(3)).await,
            }
        }
        Err(Error::Contention)
    }

    /// An update that may not hold any more.
    async fn update_briefly(&self, update: Update) -> Result<(), Error> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .customize()
            .config_override(client::briefly(&self.client))
            .send()
            .await;
        condition_held(sent).map(drop)
    }
}
