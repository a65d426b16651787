//! Wiring.

use lambda_http::{Error, Request, Response, run, service_fn};
use portcullis::flush::Flusher;
use portcullis::{App, config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::log_level().as_deref());
    let app = &App::from_env()?;
    let flusher = &Flusher::from_env()?;
    let answer =
        async |request: Request| Ok::<Response<_>, Error>(portcullis_revoke::handle(app, flusher, request).await);
    run(service_fn(answer)).await
}
