//! `instructions`: counts of the parts of a decision and of whole requests, beside the recorded ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::seed::{GRANTS, ROUTES, Scale};
use crate::stack::{Stack, build_folder};
use crate::targets::{self, Target};
use crate::{Error, callgrind, cases, process};

/// Largest accepted difference to the recorded count.
const TOLERANCE: f64 = 0.03;
/// Runs of a part of a decision.
const CASE_RUNS: u64 = 200;
/// Requests.
const REQUESTS: u32 = 30;

/// The grants and routes of the allowed requests.
const SCALES: [Scale; 4] = [
    Scale { grants: 1, routes: ROUTES },
    Scale { grants: 50, routes: ROUTES },
    Scale { grants: GRANTS, routes: 1 },
    Scale { grants: GRANTS, routes: 500 },
];

/// Options of `instructions`.
#[derive(Debug, Args)]
pub struct InstructionsArgs {
    /// Recorded counts
    #[arg(long, default_value = "bench/instructions.json")]
    recorded: PathBuf,
    /// Record the counts instead of comparing them
    #[arg(long)]
    update: bool,
    /// Count only names that contain this
    #[arg(long, default_value = "")]
    only: String,
}

/// Recorded counts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Instructions {
    /// The compiler of the counted programs. Another one gives other counts.
    pub compiler: String,
    /// Instructions by name.
    pub counts: BTreeMap<String, u64>,
}

/// Counts, prints a table, and compares or records.
///
/// # Errors
/// When a count differs by more than 3 %, or a program fails.
#[expect(clippy::print_stdout, reason = "the table is the output")]
pub fn instructions(args: &InstructionsArgs) -> Result<(), Error> {
    process::pin_to_core(process::HARNESS_CORE)?;
    let mut recorded: Instructions = match fs::read_to_string(&args.recorded) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => Instructions::default(),
    };
    let mut differing = Vec::new();
    println!("{:<44} {:>12} {:>12} {:>8}", "instructions", "recorded", "counted", "change");
    let mut note = |name: String, count: u64| {
        let before = recorded.counts.insert(name.clone(), count);
        let change = before.map(|before| ratio(count, before) - 1.0);
        let before = before.map_or_else(|| "-".to_owned(), |before| before.to_string());
        let shown = change.map_or_else(|| "new".to_owned(), |change| format!("{:+.1} %", change * 100.0));
        println!("{name:<44} {before:>12} {count:>12} {shown:>8}");
        if change.is_none_or(|change| change.abs() > TOLERANCE) {
            differing.push(name);
        }
    };
    for case in cases::all()?.iter().filter(|case| case.name.contains(&args.only)) {
        note(case.name.clone(), callgrind::count_case(&case.name, CASE_RUNS)?);
    }
    let mut failed = Vec::new();
    for (name, stack, target) in requests(&args.only)? {
        match callgrind::count_requests(&stack, &target, REQUESTS) {
            Ok(count) => note(name, count),
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    if args.update {
        recorded.compiler = compiler();
        fs::write(&args.recorded, serde_json::to_string_pretty(&recorded)? + "\n")?;
    } else if !differing.is_empty() {
        let (then, now) = (&recorded.compiler, compiler());
        return Err(format!(
            "changed by more than 3 %: {}. If that is intended, record the counts with `make instructions UPDATE=1` in \
             the same commit, and say why. They were recorded with {then}; this is {now}.",
            differing.join(", ")
        )
        .into());
    }
    if !failed.is_empty() {
        return Err(format!("not counted: {}; repeat it on an idle machine", failed.join("; ")).into());
    }
    Ok(())
}

/// Whole requests to the authorizer, each with the services that it needs.
fn requests(only: &str) -> Result<Vec<(String, Stack, Target)>, Error> {
    let mut requests = Vec::new();
    let mut add = |name: String, scale: Scale, target: &str| -> Result<(), Error> {
        if name.contains(only) {
            let stack = Stack::start(scale)?;
            let targets = targets::all(&stack, &build_folder()?)?;
            let target = targets.into_iter().find(|known| known.name == target).ok_or("no such target")?;
            requests.push((name, stack, target));
        }
        Ok(())
    };
    add("request: allowed".to_owned(), Scale::default(), "ours")?;
    add("request: allowed, write due".to_owned(), Scale::default(), "ours-write-due")?;
    add("request: malformed token".to_owned(), Scale::default(), "ours-malformed")?;
    for scale in SCALES {
        add(format!("request: {} grants, {} routes", scale.grants, scale.routes), scale, "ours")?;
    }
    Ok(requests)
}

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn ratio(count: u64, before: u64) -> f64 {
    count as f64 / before as f64
}

/// The compiler's version, as `rustc --version` prints it.
fn compiler() -> String {
    let output = std::process::Command::new("rustc").arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
