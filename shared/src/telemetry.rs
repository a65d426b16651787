//! Ordinary logs: JSON lines on standard output, which Lambda ships to CloudWatch Logs.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Our own crates, which name in a log line only what is safe.
const OURS: [&str; 11] = [
    "portcullis",
    "authorizer",
    "catalog",
    "create",
    "exchange",
    "introspect",
    "list",
    "revoke",
    "rotate",
    "update",
    "web_console",
];

/// Starts logging at the level that Lambda's `AWS_LAMBDA_LOG_LEVEL` names (`level`), or at
/// INFO.
///
/// That is for our own crates. Those that we build on never log below WARN, whatever the
/// level: at TRACE some of them write whole events, with the headers in them.
pub fn init(level: Option<&str>) {
    let level: LevelFilter = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false);
    tracing_subscriber::registry().with(lines).with(targets(level)).init();
}

fn targets(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(OURS.map(|ours| (ours, level)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn whoever_we_build_on_never_logs_below_warn() {
        let verbose = targets(LevelFilter::TRACE);
        assert!(verbose.would_enable("portcullis::store", &Level::TRACE));
        for theirs in ["lambda_runtime", "aws_smithy_runtime", "hyper::proto"] {
            assert!(verbose.would_enable(theirs, &Level::WARN));
            assert!(!verbose.would_enable(theirs, &Level::INFO));
        }
        assert!(!targets(LevelFilter::ERROR).would_enable("lambda_runtime", &Level::WARN));
    }
}
