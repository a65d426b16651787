//! Work that waits until an answer has left, and is done before the next caller is looked
//! at: one Lambda environment takes no new event before it has finished with the last.

use std::pin::Pin;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Work that is done when an answer has left.
pub(crate) type BackgroundTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The work that is still going on.
#[derive(Default)]
pub(crate) struct BackgroundTasks {
    pending: Mutex<JoinSet<()>>,
}

impl BackgroundTasks {
    /// Starts a piece of work and does not wait for it.
    pub(crate) async fn run(&self, work: BackgroundTask) {
        self.pending.lock().await.spawn(work);
    }

    /// Waits for all the work that was started. Whoever comes meanwhile waits as well.
    pub(crate) async fn settle(&self) {
        let mut pending = self.pending.lock().await;
        while let Some(result) = pending.join_next().await {
            if let Err(error) = result {
                tracing::error!(%error, "what follows an answer failed");
            }
        }
    }
}
