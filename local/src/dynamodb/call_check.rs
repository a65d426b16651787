//! A check of each DynamoDB request of a function, as it is sent.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

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

/// Allows a request, or returns the reason why it is not sent.
pub type CallCheck = Arc<dyn Fn(&FunctionCall<'_>) -> Result<(), String> + Send + Sync>;

/// The client with a check of each attempt of each request.
pub(crate) fn checked(client: &Client, function: &'static str, check: &CallCheck) -> Client {
    let config = client.config().to_builder();
    Client::from_conf(config.interceptor(CheckedFunction { function, check: Arc::clone(check) }).build())
}

struct CheckedFunction {
    function: &'static str,
    check: CallCheck,
}

impl fmt::Debug for CheckedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedFunction").field("function", &self.function).finish_non_exhaustive()
    }
}

impl Intercept for CheckedFunction {
    fn name(&self) -> &'static str {
        "check of a function's calls"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().ok_or("the request is a stream")?;
        (self.check)(&FunctionCall { function: self.function, operation, body }).map_err(Into::into)
    }
}
