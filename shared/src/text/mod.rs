//! Text that people and other systems wrote: validated, cut, and redacted for logs.

mod expiry;
mod newtypes;
mod redact;

pub use expiry::{parse_expires_at, parse_expires_in};
pub(crate) use newtypes::{BLANK, cut, ensure_no_credential, is_blank, name_flaws, path_flaws};
pub use newtypes::{Comment, Description, OwnerId, Provenance, TokenName, unprintable};
pub use redact::{contains_credential, redact};
