//! `faults`: what callers see while a share of DynamoDB's replies fails.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::fault::FaultKind;
use crate::markdown_table::aligned;
use crate::process::{self, Process};
use crate::runtime_api::RuntimeApi;
use crate::seed::Scale;
use crate::stack::{Stack, build_folder};
use crate::targets::{self, Target};

/// Options of `faults`.
#[derive(Debug, Args)]
pub struct FaultsArgs {
    /// Requests per kind of fault
    #[arg(long, default_value_t = 2000)]
    requests: usize,
    /// A fault in every nth reply
    #[arg(long, default_value_t = 100)]
    every: u32,
    /// Write the results as JSON
    #[arg(long)]
    json: Option<std::path::PathBuf>,
}

/// Results of one kind of fault for one program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaultRow {
    /// What happens to the replies.
    pub fault: String,
    /// The program.
    pub name: String,
    /// Number of requests.
    pub requests: usize,
    /// Number of answers without a decision.
    pub failed: usize,
    /// Median latency, in milliseconds.
    pub p50_ms: f64,
    /// Latency that 99.9 % of the requests do not exceed, in milliseconds.
    pub p999_ms: f64,
    /// Longest latency, in milliseconds.
    pub max_ms: f64,
}

/// The kinds of faults.
const FAULTS: [(&str, FaultKind); 3] = [
    ("delayed by 5 s", FaultKind::Delay(Duration::from_secs(5))),
    ("connection closed in mid-reply", FaultKind::Reset),
    ("no reply on an open connection", FaultKind::Silence),
];

/// Runs the programs and prints a table.
///
/// # Errors
/// When a program does not start.
#[expect(clippy::print_stdout, reason = "the table is the output")]
pub fn faults(args: &FaultsArgs) -> Result<(), Error> {
    process::pin_to_core(process::HARNESS_CORE)?;
    let stack = Stack::start(Scale::default())?;
    let targets = targets::all(&stack, &build_folder()?)?;
    let mut rows = Vec::new();
    for (fault, kind) in FAULTS {
        for target in targets.iter().filter(|target| ["floor", "ours"].contains(&target.name)) {
            rows.push(run(&stack, target, fault, kind, args)?);
        }
    }
    print!("{}", table(&rows));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)? + "\n")?;
    }
    Ok(())
}

fn run(stack: &Stack, target: &Target, fault: &str, kind: FaultKind, args: &FaultsArgs) -> Result<FaultRow, Error> {
    let api = RuntimeApi::start(Duration::ZERO)?;
    let _process = Process::start(&target.program, &stack.environment(api.address, &target.environment))?;
    api.wait_until_idle(Duration::from_secs(30))?;
    stack.dynamodb.faults.set(args.every, kind);
    let answers = api.invoke(&target.event, args.requests);
    stack.dynamodb.faults.set(0, kind);
    let answers = answers?;
    let failed = answers.iter().filter(|answer| target.check(&answer.body).is_err()).count();
    let mut latencies: Vec<f64> =
        answers.iter().map(|answer| (answer.received - answer.sent).as_secs_f64() * 1e3).collect();
    latencies.sort_unstable_by(f64::total_cmp);
    let at = |permille: usize| {
        let at = (latencies.len() * permille).div_ceil(1000).saturating_sub(1);
        latencies.get(at).copied().unwrap_or_default()
    };
    Ok(FaultRow {
        fault: fault.to_owned(),
        name: target.name.to_owned(),
        requests: answers.len(),
        failed,
        p50_ms: at(500),
        p999_ms: at(999),
        max_ms: at(1000),
    })
}

/// The rows as a Markdown table.
#[must_use]
pub fn table(rows: &[FaultRow]) -> String {
    let heading = ["1 % of the replies", "program", "requests", "failed", "p50 ms", "p99.9 ms", "longest ms"];
    let mut lines = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let times = [row.p50_ms, row.p999_ms, row.max_ms].map(|time| format!("{time:.1}"));
        let [requests, failed] = [row.requests, row.failed].map(|number| number.to_string());
        lines.push([vec![row.fault.clone(), row.name.clone(), requests, failed], times.to_vec()].concat());
    }
    aligned(&lines)
}
