//! A check of each DynamoDB request of a function. Each function has an access key of its own, as it has a role of its
//! own at AWS.

use std::sync::Arc;

/// A DynamoDB request of a function.
#[derive(Debug)]
pub struct FunctionCall<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The operation, such as `GetItem`.
    pub operation: &'a str,
    /// The request as JSON.
    pub body: &'a [u8],
}

/// Allows a request, or returns the reason why it is denied.
pub type CallCheck = Arc<dyn Fn(&FunctionCall<'_>) -> Result<(), String> + Send + Sync>;

/// The access key of a function, made from the engine's.
pub(super) fn access_key_of(function: &str, engine: &str) -> String {
    format!("{engine}.{function}")
}

/// The function with this access key; `None` if the key is the engine's own, or another.
pub(super) fn function_of<'a>(access_key: &'a str, engine: &str) -> Option<&'a str> {
    access_key.strip_prefix(engine)?.strip_prefix('.')
}
