//! Wiring: decide, write the audit line, answer.

use std::io;

use lambda_http::{Error, Request, run, service_fn};
use portcullis::{App, config, telemetry};
use portcullis_exchange::{Exchange, Handled};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::log_level().as_deref());
    let exchange = &Exchange::new(App::from_env()?);
    let answer = async |request: Request| {
        let Handled { response, audit } = exchange.handle(&request).await;
        // No line, no token.
        audit.map_or(Ok(()), |line| line.write_to(&mut io::stdout()))?;
        Ok::<_, Error>(response)
    };
    run(service_fn(answer)).await
}
