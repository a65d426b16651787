//! `compare`: times of programs, in turn.

use std::path::PathBuf;

use clap::Args;

use crate::measure::{Run, run};
use crate::report::{Report, Row};
use crate::seed::Scale;
use crate::stack::{Stack, build_folder};
use crate::targets::{self, Target};
use crate::{Error, chart, process};

/// Options of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Programs to run; default: those that are built
    targets: Vec<String>,
    /// The program that ratios refer to
    #[arg(long, default_value = "floor")]
    baseline: String,
    /// Rounds, each of which runs every program
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Starts of each program per round
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// Warm requests of each program per round
    #[arg(long, default_value_t = 1000)]
    requests: usize,
    /// Share of a core for the column "limited": 0.072 is that of 128 MB; 0 leaves the column out
    #[arg(long, default_value_t = 0.072)]
    cpu_share: f64,
    /// Write the results as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the results as a picture
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Runs the programs and prints a table.
///
/// # Errors
/// When a program fails.
#[expect(clippy::print_stdout, reason = "the table is the output")]
pub fn compare(args: &CompareArgs) -> Result<(), Error> {
    process::pin_to_core(process::HARNESS_CORE)?;
    let stack = Stack::start(Scale::default())?;
    let report = measure(&stack, &selected(&stack, &args.targets)?, args)?;
    print!("{}", report.table());
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    if let Some(file) = &args.svg {
        std::fs::write(file, chart::svg(&report))?;
    }
    Ok(())
}

fn selected(stack: &Stack, names: &[String]) -> Result<Vec<Target>, Error> {
    let all = targets::all(stack, &build_folder()?)?;
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|target| target.name != **name)) {
        let known: Vec<_> = all.iter().map(|target| target.name).collect();
        return Err(format!("no target {unknown:?}; there are: {}", known.join(", ")).into());
    }
    let is_built = |target: &Target| target.file.exists();
    Ok(all
        .into_iter()
        .filter(|target| if names.is_empty() { is_built(target) } else { names.iter().any(|name| name == target.name) })
        .collect())
}

fn measure(stack: &Stack, targets: &[Target], args: &CompareArgs) -> Result<Report, Error> {
    let cpu_share = Some(args.cpu_share).filter(|share| *share > 0.0);
    let mut runs: Vec<(Vec<Run>, Vec<Run>)> = vec![Default::default(); targets.len()];
    for _ in 0..args.rounds {
        for (target, (unlimited, limited)) in targets.iter().zip(&mut runs) {
            let requests = if target.is_warm { args.requests } else { 0 };
            unlimited.push(run(stack, target, requests, None)?);
            for _ in 1..args.starts {
                unlimited.push(run(stack, target, 0, None)?);
            }
            for _ in 0..cpu_share.map_or(0, |_| args.starts) {
                limited.push(run(stack, target, 0, cpu_share)?);
            }
        }
    }
    Ok(Report {
        processor: process::model(),
        rounds: args.rounds,
        starts: args.starts,
        requests: args.requests,
        cpu_share,
        baseline: args.baseline.clone(),
        rows: targets
            .iter()
            .zip(&runs)
            .map(|(target, (unlimited, limited))| Row::new(target, unlimited, limited))
            .collect(),
    })
}
