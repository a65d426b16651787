//! Lambda entry point.

use lambda_http::{Error, Request, Response, run, service_fn};
use portcullis::env::Env;
use portcullis::{App, logging};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let app = &App::start(Env::process()).await?;
    run(service_fn(async |request: Request| Ok::<Response<_>, Error>(portcullis_approvals::handle(app, request).await)))
        .await
}
