//! Wiring: decide, write the audit line, answer.

use std::io;

use lambda_http::{Error, Request, run, service_fn};
use portcullis::env::Env;
use portcullis::{App, logging};
use portcullis_exchange::{Exchange, Handled};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let exchange = &Exchange::new(App::from_env(Env::process())?);
    let answer = async |request: Request| {
        let Handled { response, audit } = exchange.handle(&request).await;
        // No line, no token.
        audit.map_or(Ok(()), |line| line.write_to(&mut io::stdout()))?;
        Ok::<_, Error>(response)
    };
    run(service_fn(answer)).await
}
