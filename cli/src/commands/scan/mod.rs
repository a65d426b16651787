//! `portcullis scan`: our tokens in files and in git's history, and their end.
//!
//! | module | is |
//! | --- | --- |
//! | `detector` | tokens in bytes |
//! | `files` | the files that are here |
//! | `ignore_files` | whether what says what git ignores can be read |
//! | `git` | what git lists, and its objects |
//! | `git_process` | one of git's programs while it runs, with its deadline |
//! | `git_files` | whether what git opens in a repository can be read |
//! | `history` | what git keeps, and what is staged |
//! | `findings` | what was found, and what could not be read |
//! | `report` | how that is printed: never a secret, nor the line it is in |
//! | `revoke` | the end of what was found |

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

use crate::{CliError, Context, Outcome, input};
use detector::Finder;
use findings::{Findings, Report};
use git_process::GitError;
use history::History;

/// What `portcullis scan` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files and directories, or - for standard input; with --history, --range and --staged, where the repositories are
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Search what git keeps instead of the files that are here: every commit, and the names of branches and tags
    #[arg(long, conflicts_with = "staged")]
    history: bool,
    /// Search what a range of commits brings, as in origin/main..HEAD, and no more of the history
    #[arg(long, value_name = "A..B", conflicts_with = "staged")]
    range: Option<String>,
    /// Search what is staged for the next commit, for a pre-commit hook
    #[arg(long)]
    staged: bool,
    /// Leave out what git ignores; without it, an ignored .env is searched, and an ignored target/ too
    #[arg(long, conflicts_with_all = ["history", "range", "staged"])]
    skip_ignored: bool,
    /// The deployment's prefix; without it, tokens of every deployment are found
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    prefix: Vec<TokenPrefix>,
    /// Revoke what is found: whoever holds a token may end it, so this needs a URL and no credential. Tokens of another
    /// prefix than --prefix, that of your own token, or else pcl, are sent nowhere
    #[arg(long)]
    revoke: bool,
}

fn prefix(text: &str) -> Result<TokenPrefix, String> {
    text.parse().map_err(|invalid: portcullis::validation::ValidationError| invalid.to_string())
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let finder = Finder::new(args.prefix.clone()).map_err(|error| CliError::usage(error.to_string()))?;
    // What would be refused afterwards is refused before the search.
    let revoker = args.revoke.then(|| revoke::Revoker::new(&args.prefix, context)).transpose()?;
    let report = search(args, &finder)?;
    for what in &report.unread {
        context.out.warn(&finder.without_secrets(what.as_bytes()));
    }
    match revoker {
        None => report::print(&report, None, &finder, &context.out)?,
        Some(revoker) => {
            // Whoever is asked sees first where the tokens are; a document is printed once.
            if !context.out.json {
                report::print(&report, None, &finder, &context.out)?;
            }
            let results = revoker.end(&report.findings)?;
            report::print_results(&report, &results, &finder, &context.out)?;
            revoke::failure(&results).map_or(Ok(()), Err)?;
        }
    }
    // That tokens were found is the answer, whatever else there may be. That none were takes
    // that everything was read.
    match (report.findings.is_empty(), report.unread.len()) {
        (false, _) => Ok(Outcome::No),
        (true, 0) => Ok(Outcome::Done),
        (true, unread) => Err(CliError::Unfinished(format!(
            "no token was found, but {unread} {} could not be read",
            if unread == 1 { "thing" } else { "things" }
        ))),
    }
}

fn search(args: &Args, finder: &Finder) -> Result<Report, CliError> {
    let findings = Findings::default();
    args.paths.iter().filter(|path| path.as_os_str() != input::STDIN).try_for_each(|path| ensure_searchable(path))?;
    if args.history || args.range.is_some() {
        for path in &args.paths {
            history(path, args.range.as_deref(), finder, &findings)?;
        }
    } else if args.staged {
        for path in &args.paths {
            let history = History::open(path, finder, &findings).map_err(of_git)?;
            history.search_staged().map_err(of_search)?;
        }
    } else {
        files::search(&args.paths, args.skip_ignored, finder, &findings)?;
    }
    Ok(findings.report())
}

fn history(path: &Path, range: Option<&str>, finder: &Finder, findings: &Findings) -> Result<(), CliError> {
    let history = History::open(path, finder, findings).map_err(of_git)?;
    if let Some(range) = range {
        history.check(range).map_err(|error| match error {
            GitError::Refused(why) => CliError::usage(format!("--range {range}: {why}")),
            error => of_git(error),
        })?;
    }
    history.search(range).map_err(of_search)
}

/// Refuses what is not there, and what is never opened: a pipe or a device may have no end.
fn ensure_searchable(path: &Path) -> Result<(), CliError> {
    let shown = path.display();
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            Err(CliError::usage(format!("{shown}: not a regular file or a directory"))
                .with_hint("portcullis scan - searches standard input"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            let failure = CliError::usage(format!("{shown}: there is no such file or directory"));
            let is_range = path.to_string_lossy().contains("..");
            Err(if is_range { failure.with_hint(format!("a range of commits is --range {shown}")) } else { failure })
        }
        _ => Ok(()),
    }
}

/// Of a search, before which the repository and the range were found good.
fn of_search(error: GitError) -> CliError {
    match error {
        GitError::Refused(why) => CliError::Unfinished(why),
        error => of_git(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn of_git(error: GitError) -> CliError {
    match error {
        GitError::NotStarted(_) | GitError::Refused(_) => CliError::usage(error.to_string()),
        GitError::Irregular(_) | GitError::Read(_) | GitError::Unexpected => CliError::Unfinished(error.to_string()),
    }
}
