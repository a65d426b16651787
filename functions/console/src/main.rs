//! Lambda entry point.

use lambda_http::{Error, Request, run, service_fn};
use portcullis::env::Env;
use portcullis::logging;
use portcullis_console::{Console, Files, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let console = &Console::new(Files::BuiltIn, &Settings::from_env(Env::process())?)?;
    run(service_fn(async |request: Request| Ok::<_, Error>(console.handle(&request)))).await
}
