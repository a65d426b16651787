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
const CASE_RUNS: u64 = 50;
/// Requests.
const REQUESTS: u32 = 30;
/// Maximum number of counts of whole requests.
const MAX_COUNTS: u32 = 4;

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

/// Counts, prints a table, and compares or records. Counts of another compiler are not compared.
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
    let (mut changed, mut total) = (Vec::new(), 0);
    println!("{:<44} {:>12} {:>12} {:>8}", "instructions", "recorded", "counted", "change");
    let mut note = |name: String, before: Option<u64>, count: u64| {
        let change =
            before.map_or_else(|| "new".to_owned(), |before| format!("{:+.1} %", change(before, count) * 100.0));
        println!(
            "{name:<44} {:>12} {count:>12} {change:>8}",
            before.map_or_else(|| "-".to_owned(), |before| before.to_string())
        );
        if !is_as_recorded(before, count) {
            changed.push(name);
        }
        total += 1;
    };
    let mut counts = recorded.counts.clone();
    for case in cases::all()?.iter().filter(|case| case.name.contains(&args.only)) {
        let count = callgrind::count_case(&case.name, CASE_RUNS)?;
        note(case.name.clone(), counts.insert(case.name.clone(), count), count);
    }
    for (name, stack, target) in requests(&args.only)? {
        let before = counts.get(&name).copied();
        let count = count_requests(&stack, &target, before).map_err(|error| format!("{name}: {error}"))?;
        counts.insert(name.clone(), count);
        note(name, before, count);
    }
    let compiler = compiler();
    if args.update {
        recorded = Instructions { compiler, counts };
        fs::write(&args.recorded, serde_json::to_string_pretty(&recorded)? + "\n")?;
    } else if recorded.compiler != compiler {
        println!("\n{total} counted, not compared: recorded with {}; this is {compiler}", recorded.compiler);
    } else {
        println!("\n{} unchanged, {} changed by more than 3 %", total - changed.len(), changed.len());
        if !changed.is_empty() {
            let names = changed.join(", ");
            return Err(format!(
                "changed: {names}. If that is intended, record the counts with `make instructions UPDATE=1` in the same \
                 commit, and say why."
            )
            .into());
        }
    }
    Ok(())
}

/// Counts again if there are more instructions than recorded, and returns the least: other load on the machine can only
/// add some, because a program that waits polls more often.
fn count_requests(stack: &Stack, target: &Target, before: Option<u64>) -> Result<u64, Error> {
    let mut least = callgrind::count_requests(stack, target, REQUESTS)?;
    for _ in 1..MAX_COUNTS {
        if before.is_none_or(|before| change(before, least) <= TOLERANCE) {
            break;
        }
        least = least.min(callgrind::count_requests(stack, target, REQUESTS)?);
    }
    Ok(least)
}

fn is_as_recorded(before: Option<u64>, count: u64) -> bool {
    before.is_some_and(|before| change(before, count).abs() <= TOLERANCE)
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

/// The relative change of a count.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn change(before: u64, count: u64) -> f64 {
    count as f64 / before as f64 - 1.0
}

/// The compiler's version, as `rustc --version` prints it.
fn compiler() -> String {
    let output = std::process::Command::new("rustc").arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
