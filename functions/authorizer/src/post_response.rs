//! Work after the response: writing the token's last use, and refreshing the catalog before it
//! expires.
//!
//! Lambda freezes the environment when the runtime asks for its next event. A layer around the
//! runtime's service runs after the response was posted and before that, so it adds no latency.
//! [`crate::DEFERRED_DEADLINE`] bounds it.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaInvocation};
use portcullis::store::DeferredWrite;

use crate::Authorizer;

tokio::task_local! {
    /// The write to make after the response of the invocation that is being handled.
    static PENDING: Cell<Option<DeferredWrite>>;
}

/// Layer that runs each invocation's deferred write.
#[derive(Clone, Debug)]
pub struct PostResponseLayer {
    authorizer: Authorizer,
}

impl PostResponseLayer {
    /// A layer that writes with this authorizer.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }

    /// Sets the write to make after the response to this invocation was sent. For use within the layer's service.
    pub fn set_pending(note: Option<DeferredWrite>) {
        // Losing a write must not fail the request.
        let _ = PENDING.try_with(|pending| pending.set(note));
    }
}

impl<S> Layer<S> for PostResponseLayer {
    type Service = PostResponseService<S>;

    fn layer(&self, inner: S) -> PostResponseService<S> {
        PostResponseService { inner, authorizer: self.authorizer.clone() }
    }
}

/// The runtime's service, followed by the deferred write.
#[derive(Debug)]
pub struct PostResponseService<S> {
    inner: S,
    authorizer: Authorizer,
}

impl<S> Service<LambdaInvocation> for PostResponseService<S>
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
        let response = self.inner.call(invocation);
        let authorizer = self.authorizer.clone();
        Box::pin(PENDING.scope(Cell::default(), async move {
            let posted = response.await;
            authorizer.run_deferred(PENDING.with(Cell::take)).await;
            posted
        }))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{DECISION_DEADLINE, HttpApiResponseFormat};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use lambda_runtime::tower::service_fn;
    use portcullis::clock::{Clock, Timestamp};
    use portcullis::grants::{Grants, Resource};
    use portcullis::store::{ClientInfo, DynamoDbConfig, Timeouts, TokenStore, connect};
    use portcullis::token::{Actor, TokenRecord};
    use portcullis::{App, Settings};
    use tokio::net::TcpListener;

    fn invocation() -> LambdaInvocation {
        let (parts, ()) = http::Response::new(()).into_parts();
        LambdaInvocation { parts, body: Default::default(), context: Default::default() }
    }

    async fn respond_and_write(_: LambdaInvocation) -> Result<(), Error> {
        PostResponseLayer::set_pending(Some(used()));
        Ok(())
    }

    fn used() -> DeferredWrite {
        let grants = Grants::single(vec!["a:b".parse().unwrap()], vec![Resource::All]);
        let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
        let made = Timestamp::from_seconds(0);
        let record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, made);
        DeferredWrite::last_use(&record, None, None, &ClientInfo::default(), Timestamp::from_seconds(1)).unwrap()
    }

    pub(crate) fn authorizer_at(endpoint: String) -> Authorizer {
        let static_credentials = Some(("id".to_owned(), "key".to_owned()));
        let connection = DynamoDbConfig {
            region: "eu-central-1".to_owned(),
            endpoint: Some(endpoint),
            static_credentials,
            timeouts: Timeouts::ONE_MACHINE,
            ..DynamoDbConfig::default()
        };
        let settings = Settings::default();
        let tokens = TokenStore::new(connect(connection).unwrap(), "tokens");
        Authorizer::new(App { tokens, settings, clock: Clock::system() }, HttpApiResponseFormat::Simple).unwrap()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_last_use_is_written_after_the_answer_has_left() {
        let store = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let layer = PostResponseLayer::new(authorizer_at(format!("http://{}", store.local_addr().unwrap())));
        let posted = Arc::new(AtomicBool::new(false));

        let posting = Arc::clone(&posted);
        let runtime = service_fn(move |_: LambdaInvocation| {
            let posting = Arc::clone(&posting);
            async move {
                PostResponseLayer::set_pending(Some(used()));
                // Give a premature write every chance to run.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                posting.store(true, Ordering::SeqCst);
                Ok::<(), Error>(())
            }
        });
        let mut service = layer.layer(runtime);
        let mut pending_response = service.call(invocation());
        let posted_at_the_write = tokio::select! {
            accepted = store.accept() => {
                accepted.unwrap();
                posted.load(Ordering::SeqCst)
            }
            outcome = &mut pending_response => panic!("nothing was written: {outcome:?}"),
        };
        assert!(posted_at_the_write);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn work_after_the_response_is_cut_off_at_its_deadline() {
        // The system accepts connections, and nothing responds.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authorizer = authorizer_at(format!("http://{}", silent.local_addr().unwrap()));
        let layer = PostResponseLayer::new(authorizer.with_deadlines(DECISION_DEADLINE, Duration::ZERO));
        let mut service = layer.layer(service_fn(respond_and_write));
        let response = tokio::time::timeout(Duration::from_secs(60), service.call(invocation())).await;
        assert!(matches!(response, Ok(Ok(()))), "{response:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn losing_the_last_use_never_fails_the_request() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let layer = PostResponseLayer::new(authorizer_at(format!("http://{gone}")));
        let mut service = layer.layer(service_fn(respond_and_write));
        assert!(service.call(invocation()).await.is_ok());
    }
}
