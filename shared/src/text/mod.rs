//! Text that people and other systems wrote: validated, cut, and redacted for logs.

mod newtypes;
mod redact;

pub(crate) use newtypes::{BLANK, CREDENTIAL, cut, ensure_no_credential, has_outer_space, is_blank};
pub use newtypes::{Comment, Description, OwnerId, TokenName, Via, unprintable};
pub use redact::{contains_credential, redact};
