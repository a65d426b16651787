//! `portcullis-bench`: benchmarks of the Lambda functions.

use clap::{Parser, Subcommand};
use portcullis_bench::commands::compare::{CompareArgs, compare};
use portcullis_bench::commands::faults::{FaultsArgs, faults};
use portcullis_bench::commands::instructions::{InstructionsArgs, instructions};
use portcullis_bench::commands::page::{PageArgs, page};
use portcullis_bench::{Error, cases};

/// Benchmarks of the Lambda functions.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare programs: cold start, latency, CPU time, memory, size
    Compare(CompareArgs),
    /// Compare instruction counts with the recorded ones
    Instructions(InstructionsArgs),
    /// Measure programs while a share of DynamoDB's replies fails
    Faults(FaultsArgs),
    /// Write recorded results into the documentation
    Page(PageArgs),
    /// Run a part of a decision, for Valgrind
    Case {
        /// Its name
        name: String,
        /// How often
        times: u64,
    },
}

fn main() -> Result<(), Error> {
    match Cli::parse().command {
        Command::Compare(args) => compare(&args),
        Command::Instructions(args) => instructions(&args),
        Command::Faults(args) => faults(&args),
        Command::Page(args) => page(&args),
        Command::Case { name, times } => run_case(&name, times),
    }
}

fn run_case(name: &str, times: u64) -> Result<(), Error> {
    let all = cases::all()?;
    let case = all.iter().find(|case| case.name == name).ok_or_else(|| format!("no case {name:?}"))?;
    (0..times).try_for_each(|_| case.run())
}
