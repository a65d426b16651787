//! Text from people and other systems: validated, shortened, and redacted for logs.

mod count;
mod expiry;
mod newtypes;
mod redact;

pub use count::counted;
pub use expiry::{parse_duration, parse_expires_at, parse_expires_in};
pub use newtypes::{ApprovalReason, Comment, Description, Link, OwnerId, Provenance, TokenName, unprintable};
pub(crate) use newtypes::{BLANK, cut, ensure_no_credential, is_blank, name_issues, path_issues};
pub use redact::{contains_credential, redact};
