//! Lambda entry point: decide, write the audit line, respond.

use std::io;

use lambda_http::{Error, Request, run, service_fn};
use portcullis::env::Env;
use portcullis::{App, logging};
use portcullis_exchange::{Exchange, ExchangeResult};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let exchange = &Exchange::new(App::start(Env::process()).await?);
    let handler = async |request: Request| {
        let ExchangeResult { response, audit } = exchange.handle(&request).await;
        // Without an audit line, no token is returned.
        audit.map_or(Ok(()), |entry| entry.write_to(&mut io::stdout()))?;
        Ok::<_, Error>(response)
    };
    run(service_fn(handler)).await
}
