//! What is noted of a request once its answer has left: the last use of its token, or that a
//! secret was used which a newer one has replaced. Losing a note fails no request.

use std::net::IpAddr;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::change::{event, update};
use super::create::is_conflict;
use super::{Credential, Error, Tokens, client, item, number};
use crate::access::{Day, Use};
use crate::clock::Timestamp;
use crate::token::{Actor, AgentFamily, Author, Disablement, Happened, LastUsed, Record, WhyDisabled};

/// Between two writes of a token's last use there is at least a minute.
const LAST_USE_SECONDS: i64 = 60;
/// Between two events about the reuse of a secret there is at least an hour.
const REUSE_SECONDS: i64 = 3600;

/// From where a request came, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The address that the gateway saw.
    pub source_ip: Option<IpAddr>,
    /// With what, as the caller said.
    pub agent: Option<AgentFamily>,
}

impl Caller {
    /// From what a gateway's event says. An IPv4-mapped IPv6 address is the IPv4 address that
    /// it is.
    #[must_use]
    pub fn of(source_ip: Option<&str>, user_agent: Option<&str>) -> Self {
        let address = source_ip.and_then(|text| text.parse::<IpAddr>().ok());
        Self { source_ip: address.map(|ip| ip.to_canonical()), agent: user_agent.and_then(AgentFamily::of) }
    }
}

/// Something to be written once an answer has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A token opened a door.
    Used(Box<Used>),
    /// Somebody presented a secret that has ended.
    Reused(Box<Reused>),
}

/// That a token opened a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    record: Record,
    ttl: Option<Timestamp>,
    used: LastUsed,
    /// To the millisecond, so that its event comes behind that of its making.
    at: Timestamp,
    /// What it made use of, unless that is noted for today.
    made: Option<Use>,
    /// The use that is forgotten for it, as there are as many as are remembered.
    instead_of: Option<Use>,
    /// Whether the token has no map of uses yet.
    first_of_all: bool,
}

/// That somebody presented a secret that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reused {
    record: Record,
    ttl: Option<Timestamp>,
    at: Timestamp,
    caller: Caller,
    disable: bool,
}

impl Note {
    /// The use of a token now, unless one was noted within the last minute, and this one for
    /// today.
    #[must_use]
    pub fn of_use(credential: &Credential, made: Option<Use>, caller: &Caller, now: Timestamp) -> Option<Self> {
        let record = &credential.record;
        let today = Day::of(now);
        let uses = credential.uses.as_ref();
        let made = made.filter(|made| uses.and_then(|uses| uses.last(made)).is_none_or(|day| day < today));
        let recent = record.last_used.as_ref().is_some_and(|last| last.at.plus_seconds(LAST_USE_SECONDS) > now);
        if recent && made.is_none() {
            return None;
        }
        let full = uses.filter(|uses| uses.are_full());
        let instead_of =
            made.as_ref().and_then(|made| full.filter(|uses| uses.last(made).is_none())?.oldest().cloned());
        Some(Self::Used(Box::new(Used {
            record: record.clone(),
            ttl: credential.ttl,
            used: LastUsed { at: now.to_the_second(), source_ip: caller.source_ip, agent: caller.agent.clone() },
            at: now,
            made,
            instead_of,
            first_of_all: credential.uses.is_none(),
        })))
    }

    /// The use of an ended secret now, unless that was noted within the last hour and there is
    /// nothing to be done about it.
    #[must_use]
    pub fn of_reuse(credential: &Credential, quarantine: bool, caller: &Caller, now: Timestamp) -> Option<Self> {
        let record = &credential.record;
        let disable = quarantine && record.disabled.is_none() && record.revoked.is_none();
        let recent = credential.reuse_seen_at.is_some_and(|seen| seen.plus_seconds(REUSE_SECONDS) > now);
        (disable || !recent).then(|| {
            Self::Reused(Box::new(Reused {
                record: record.clone(),
                ttl: credential.ttl,
                at: now,
                caller: caller.clone(),
                disable,
            }))
        })
    }

    /// The token that it is about, and what it says.
    #[must_use]
    pub fn about(&self) -> (&Record, &'static str) {
        match self {
            Self::Used(used) => (&used.record, "the last use"),
            Self::Reused(reused) => (&reused.record, "the reuse of a secret"),
        }
    }
}

impl Tokens {
    /// Writes a note, once and briefly. One that does not hold any more, as the token is gone
    /// or someone else has noted the same, is left.
    ///
    /// # Errors
    /// When the store fails. Nothing depends on it: log it and go on.
    pub async fn note(&self, note: &Note) -> Result<(), Error> {
        let (change, event, record, ttl) = match note {
            Note::Used(used) => {
                let first = used.record.last_used.is_none().then(|| {
                    let by = Author {
                        actor: Some(Actor::Token(used.record.id.clone())),
                        source_ip: used.used.source_ip,
                        agent: used.used.agent.clone(),
                    };
                    event(&used.record, &Happened::FirstUsed, &by, used.at)
                });
                (self.use_update(used), first.transpose()?, &used.record, used.ttl)
            }
            Note::Reused(reused) => {
                let Caller { source_ip, agent } = reused.caller.clone();
                let happened = Happened::SecretReuse { disabled: reused.disable };
                let event = event(&reused.record, &happened, &Author { actor: None, source_ip, agent }, reused.at)?;
                (self.reuse_update(reused), Some(event), &reused.record, reused.ttl)
            }
        };
        let change = change.map_err(Error::unavailable)?;
        let Some(event) = event else {
            return self.write_briefly(change).await;
        };
        let put = self.put_event(&record.id, &event, ttl).map_err(Error::unavailable)?;
        self.transact_briefly(vec![update(change), put]).await
    }

    async fn write_briefly(&self, change: Update) -> Result<(), Error> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(change.key))
            .update_expression(change.update_expression)
            .set_condition_expression(change.condition_expression)
            .set_expression_attribute_names(change.expression_attribute_names)
            .set_expression_attribute_values(change.expression_attribute_values)
            .customize()
            .config_override(client::briefly(&self.client))
            .send()
            .await;
        match written {
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            other => other.map(drop).map_err(Error::unavailable),
        }
    }

    async fn transact_briefly(&self, writes: Vec<TransactWriteItem>) -> Result<(), Error> {
        let written = self.client.transact_write_items().set_transact_items(Some(writes)).customize();
        match written.config_override(client::briefly(&self.client)).send().await {
            Err(error) if is_conflict(&error) => Ok(()),
            other => other.map(drop).map_err(Error::unavailable),
        }
    }

    fn use_update(&self, used: &Used) -> Result<Update, BuildError> {
        let day = Day::of(used.used.at).number();
        let mut sets = "SET last_used_at = :now, last_used_from = :from".to_owned();
        let mut condition = "attribute_not_exists(last_used_at) OR last_used_at <= :before".to_owned();
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::token_key(&used.record.id)))
            .expression_attribute_values(":now", item::seconds(used.used.at))
            .expression_attribute_values(":from", item::last_used_from(&used.used))
            .expression_attribute_values(":before", item::seconds(used.used.at.plus_seconds(-LAST_USE_SECONDS)));
        if let Some(made) = &used.made {
            update = update.expression_attribute_names("#used", item::USED);
            if used.first_of_all {
                let first = AttributeValue::M([(made.to_string(), number(day))].into());
                sets.push_str(", #used = :used");
                condition = format!("attribute_not_exists(#used) AND ({condition})");
                update = update.expression_attribute_values(":used", first);
            } else {
                sets.push_str(", #used.#made = :today");
                condition.push_str(" OR attribute_not_exists(#used.#made) OR #used.#made < :today");
                update = update
                    .expression_attribute_names("#made", made.to_string())
                    .expression_attribute_values(":today", number(day));
            }
        }
        if let Some(oldest) = &used.instead_of {
            sets.push_str(" REMOVE #used.#oldest");
            update = update.expression_attribute_names("#oldest", oldest.to_string());
        }
        // Where it is the first, an event goes with it, and there is to be one of those.
        let first = if used.record.last_used.is_none() { " AND attribute_not_exists(last_used_at)" } else { "" };
        update
            .update_expression(sets)
            .condition_expression(format!("attribute_exists(pk) AND ({condition}){first}"))
            .build()
    }

    fn reuse_update(&self, reused: &Reused) -> Result<Update, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::token_key(&reused.record.id)))
            .expression_attribute_values(":now", item::seconds(reused.at));
        if !reused.disable {
            return update
                .update_expression("SET reuse_seen_at = :now")
                .condition_expression(
                    "attribute_exists(pk) AND (attribute_not_exists(reuse_seen_at) OR reuse_seen_at <= :before)",
                )
                .expression_attribute_values(":before", item::seconds(reused.at.plus_seconds(-REUSE_SECONDS)))
                .build();
        }
        let disabled = Disablement { at: reused.at.to_the_second(), by: None, why: WhyDisabled::SecretReuse };
        update
            .update_expression("SET reuse_seen_at = :now, disabled = :disabled, version = version + :one")
            .condition_expression("version = :seen AND attribute_not_exists(disabled)")
            .expression_attribute_values(":seen", number(reused.record.version))
            .expression_attribute_values(":disabled", item::disablement(&disabled))
            .expression_attribute_values(":one", number(1))
            .build()
    }
}
