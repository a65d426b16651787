//! The token: its [`Secret`], what is stored of it ([`Digest`]), and its [`Record`].
//!
//! Nothing here knows where records are kept or how requests arrive.

mod agent;
mod event;
mod expiry;
mod record;
mod redact;
pub(crate) mod secret;
mod secrets;
mod text;

pub use agent::AgentFamily;
pub use event::{Alteration, Author, EVENT_KINDS, Event, Happened};
pub use expiry::{LONGEST_LIFETIME_DAYS, parse_expires_at, parse_expires_in};
pub use record::{
    Actor, Disablement, Grounds, LastUsed, Record, Revocation, RevokeReason, Standing, Status, WhyDisabled,
};
pub use redact::{contains_credential, redact};
pub use secret::{Digest, Malformed, Prefix, Secret, TokenId};
pub use secrets::{MOST_SUPERSEDED, Proof, Secrets, Superseded};
pub(crate) use text::{BLANK, CREDENTIAL, cut, ensure_no_credential, has_outer_space, is_blank};
pub use text::{Comment, Description, OwnerId, TokenName, Via, unprintable};

/// Why a value was refused: a sentence for the person who sent it, with the limit that it
/// broke. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
