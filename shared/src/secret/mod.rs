//! Token format, `<prefix>_<id><secret><checksum>`, and what is stored of a secret.
//!
//! | part | characters | what it is |
//! | --- | --- | --- |
//! | prefix | 2 to 16, then `_` | set by the deployment: `[a-z][a-z0-9]{1,15}` |
//! | id | 16 | public: the primary key; appears in lists, logs and errors |
//! | secret | 43 | random, from the operating system: 43 · log2(62) = 256.03 bits |
//! | checksum | 6 | CRC-32 of everything before it, in base62, left-padded with `0` |
//!
//! All characters after the prefix are `[0-9A-Za-z]`. Lengths, alphabet and checksum must never change, so that
//! existing tokens keep parsing.

mod base62;
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
