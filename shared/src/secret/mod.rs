//! The secret, `<prefix>_<id><secret><checksum>`, and what is stored of it.
//!
//! | part | characters | what it is |
//! | --- | --- | --- |
//! | prefix | 2 to 16, then `_` | the deployment's own: `[a-z][a-z0-9]{1,15}` |
//! | id | 16 | public: the primary key; stands in lists, logs and errors |
//! | secret | 43 | drawn from the operating system: 43 · log2(62) = 256.03 bits |
//! | checksum | 6 | CRC-32 of all before it, in base62, left-padded with `0` |
//!
//! All but the prefix are of `[0-9A-Za-z]`. Lengths, alphabet and checksum may never
//! change: tokens that are out there must keep parsing.

mod digest;
pub(crate) mod plaintext;
mod prefix;
mod rotation;
mod token_id;

pub use digest::TokenDigest;
pub(crate) use plaintext::BODY;
pub use plaintext::{ParseTokenError, PlaintextToken};
pub use prefix::TokenPrefix;
pub use rotation::{MAX_RETIRED, RetiredSecret, SecretHistory, SecretMatch};
pub use token_id::TokenId;
