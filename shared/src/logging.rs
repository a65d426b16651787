//! Application logs: JSON lines on standard output, which Lambda ships to CloudWatch Logs.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::env::Env;

/// Name prefix of Portcullis's own crates, whose log lines are safe at every level.
pub const OWN_CRATE_PREFIX: &str = "portcullis";

/// Starts logging at the level in `AWS_LAMBDA_LOG_LEVEL`, which Lambda's advanced logging controls set;
/// default: INFO.
///
/// The level applies to Portcullis's own crates. Dependencies never log below WARN, because at TRACE some of
/// them write whole events, including headers.
pub fn init(env: Env<'_>) {
    let level: LevelFilter =
        env.get("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false);
    tracing_subscriber::registry().with(lines).with(targets(level)).init();
}

fn targets(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(OWN_CRATE_PREFIX, level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn dependencies_never_log_below_warn() {
        let verbose = targets(LevelFilter::TRACE);
        assert!(verbose.would_enable("portcullis::store", &Level::TRACE));
        for theirs in ["lambda_runtime", "aws_smithy_runtime", "hyper::proto"] {
            assert!(verbose.would_enable(theirs, &Level::WARN));
            assert!(!verbose.would_enable(theirs, &Level::INFO));
        }
        assert!(!targets(LevelFilter::ERROR).would_enable("lambda_runtime", &Level::WARN));
    }

    #[test]
    fn every_function_crate_logs_at_the_configured_level() {
        let functions = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions");
        let manifests: Vec<_> = std::fs::read_dir(functions)
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).ok())
            .collect();
        assert!(manifests.len() >= 10);
        for manifest in manifests {
            let names = manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
            for name in names {
                let target = format!("{}::handler", name.replace('-', "_"));
                assert!(targets(LevelFilter::TRACE).would_enable(&target, &Level::TRACE), "{target}");
            }
        }
    }
}
