//! `portcullis-local`: command line of the local stack.

mod args;
mod banner;

use args::Args;
use clap::Parser as _;
use portcullis::logging::OWN_CRATE_PREFIX;
use portcullis_local::LogFormat;
use std::io::{self, Write};
use std::process::ExitCode;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if error.use_stderr() => {
            complain(&args::one_line(&error));
            return ExitCode::from(2);
        }
        Err(help) => {
            // --help and --version. Ignore a failure to print them.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    log_to_stderr(args.log());
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let log = args.log();
    let prefix = args.prefix.clone();
    // First, so that an interrupt never stops a partial start.
    let interrupted = interrupted()?;
    let running = portcullis_local::start(args.into_options()).await?;
    // With `--log json`, standard output has only the audit log.
    let text = banner::text(&running, &prefix);
    match log {
        LogFormat::Pretty => writeln!(io::stdout(), "{text}")?,
        LogFormat::Json => writeln!(io::stderr(), "{text}")?,
    }
    interrupted.await;
    running.shutdown().await;
    Ok(())
}

/// Resolves at Ctrl-C, or when the system terminates the process.
#[cfg(unix)]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler, the system terminates the process.
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Logs to standard error.
fn log_to_stderr(format: LogFormat) {
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(targets());
    match format {
        LogFormat::Json => registry.with(layer.json()).init(),
        LogFormat::Pretty => registry.with(layer.with_target(false)).init(),
    }
}

/// Portcullis's crates log at INFO, others at WARN. The engine warns of each failed condition, which is
/// normal here, so it logs at ERROR.
fn targets() -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target(OWN_CRATE_PREFIX, LevelFilter::INFO)
        .with_target("dynoxide", LevelFilter::ERROR)
}

/// One line on standard error.
fn complain(problem: &str) {
    // Ignore: stderr is gone.
    let _ = writeln!(io::stderr(), "portcullis-local: {problem}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_ours_logs_at_info_and_no_other_below_warn() {
        for ours in ["portcullis::store", "portcullis_local", "portcullis_authorizer::found", "portcullis_exchange"] {
            assert!(targets().would_enable(ours, &tracing::Level::INFO), "{ours}");
            assert!(!targets().would_enable(ours, &tracing::Level::DEBUG), "{ours}");
        }
        assert!(!targets().would_enable("hyper::proto", &tracing::Level::INFO));
        assert!(!targets().would_enable("dynoxide::engine", &tracing::Level::WARN));
    }
}
