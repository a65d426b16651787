//! `portcullis restore-check`: finds the tokens that a table restored from a backup accepts again, because the table
//! lacks their later revocation, disabling or rotation, and revokes or disables them. The change log has the later changes.
//! Approvals from before the restore point are ended, because their use is in no log.

mod change_lines;
mod findings;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::text::counted;
use portcullis::token::Approval;
use serde_json::json;

use super::audit::since;
use crate::aws::stack_state::LogGroup;
use crate::aws::{DeployedStack, RestoredTable, Retention, StackLocation};
use crate::output::Style;
use crate::{CliError, Context, Outcome, input, io_error};
use change_lines::ChangeLines;
use findings::{Action, CatalogFinding, Finding, Findings};

/// Change log lines from this many seconds before the restore point are read too, because the clocks of the
/// functions and of DynamoDB differ.
const MARGIN_SECONDS: i64 = 600;
/// Filter pattern of change log lines in CloudWatch Logs.
const PATTERN: &str = "{ $.change = \"*\" }";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the restored table
    #[arg(long, value_name = "NAME")]
    table: String,
    /// The restore point: the time to which the table was restored, as in 2027-01-31T12:00:00Z, or a duration ago, as
    /// in 12h
    #[arg(long, value_name = "TIME")]
    since: String,
    /// File with lines of the functions' logs, or - for standard input; repeatable [default: CloudWatch Logs of the
    /// stack]
    #[arg(long, value_name = "PATH|-", conflicts_with = "stack")]
    from_file: Vec<PathBuf>,
    #[command(flatten)]
    location: StackLocation,
    /// Revoke and disable the tokens, and end the approvals, that were found
    #[arg(long)]
    apply: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let restored_to = since(&args.since, context.out.now())?;
    let mut lines = ChangeLines::since(restored_to.plus_seconds(-MARGIN_SECONDS));
    let progress = context.out.progress("Reading the change log");
    let retention = if args.from_file.is_empty() {
        read_stack(&args.location, restored_to, &mut lines, context)?
    } else {
        read_files(&args.from_file, restored_to, &mut lines)?;
        Retention::default()
    };
    progress.set_message("Reading the table");
    let table = RestoredTable::open(&args.table, &args.location, retention)?;
    let findings = findings::check(&lines, &table, restored_to.plus_seconds(MARGIN_SECONDS))?;
    progress.finish_and_clear();
    let failed = if args.apply { apply(&findings, &table, context) } else { Vec::new() };
    show(args, restored_to, &lines, &findings, &failed, context)?;
    match (findings.is_empty(), args.apply) {
        (true, _) => Ok(Outcome::Success),
        (false, false) => Ok(Outcome::Negative),
        (false, true) if failed.is_empty() => Ok(Outcome::Success),
        (false, true) => Err(CliError::Unfinished(format!(
            "{} of {} tokens and approvals could not be changed; run the command again",
            failed.len(),
            findings.tokens.len() + findings.approvals.len()
        ))),
    }
}

/// Reads the logs of the stack's functions. Returns the stack's retention settings.
fn read_stack(
    location: &StackLocation,
    restored_to: Timestamp,
    lines: &mut ChangeLines,
    context: &Context,
) -> Result<Retention, CliError> {
    let stack = DeployedStack::find(location)?;
    let groups = stack.function_log_groups()?;
    if groups.is_empty() {
        return Err(CliError::usage("the stack has no log groups").with_hint("use --from-file for exported logs"));
    }
    for group in &groups {
        ensure_reaches_back(group, restored_to, context.out.now())?;
    }
    let from = restored_to.plus_seconds(-MARGIN_SECONDS);
    for group in &groups {
        stack.log(&group.name, PATTERN, from, |line| lines.add(line))?;
    }
    Ok(stack.retention())
}

/// Refuses a log group that no longer has, or never had, the lines since the restore point.
fn ensure_reaches_back(group: &LogGroup, restored_to: Timestamp, now: Timestamp) -> Result<(), CliError> {
    let kept_from = group.retention_days.map(|days| now.plus_seconds(-i64::from(days) * DAY_SECONDS));
    let begin = [kept_from, group.created_at].into_iter().flatten().fold(Timestamp::from_millis(0), Timestamp::max);
    if begin <= restored_to {
        return Ok(());
    }
    Err(too_late(&format!("log group {} begins at", group.name), begin, restored_to))
}

fn too_late(what: &str, begin: Timestamp, restored_to: Timestamp) -> CliError {
    let begin = begin.truncated_to_seconds();
    CliError::usage(format!(
        "{what} {begin}, after the restore point {restored_to}: changes in between would be missed"
    ))
    .with_hint("export the logs from before the restore point, and use --from-file; or restore to a later time")
}

fn read_files(paths: &[PathBuf], restored_to: Timestamp, lines: &mut ChangeLines) -> Result<(), CliError> {
    for path in paths {
        if path == Path::new(input::STDIN) {
            read(input::stdin("--from-file")?, "standard input", lines)?;
        } else {
            let name = path.display().to_string();
            let opened = File::open(path).map_err(|error| unreadable(&name, &error))?;
            read(BufReader::new(opened), &name, lines)?;
        }
    }
    match lines.begin() {
        None => Err(CliError::usage(format!("no log entries with a time in {}", counted(lines.read(), "line")))),
        Some(begin) if begin > restored_to => Err(too_late("the logs in --from-file begin at", begin, restored_to)),
        Some(_) => Ok(()),
    }
}

fn read(mut from: impl BufRead, name: &str, lines: &mut ChangeLines) -> Result<(), CliError> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).map_err(|error| unreadable(name, &error))? > 0 {
        lines.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(())
}

fn unreadable(name: &str, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot read {name}: {}", io_error::explain(error)))
}

/// Revokes and disables the tokens, and ends the approvals. Returns the IDs of those for which this failed.
fn apply(findings: &Findings, table: &RestoredTable, context: &Context) -> Vec<String> {
    let progress = context.out.progress("Changing the tokens");
    let mut failed = Vec::new();
    for finding in &findings.tokens {
        let done = match finding.action {
            Action::Revoke => table.revoke(&finding.record, &finding.comment()),
            Action::Disable => table.disable(&finding.record),
        };
        if let Err(error) = done {
            context.out.warn(&format!("token {}: {error}", finding.record.id));
            failed.push(finding.record.id.to_string());
        }
    }
    for approval in &findings.approvals {
        if let Err(error) = table.end_approval(&approval.id) {
            context.out.warn(&format!("approval {}: {error}", approval.id));
            failed.push(approval.id.to_string());
        }
    }
    progress.finish_and_clear();
    failed
}

fn show(
    args: &Args,
    restored_to: Timestamp,
    lines: &ChangeLines,
    findings: &Findings,
    failed: &[String],
    context: &Context,
) -> Result<(), CliError> {
    let out = &context.out;
    let action = |finding: &Finding| {
        let name = finding.action.name();
        match (args.apply, failed.contains(&finding.record.id.to_string())) {
            (false, _) => name.to_owned(),
            (true, false) => format!("{name}d"),
            (true, true) => "failed".to_owned(),
        }
    };
    let end = |approval: &Approval| match (args.apply, failed.contains(&approval.id.to_string())) {
        (false, _) => "end",
        (true, false) => "ended",
        (true, true) => "failed",
    };
    if out.json {
        let token = |finding: &Finding| {
            json!({"token_id": finding.record.id.to_string(), "name": finding.record.name.to_string(),
                "owner": finding.record.owner.to_string(), "change": finding.change.kind.name(), "at": finding.change.at,
                "by": finding.change.by, "action": action(finding)})
        };
        let approval = |approval: &Approval| {
            json!({"approval_id": approval.id.to_string(), "token_id": approval.token.to_string(),
                "permission": approval.permission.to_string(), "resource": approval.resource.to_string(),
                "expires_at": approval.expires_at(), "action": end(approval)})
        };
        let document = json!({"table": args.table, "since": restored_to, "change_lines": lines.changes(),
            "tokens": findings.tokens.iter().map(token).collect::<Vec<_>>(),
            "approvals": findings.approvals.iter().map(approval).collect::<Vec<_>>(), "lost": findings.lost,
            "lost_exchanged": findings.lost_exchanged, "catalog": findings.catalog});
        return out.document(&document.to_string());
    }
    let (action_column, action_style) = if args.apply { ("DONE", Style::Good) } else { ("ACTION", Style::Warn) };
    if !findings.tokens.is_empty() {
        let row = |finding: &Finding| {
            vec![
                (finding.record.id.to_string(), None),
                (finding.record.name.to_string(), None),
                (finding.record.owner.to_string(), None),
                (finding.change.kind.name().to_owned(), None),
                (out.format_time(finding.change.at.truncated_to_seconds()), None),
                (finding.change.by.clone().unwrap_or_default(), None),
                (action(finding), Some(action_style)),
            ]
        };
        let columns =
            [("TOKEN", 0), ("NAME", 2), ("OWNER", 3), ("CHANGE", 1), ("TIME", 4), ("BY", 5), (action_column, 0)];
        out.table(&columns, findings.tokens.iter().map(row).collect())?;
    }
    if !findings.approvals.is_empty() {
        let row = |approval: &Approval| {
            vec![
                (approval.id.to_string(), None),
                (approval.token_name.to_string(), None),
                (approval.owner.to_string(), None),
                (format!("{} on {}", approval.permission, approval.resource), None),
                (out.format_time_or(approval.expires_at(), "pending"), None),
                (end(approval).to_owned(), Some(action_style)),
            ]
        };
        let columns =
            [("APPROVAL", 0), ("TOKEN", 2), ("OWNER", 3), ("PERMISSION", 1), ("EXPIRES", 4), (action_column, 0)];
        out.table(&columns, findings.approvals.iter().map(row).collect())?;
    }
    notes(args, restored_to, lines, findings, context);
    Ok(())
}

fn notes(args: &Args, restored_to: Timestamp, lines: &ChangeLines, findings: &Findings, context: &Context) {
    let out = &context.out;
    if let Some(CatalogFinding { at, by, version, restored_version }) = &findings.catalog {
        let (at, by) = (at.truncated_to_seconds(), by.as_deref().unwrap_or("unknown"));
        out.warn(&format!(
            "the catalog was replaced at {at} by {by} (version {version}); the table has version {restored_version}: check its roles, groups and trust rules, and publish the current one with portcullis catalog push"
        ));
    }
    if !findings.lost.is_empty() {
        let ids = findings.lost.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        out.note(&format!("Created after the restore point, so the table lacks them and they are refused: {ids}."));
    }
    if findings.lost_exchanged > 0 {
        out.note(&format!("Tokens of CI jobs issued after the restore point: {}.", findings.lost_exchanged));
    }
    let count = |action: Action| findings.tokens.iter().filter(|finding| finding.action == action).count();
    let (revoke, disable) = (count(Action::Revoke), count(Action::Disable));
    let read = format!("Read {} of the change log since {restored_to}.", counted(lines.changes(), "line"));
    let end = match findings.approvals.len() {
        0 => String::new(),
        count => format!("; approvals to end: {count}"),
    };
    out.note(&match (findings.is_empty(), args.apply) {
        (true, _) => format!("{read} Nothing to do."),
        (false, false) => format!("{read} To revoke: {revoke}; to disable: {disable}{end}. Add --apply to do it."),
        (false, true) => {
            format!("{read} An admin can check and enable the disabled tokens with portcullis token enable.")
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_group_that_does_not_reach_back_to_the_restore_point_is_refused() {
        let at = |day: i64| Timestamp::from_seconds(day * DAY_SECONDS);
        let group = |retention_days, created_at| LogGroup { name: "log".to_owned(), retention_days, created_at };
        let check = |group: &LogGroup| ensure_reaches_back(group, at(100), at(110));
        check(&group(None, None)).unwrap();
        check(&group(Some(10), Some(at(100)))).unwrap();
        for short in [group(Some(9), None), group(None, Some(at(101))), group(Some(90), Some(at(101)))] {
            let refused = check(&short).unwrap_err().to_string();
            assert!(refused.contains("log group log begins at 1970-04-12T00:00:00Z"), "{refused}");
        }
    }
}
