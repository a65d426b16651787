//! `portcullis doctor`: checks a deployed stack and the APIs that use its authorizer, with AWS credentials.

mod findings;
mod probe;

use portcullis::text::counted;
use serde_json::json;

use crate::aws::stack_state::StackState;
use crate::aws::{DeployedStack, StackLocation};
use crate::output::Style;
use crate::{CliError, Context, Outcome};
use findings::Finding;
use probe::{Measurement, ProbeFlags};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    location: StackLocation,
    #[command(flatten)]
    probe: ProbeFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let progress = context.out.progress("Reading the stack and its APIs");
    let state = DeployedStack::find(&args.location)?.inspect()?;
    progress.finish_and_clear();
    let max_ttl = state.authorizers.iter().map(|authorizer| authorizer.ttl_seconds).max().unwrap_or_default();
    let mut measurements = args.probe.run(state.cache_seconds(), max_ttl, context)?;
    let mut findings = findings::check(&state);
    findings.extend(measurements.iter_mut().filter_map(|measurement| measurement.finding.take()));
    if context.out.json {
        let document = json!({"authorizers": state.authorizers, "findings": findings, "probes": measurements});
        context.out.document(&document.to_string())?;
    } else if !context.out.quiet {
        show(&state, &findings, &measurements, context)?;
    }
    Ok(if findings.is_empty() { Outcome::Success } else { Outcome::Negative })
}

fn show(
    state: &StackState,
    findings: &[Finding],
    measurements: &[Measurement],
    context: &Context,
) -> Result<(), CliError> {
    let out = &context.out;
    if findings.is_empty() {
        out.line("No findings.")?;
    } else {
        let row = |finding: &Finding| {
            vec![
                (finding.subject.clone(), None),
                (finding.setting.clone(), None),
                (finding.found.clone(), Some(Style::Bad)),
                (finding.expected.clone(), None),
            ]
        };
        out.table(&[("WHERE", 0), ("SETTING", 0), ("FOUND", 1), ("EXPECTED", 2)], findings.iter().map(row).collect())?;
    }
    let refused: Vec<_> = measurements.iter().filter_map(|one| Some((&one.url, one.refused_after?))).collect();
    for (url, seconds) in &refused {
        out.line(&format!("{url} refused the revoked token after {seconds:.3} s"))?;
    }
    // Only if all APIs refused the token is there a last refusal.
    if refused.len() == measurements.len() {
        let last = refused.iter().map(|(_, seconds)| *seconds).reduce(f64::max);
        last.map_or(Ok(()), |seconds| out.line(&format!("last refusal after {seconds:.3} s")))?;
    }
    let counts = [
        (state.authorizers.len(), "authorizer"),
        (state.functions.len(), "function"),
        (state.log_groups.len(), "log group"),
        (state.alarms.len(), "alarm"),
    ];
    let counts = counts.map(|(count, noun)| counted(count, noun));
    out.note(&format!("Checked {}.", counts.join(", ")));
    Ok(())
}
