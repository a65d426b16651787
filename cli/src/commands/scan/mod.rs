//! `portcullis scan`: finds tokens in files and git history, and revokes them.
//!
//! | module | contents |
//! | --- | --- |
//! | `detector` | detection of tokens in bytes |
//! | `files` | search of files and directories |
//! | `ignore_files` | check that git ignore files are regular files |
//! | `git` | git commands and objects |
//! | `git_process` | a git process and its timeout |
//! | `git_files` | check that the files git opens are regular files |
//! | `history` | search of git history and staged changes |
//! | `findings` | found tokens, and what could not be read |
//! | `report` | output, without secrets and the lines that contain them |
//! | `revoke` | revocation of the found tokens |

mod detector;
mod files;
mod findings;
mod git;
mod git_files;
mod git_process;
mod history;
mod ignore_files;
mod report;
mod revoke;

use std::io;
use std::path::{Path, PathBuf};

use portcullis::secret::TokenPrefix;
use portcullis::text::counted;

use crate::{CliError, Context, Outcome, input};
use detector::Detector;
use findings::{Findings, Report};
use git_process::GitError;
use history::History;

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files and directories, or - for standard input; with --history, --range or --staged, directories of git
    /// repositories
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Search the git history instead of the files: all commits, and the names of branches and tags
    #[arg(long, conflicts_with = "staged")]
    history: bool,
    /// Search only the commits of a range, as in origin/main..HEAD
    #[arg(long, value_name = "A..B", conflicts_with = "staged")]
    range: Option<String>,
    /// Search staged changes, for a pre-commit hook
    #[arg(long)]
    staged: bool,
    /// Skip files that git ignores [default: search them too]
    #[arg(long, conflicts_with_all = ["history", "range", "staged"])]
    skip_ignored: bool,
    /// Token prefix to search for; repeatable [default: any]
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    prefix: Vec<TokenPrefix>,
    /// Revoke the tokens found; needs a URL, but no credential. Sends only tokens with the given --prefix [default: the
    /// prefix of your own token, or pcl]
    #[arg(long)]
    revoke: bool,
}

fn prefix(text: &str) -> Result<TokenPrefix, String> {
    text.parse().map_err(|invalid: portcullis::validation::ValidationError| invalid.to_string())
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let detector = Detector::new(args.prefix.clone()).map_err(|error| CliError::usage(error.to_string()))?;
    // Report configuration errors before the search.
    let revoker = args.revoke.then(|| revoke::Revoker::new(&args.prefix, context)).transpose()?;
    let report = search(args, &detector)?;
    for unread in &report.unread {
        context.out.warn(&detector.without_secrets(unread.as_bytes()));
    }
    match revoker {
        None => report::print(&report, None, &detector, &context.out)?,
        Some(revoker) => {
            // Show the findings before the confirmation prompt. JSON is printed only once, at the end.
            if !context.out.json {
                report::print(&report, None, &detector, &context.out)?;
            }
            let results = revoker.revoke_all(&report.findings)?;
            report::print_results(&report, &results, &detector, &context.out)?;
            revoke::incomplete_error(&results).map_or(Ok(()), Err)?;
        }
    }
    // Finding a token is a result even if something could not be read. Finding none is a result only if
    // everything was read.
    match (report.findings.is_empty(), report.unread.len()) {
        (false, _) => Ok(Outcome::Negative),
        (true, 0) => Ok(Outcome::Success),
        (true, unread) => {
            Err(CliError::Unfinished(format!("no token found, but {} could not be read", counted(unread, "item"))))
        }
    }
}

fn search(args: &Args, detector: &Detector) -> Result<Report, CliError> {
    let findings = Findings::default();
    args.paths.iter().filter(|path| path.as_os_str() != input::STDIN).try_for_each(|path| ensure_searchable(path))?;
    if args.history || args.range.is_some() {
        for path in &args.paths {
            history(path, args.range.as_deref(), detector, &findings)?;
        }
    } else if args.staged {
        for path in &args.paths {
            let history = History::open(path, detector, &findings).map_err(git_error)?;
            history.search_staged().map_err(search_error)?;
        }
    } else {
        files::search(&args.paths, args.skip_ignored, detector, &findings)?;
    }
    Ok(findings.report())
}

fn history(path: &Path, range: Option<&str>, detector: &Detector, findings: &Findings) -> Result<(), CliError> {
    let history = History::open(path, detector, findings).map_err(git_error)?;
    if let Some(range) = range {
        history.check(range).map_err(|error| match error {
            GitError::Refused(why) => CliError::usage(format!("--range {range}: {why}")),
            error => git_error(error),
        })?;
    }
    history.search(range).map_err(search_error)
}

/// Rejects missing paths, and pipes and devices, which may never end.
fn ensure_searchable(path: &Path) -> Result<(), CliError> {
    let shown = path.display();
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            Err(CliError::usage(format!("{shown}: not a regular file or a directory"))
                .with_hint("to search standard input, use portcullis scan -"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            let error = CliError::usage(format!("{shown}: no such file or directory"));
            let is_range = path.to_string_lossy().contains("..");
            Err(if is_range {
                error.with_hint(format!("to search a range of commits, use --range {shown}"))
            } else {
                error
            })
        }
        _ => Ok(()),
    }
}

/// Converts an error of a search. The repository and the range were valid before.
fn search_error(error: GitError) -> CliError {
    match error {
        GitError::Refused(why) => CliError::Unfinished(why),
        error => git_error(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn git_error(error: GitError) -> CliError {
    match error {
        GitError::NotStarted(_) | GitError::Refused(_) => CliError::usage(error.to_string()),
        GitError::Irregular(_) | GitError::Read(_) | GitError::Unexpected => CliError::Unfinished(error.to_string()),
    }
}
