//! Wiring.

use lambda_http::{Error, Request, Response, run, service_fn};
use portcullis::{App, config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::log_level().as_deref());
    let app = &App::from_env()?;
    run(service_fn(async |request: Request| {
        Ok::<Response<_>, Error>(portcullis_introspect::handle(app, request).await)
    }))
    .await
}
