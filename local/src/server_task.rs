//! HTTP server in its own task, with graceful shutdown.

use axum::Router;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long running requests may delay the shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// A running server, aborted when dropped.
pub(crate) struct ServerTask {
    name: &'static str,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl ServerTask {
    /// Serves in a new task. The name is used in the log.
    pub(crate) fn spawn(name: &'static str, listener: TcpListener, router: Router) -> Self {
        let (stop, stopped) = oneshot::channel();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            let stopped = async {
                // A dropped sender stops the server too.
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "{name} failed");
            }
        });
        Self { name, stop: Some(stop), task }
    }

    /// Waits for running requests, and aborts those that take too long.
    pub(crate) async fn shutdown(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Ignore: the server has already stopped.
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
