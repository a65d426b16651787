//! Wiring: the files that were built in, and where the page may connect to.

use lambda_http::{Error, Request, run, service_fn};
use portcullis::config::Console as Settings;
use portcullis::{config, telemetry};
use portcullis_console::{Console, Files};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::log_level().as_deref());
    let console = &Console::new(Files::BuiltIn, &Settings::from_env()?)?;
    run(service_fn(async |request: Request| Ok::<_, Error>(console.handle(&request)))).await
}
