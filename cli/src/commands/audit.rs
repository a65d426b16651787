//! `portcullis audit`: a token's requests, including denied ones, from the audit log: CloudWatch Logs of a deployed
//! stack, or a file such as the one that the local stack writes.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use portcullis::clock::Timestamp;
use portcullis::secret::TokenId;
use portcullis::text::{counted, parse_expires_in};
use serde::Deserialize;

use super::token::lookup::TokenArg;
use super::token::words;
use crate::aws::{DeployedStack, StackLocation};
use crate::flag_value::whole_number;
use crate::output::Style;
use crate::{CliError, Context, Outcome, input, io_error};

/// Audit log of the local stack (`cargo run`).
const LOCAL_AUDIT_LOG: &str = ".portcullis/audit.log";
/// Stack outputs with the names of the log groups. The log of the exchange shows how CI tokens were issued.
const LOG_GROUP_OUTPUTS: [&str; 2] = ["AuthorizerLogGroupName", "ExchangeLogGroupName"];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    /// File with audit log lines, or - for standard input [default: .portcullis/audit.log if the URL is on this
    /// machine, else CloudWatch Logs]
    #[arg(long, value_name = "PATH|-", conflicts_with_all = ["stack", "region"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    location: StackLocation,
    /// Show requests since this time: a duration ago, as in 12h or 30d, or a time, as in 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", default_value = "7d", allow_hyphen_values = true)]
    since: String,
    /// Maximum number of requests; the newest are shown
    #[arg(long, value_name = "N", default_value = "1000", allow_negative_numbers = true, value_parser = |text: &str| whole_number(text, 1, None))]
    limit: u32,
    /// Show all requests
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// The shown fields of an audit log line.
#[derive(Deserialize)]
struct AuditLine {
    timestamp: Timestamp,
    api_token_id: Option<String>,
    #[serde(default)]
    superseded: bool,
    method: Option<String>,
    path: Option<String>,
    source_ip: Option<String>,
    rbac_decision: String,
    reason: Option<String>,
    approval_id: Option<String>,
    approved_by: Option<String>,
}

/// Collects the newest lines of a token, with their original text.
struct AuditSearch<'a> {
    id: &'a TokenId,
    since: Timestamp,
    limit: usize,
    lines: VecDeque<(AuditLine, String)>,
    is_truncated: bool,
    /// Number of lines read, and of audit log lines among them, of any token.
    lines_read: u64,
    audit_lines: u64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let since = since(&args.since, context.out.now())?;
    // Only a name needs the service.
    let id = args.token.id().map_or_else(|| args.token.find_id(&context.api()?), Ok)?;
    let limit = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let mut search = AuditSearch {
        id: &id,
        since,
        limit,
        lines: VecDeque::new(),
        is_truncated: false,
        lines_read: 0,
        audit_lines: 0,
    };
    let progress = context.out.progress("Reading the audit log");
    match file(args, context) {
        Some(path) if path == Path::new(input::STDIN) => read(input::stdin("--file")?, "standard input", &mut search)?,
        Some(path) => {
            let name = path.display().to_string();
            let opened = File::open(&path).map_err(|error| unreadable(&name, &error))?;
            read(BufReader::new(opened), &name, &mut search)?;
        }
        None => {
            let stack = DeployedStack::find(&args.location)?;
            // Safe: the ID consists of letters and digits.
            let pattern = format!("{{ $.api_token_id = \"{id}\" }}");
            for log in LOG_GROUP_OUTPUTS {
                stack.log(stack.output(log)?, &pattern, since, |line| search.add(line))?;
            }
        }
    }
    progress.finish_and_clear();
    // Without this error, a wrong file would look like an unused token.
    if search.lines_read > 0 && search.audit_lines == 0 {
        let lines_read = search.lines_read;
        return Err(CliError::usage(format!("no audit entries in {}", counted(lines_read, "line"))));
    }
    search.show(context)
}

/// The file to read. `None` means CloudWatch Logs.
fn file(args: &Args, context: &Context) -> Option<PathBuf> {
    let is_local_service = || context.config.url().is_ok_and(|url| url.is_loopback());
    let local = || (!args.location.is_given() && is_local_service()).then(|| LOCAL_AUDIT_LOG.into());
    args.file.clone().or_else(local)
}

/// Parses a time, or a duration before `now`.
///
/// # Errors
/// When it is neither.
pub(super) fn since(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    if let Some(moment) = Timestamp::parse(text) {
        return Ok(moment);
    }
    // A time after the epoch is the duration itself.
    let ago = parse_expires_in(text, Timestamp::from_seconds(0));
    let ago =
        ago.map_err(|invalid| CliError::usage(format!("--since: {invalid}, or a time as in 2027-01-31T12:00:00Z")))?;
    Ok(now.plus_seconds(-ago.seconds()))
}

fn read(mut from: impl BufRead, name: &str, search: &mut AuditSearch<'_>) -> Result<(), CliError> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).map_err(|error| unreadable(name, &error))? > 0 {
        search.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(())
}

fn unreadable(name: &str, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot read audit log {name}: {}", io_error::explain(error)))
        .with_hint("use --file for another file, or --stack for the log of a deployed stack")
}

impl AuditSearch<'_> {
    /// Adds a line, if it belongs to the token. Other log lines are ignored.
    fn add(&mut self, text: &str) {
        self.lines_read += 1;
        let Ok(line) = serde_json::from_str::<AuditLine>(text) else { return };
        self.audit_lines += 1;
        if line.api_token_id.as_deref() != Some(self.id.as_str()) || line.timestamp < self.since {
            return;
        }
        // Usually at the end.
        let at = self.lines.partition_point(|(other, _)| other.timestamp <= line.timestamp);
        self.lines.insert(at, (line, text.trim_end().to_owned()));
        if self.lines.len() > self.limit {
            self.lines.pop_front();
            self.is_truncated = true;
        }
    }

    fn show(&self, context: &Context) -> Result<Outcome, CliError> {
        let out = &context.out;
        if out.json {
            for (_, text) in &self.lines {
                out.document(text)?;
            }
        } else if !self.lines.is_empty() {
            let row = |(line, _): &(AuditLine, String)| {
                let request = [&line.method, &line.path].map(|part| part.as_deref().unwrap_or("-")).join(" ");
                let style = if line.rbac_decision == "allow" { Style::Good } else { Style::Bad };
                vec![
                    (out.format_time(line.timestamp), None),
                    (line.rbac_decision.clone(), Some(style)),
                    (request, None),
                    (line.source_ip.clone().unwrap_or_default(), None),
                    (line.reason(), None),
                ]
            };
            let columns = [("TIME", 0), ("DECISION", 0), ("REQUEST", 1), ("IP", 3), ("REASON", 2)];
            out.table(&columns, self.lines.iter().map(row).collect())?;
        } else {
            out.note(&format!("No requests since {}.", self.since));
        }
        if self.is_truncated {
            out.note("Older requests are not shown. Use --all or --limit for more.");
        }
        Ok(Outcome::Success)
    }
}

impl AuditLine {
    /// Deny reason, who approved the request, and whether the secret had been rotated out.
    fn reason(&self) -> String {
        let rotated_out = self.superseded.then(|| "rotated-out secret".to_owned());
        let approved = self.approval_id.as_ref().map(|id| {
            let by = self.approved_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            format!("approved{by} ({id})")
        });
        [self.reason.as_deref().map(words::deny_reason), approved, rotated_out]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
    }
}
