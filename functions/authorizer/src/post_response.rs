//! What happens once the answer has left: noting the use of the token, and reading the
//! catalog again before it is too old.
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
use portcullis::store::DeferredWrite;

use crate::Authorizer;

/// What the present invocation leaves to be noted. One environment handles one event at a
/// time, so there is one place.
#[derive(Clone, Debug)]
pub struct PostResponseLayer {
    authorizer: Authorizer,
    pending: Arc<Mutex<Option<DeferredWrite>>>,
}

impl PostResponseLayer {
    /// Nothing to note yet.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer, pending: Arc::default() }
    }

    /// Leaves something to be noted once the answer has left.
    pub fn leave(&self, note: Option<DeferredWrite>) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = note;
    }

    async fn settle(self) {
        let note = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.authorizer.run_deferred(note).await;
    }
}

impl<S> Layer<S> for PostResponseLayer {
    type Service = PostResponseService<S>;

    fn layer(&self, inner: S) -> PostResponseService<S> {
        PostResponseService { inner, bookkeeping: self.clone() }
    }
}

/// The runtime's service, and the bookkeeping behind it.
#[derive(Debug)]
pub struct PostResponseService<S> {
    inner: S,
    bookkeeping: PostResponseLayer,
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
        let answered = self.inner.call(invocation);
        let bookkeeping = self.bookkeeping.clone();
        Box::pin(async move {
            let posted = answered.await;
            bookkeeping.settle().await;
            posted
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::HttpApiResponseFormat;
    use std::sync::atomic::{AtomicBool, Ordering};

    use lambda_runtime::tower::service_fn;
    use portcullis::clock::{Clock, Timestamp};
    use portcullis::grants::{Grants, Resource};
    use portcullis::store::{ClientInfo, Connection, TokenStore, connect};
    use portcullis::token::{Actor, TokenRecord};
    use portcullis::{App, Settings};
    use tokio::net::TcpListener;

    fn invocation() -> LambdaInvocation {
        let (parts, ()) = http::Response::new(()).into_parts();
        LambdaInvocation { parts, body: Default::default(), context: Default::default() }
    }

    fn used() -> DeferredWrite {
        let grants = Grants::single(vec!["a:b".parse().unwrap()], vec![Resource::All]);
        let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
        let made = Timestamp::from_seconds(0);
        let record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, made);
        DeferredWrite::of_use(&record, None, &ClientInfo::default(), Timestamp::from_seconds(1)).unwrap()
    }

    pub(crate) fn authorizer_at(endpoint: String) -> Authorizer {
        let static_credentials = Some(("id".to_owned(), "key".to_owned()));
        let connection = Connection {
            region: "eu-central-1".to_owned(),
            endpoint: Some(endpoint),
            static_credentials,
            ..Connection::default()
        };
        let settings = Settings::default();
        let tokens = TokenStore::new(connect(connection).unwrap(), "tokens");
        Authorizer::new(App { tokens, settings, clock: Clock::system() }, HttpApiResponseFormat::Simple).unwrap()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_last_use_is_written_after_the_answer_has_left() {
        let store = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bookkeeping = PostResponseLayer::new(authorizer_at(format!("http://{}", store.local_addr().unwrap())));
        let posted = Arc::new(AtomicBool::new(false));

        let (posting, left) = (posted.clone(), bookkeeping.clone());
        let runtime = service_fn(move |_: LambdaInvocation| {
            let (posting, left) = (posting.clone(), left.clone());
            async move {
                left.leave(Some(used()));
                // As many turns as anyone could use to write too early.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                posting.store(true, Ordering::SeqCst);
                Ok::<(), Error>(())
            }
        });
        let mut service = bookkeeping.layer(runtime);
        let mut answered = service.call(invocation());
        let posted_at_the_write = tokio::select! {
            accepted = store.accept() => {
                accepted.unwrap();
                posted.load(Ordering::SeqCst)
            }
            outcome = &mut answered => panic!("nothing was written: {outcome:?}"),
        };
        assert!(posted_at_the_write);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn losing_the_last_use_never_fails_the_request() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let bookkeeping = PostResponseLayer::new(authorizer_at(format!("http://{gone}")));
        bookkeeping.leave(Some(used()));
        let mut service = bookkeeping.layer(service_fn(async |_: LambdaInvocation| Ok::<(), Error>(())));
        assert!(service.call(invocation()).await.is_ok());
    }
}
