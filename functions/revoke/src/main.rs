//! Lambda entry point.

use lambda_http::{Error, Request, Response, run, service_fn};
use portcullis::cache_flush::CacheFlusher;
use portcullis::env::Env;
use portcullis::{App, logging};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let app = &App::start(Env::process()).await?;
    let flusher = &CacheFlusher::from_env(Env::process())?;
    let handler =
        async |request: Request| Ok::<Response<_>, Error>(portcullis_revoke::handle(app, flusher, request).await);
    run(service_fn(handler)).await
}
