//! `portcullis audit`: a token's requests, those that were refused too, from the audit log: that
//! of a deployed stack in CloudWatch Logs, or a file with its lines, as the stack on this machine
//! writes one.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use portcullis::clock::Timestamp;
use portcullis::secret::TokenId;
use portcullis::text::parse_expires_in;
use serde::Deserialize;

use super::token::lookup::id;
use crate::aws::{DeployedStack, StackLocation};
use crate::output::Style;
use crate::{CliError, Context, Outcome, input};

/// Where `cargo run` keeps it.
const LOCAL_AUDIT_LOG: &str = ".portcullis/audit.log";
/// The stack's outputs with the logs' names: of the authorizer, and of the exchange, whose
/// line tells how a token of a CI job came to be.
const LOG_GROUP_OUTPUTS: [&str; 2] = ["AuthorizerLogGroupName", "ExchangeLogGroupName"];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token's id
    #[arg(value_parser = id)]
    id: TokenId,
    /// Read a file of audit lines, or - for standard input, instead of CloudWatch Logs. Where the URL is on this
    /// machine, that is .portcullis/audit.log unless another is named
    #[arg(long, value_name = "PATH|-", conflicts_with_all = ["stack", "region"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    location: StackLocation,
    /// How far to look back, as in 12h or 30d, or from when, as in 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", default_value = "7d")]
    since: String,
    /// How many at most, the newest
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// All that there are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// The fields of an audit line that are shown; docs/cli.md#audit-log has all of them.
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
}

/// The newest lines of a token, each with its text as it was written.
struct AuditSearch<'a> {
    id: &'a TokenId,
    since: Timestamp,
    limit: usize,
    lines: VecDeque<(AuditLine, String)>,
    is_truncated: bool,
    /// How many lines were read, and how many of them were audit lines, of whichever token.
    lines_read: u64,
    audit_lines: u64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let since = since(&args.since, context.out.now())?;
    let limit = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let mut search = AuditSearch {
        id: &args.id,
        since,
        limit,
        lines: VecDeque::new(),
        is_truncated: false,
        lines_read: 0,
        audit_lines: 0,
    };
    let progress = context.out.progress("reading the audit log");
    match file(args, context) {
        Some(path) if path == Path::new(input::STDIN) => read(input::stdin("--file")?, "standard input", &mut search)?,
        Some(path) => {
            let name = path.display().to_string();
            let opened = File::open(&path).map_err(|error| unreadable(&name, &error))?;
            read(BufReader::new(opened), &name, &mut search)?;
        }
        None => {
            let stack = DeployedStack::find(&args.location)?;
            // The id is letters and digits, so nothing in it can change the pattern.
            let pattern = format!("{{ $.api_token_id = \"{}\" }}", args.id);
            for log in LOG_GROUP_OUTPUTS {
                stack.log(stack.output(log)?, &pattern, since, |line| search.add(line))?;
            }
        }
    }
    progress.finish_and_clear();
    // Who asks whether a token was used must not take this for a no.
    if search.lines_read > 0 && search.audit_lines == 0 {
        let lines_read = search.lines_read;
        return Err(CliError::usage(format!("none of the {lines_read} lines that were read is an audit line")));
    }
    search.show(context)
}

/// The file that is to be read; none where it is CloudWatch Logs.
fn file(args: &Args, context: &Context) -> Option<PathBuf> {
    let is_local_service = || context.config.url().is_ok_and(|url| url.is_loopback());
    let here = || (!args.location.is_given() && is_local_service()).then(|| LOCAL_AUDIT_LOG.into());
    args.file.clone().or_else(here)
}

fn since(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    if let Some(moment) = Timestamp::parse(text) {
        return Ok(moment);
    }
    // A length of time is what it is from the beginning of time.
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
    CliError::usage(format!("the audit log {name} cannot be read: {error}"))
        .with_hint("--file names another, and --stack reads that of a deployed stack")
}

impl AuditSearch<'_> {
    /// Keeps a line, if it is one of the token's. Functions write other lines into their logs too.
    fn add(&mut self, text: &str) {
        self.lines_read += 1;
        let Ok(line) = serde_json::from_str::<AuditLine>(text) else { return };
        self.audit_lines += 1;
        if line.api_token_id.as_deref() != Some(self.id.as_str()) || line.timestamp < self.since {
            return;
        }
        // Almost always at the end.
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
                    (line.why(), None),
                ]
            };
            out.table(&["WHEN", "DECISION", "REQUEST", "FROM", "WHY"], self.lines.iter().map(row).collect())?;
        } else {
            out.note(&format!("No request of it since {}.", self.since));
        }
        if self.is_truncated {
            out.note("There are older ones: --all shows them, and --limit more.");
        }
        Ok(Outcome::Done)
    }
}

impl AuditLine {
    /// `permission_missing`, and whether the secret was one that a rotation has replaced.
    fn why(&self) -> String {
        let replaced = self.superseded.then_some("with a secret that was replaced");
        [self.reason.as_deref(), replaced].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
