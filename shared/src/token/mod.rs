//! The token's [`TokenRecord`]: its state, events and expiry.
//!
//! This module must not know about storage or HTTP.

mod event;
mod issued_token;
mod record;
mod settings;
mod user_agent;

pub use event::{EVENT_KINDS, Event, EventKind, EventOrigin, FieldChange};
pub use issued_token::IssuedToken;
pub use record::{
    Actor, DisableReason, DisabledState, LastUse, Revocation, RevocationDetails, RevokeReason, Status, TokenRecord,
    TokenState,
};
pub use settings::Settings;
pub use user_agent::UserAgentFamily;
