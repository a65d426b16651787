//! Text that people and other systems wrote: validated, cut, and redacted for logs.

mod expiry;
mod newtypes;
mod redact;

pub use expiry::{parse_expires_at, parse_expires_in};
pub(crate) use newtypes::{BLANK, CREDENTIAL, OUTER_SPACE, cut, ensure_no_credential, has_outer_space, is_blank};
pub use newtypes::{Comment, Description, OwnerId, TokenName, Via, unprintable};
pub use redact::{contains_credential, redact};
