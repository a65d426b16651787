//! The token's [`Record`]: its status, its events, and when it expires.
//!
//! Nothing here knows where records are kept or how requests arrive.

mod event;
mod record;
mod settings;
mod user_agent;

pub use event::{Alteration, Author, EVENT_KINDS, Event, Happened};
pub use record::{
    Actor, Disablement, Grounds, LastUsed, Record, Revocation, RevokeReason, Standing, Status, WhyDisabled,
};
pub use settings::Settings;
pub use user_agent::AgentFamily;
