//! What happens once the answer has left: noting the token's last use.
//!
//! A Lambda is frozen when it asks for its next event. A layer around the runtime's own
//! service runs after the response has been posted and before that, so it costs the
//! answer nothing and is never cut off half way.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaInvocation};
use portcullis::store::{LastUse, Tokens};

/// What the present invocation leaves to be noted. One environment handles one event at a
/// time, so there is one place.
#[derive(Clone, Debug)]
pub struct Bookkeeping {
    tokens: Tokens,
    pending: Arc<Mutex<Option<LastUse>>>,
}

impl Bookkeeping {
    /// Nothing to note yet.
    #[must_use]
    pub fn new(tokens: Tokens) -> Self {
        Self { tokens, pending: Arc::default() }
    }

    /// Leaves something to be noted once the answer has left.
    pub fn leave(&self, used: Option<LastUse>) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = used;
    }

    async fn settle(self) {
        let used = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(used) = used
            && let Err(error) = self.tokens.touch(&used).await
        {
            // The next use within reach of a working store notes it.
            tracing::warn!(%error, token_id = %used.id, "the last use was not noted");
        }
    }
}

impl<S> Layer<S> for Bookkeeping {
    type Service = Settling<S>;

    fn layer(&self, inner: S) -> Settling<S> {
        Settling { inner, bookkeeping: self.clone() }
    }
}

/// The runtime's service, and the bookkeeping behind it.
#[derive(Debug)]
pub struct Settling<S> {
    inner: S,
    bookkeeping: Bookkeeping,
}

impl<S> Service<LambdaInvocation> for Settling<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let answered = self.inner.call(invocation);
        let bookkeeping = self.bookkeeping.clone();
        Box::pin(async move {
            let posted = answered.await;
            bookkeeping.settle().await;
            posted
        })
    }
}
