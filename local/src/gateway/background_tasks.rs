//! Tasks that run after a response was sent and before the next request is handled, as in a Lambda
//! environment.

use std::pin::Pin;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// A task that runs after a response was sent.
pub(crate) type BackgroundTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The running tasks.
#[derive(Default)]
pub(crate) struct BackgroundTasks {
    pending: Mutex<JoinSet<()>>,
}

impl BackgroundTasks {
    /// Starts a task without waiting for it.
    pub(crate) async fn run(&self, work: BackgroundTask) {
        self.pending.lock().await.spawn(work);
    }

    /// Waits for all started tasks.
    pub(crate) async fn wait_idle(&self) {
        let mut pending = self.pending.lock().await;
        while let Some(result) = pending.join_next().await {
            if let Err(error) = result {
                tracing::error!(%error, "a task after a response failed");
            }
        }
    }
}
