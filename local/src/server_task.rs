//! An HTTP server in a task of its own, which lets running requests finish when it is told to end.

use axum::Router;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a request that is still running may delay the end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// A running server. It is aborted when this is dropped.
pub(crate) struct ServerTask {
    name: &'static str,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl ServerTask {
    /// Serves in a new task. The name is for the log.
    pub(crate) fn spawn(name: &'static str, listener: TcpListener, router: Router) -> Self {
        let (stop, stopped) = oneshot::channel();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            let stopped = async {
                // A dropped sender ends the server as a sent word does.
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "{name} failed");
            }
        });
        Self { name, stop: Some(stop), task }
    }

    /// Lets running requests finish, and stops those that take too long.
    pub(crate) async fn shutdown(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may be gone already; then there is nothing to tell it.
            let _ = stop.send(());
        }
        if tokio::time::timeout(SHUTDOWN_GRACE, &mut self.task).await.is_err() {
            tracing::warn!("{} was stopped with a request still running", self.name);
            self.task.abort();
        }
    }
}

impl Drop for ServerTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}
