//! How what was found is printed: where it is, its prefix and its id. The secret, and the line
//! that it is in, stay where they are.

use std::collections::BTreeSet;

use serde::Serialize;

use super::detector::Finder;
use super::findings::{Finding, Part, Report};
use super::revoke::{Ended, Ending};
use crate::Failure;
use crate::output::{Mood, Output, clean};

/// As many digits of a commit as people read.
const COMMIT: usize = 12;

#[derive(Serialize)]
struct Document<'a> {
    findings: Vec<Entry<'a>>,
    files: u64,
    /// What could not be read, and why.
    unread: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocations: Option<Vec<Revocation<'a>>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    /// Not of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// `name` or `link_target`, where it is not the contents; these have no lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#in: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// Of the name of a branch or a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<String>,
    token_id: &'a str,
    prefix: &'a str,
}

#[derive(Serialize)]
struct Revocation<'a> {
    token_id: &'a str,
    outcome: &'static str,
    detail: String,
}

/// Prints where the tokens are: for people a line each, with `--quiet` the ids, with `--json` one
/// document, which may say what became of them.
pub(super) fn print(report: &Report, endings: Option<&[Ending]>, finder: &Finder, out: &Output) -> Result<(), Failure> {
    if out.json {
        return out.document(&document(report, endings, finder));
    }
    if out.quiet {
        let mut told = BTreeSet::new();
        let ids = report.findings.iter().map(|finding| finding.secret.id().as_str());
        return ids.filter(|id| told.insert(*id)).try_for_each(|id| out.line(id));
    }
    for finding in &report.findings {
        out.line(&line(finding, finder))?;
    }
    out.note(&summary(report));
    Ok(())
}

/// Prints what became of each token.
pub(super) fn print_endings(report: &Report, endings: &[Ending], finder: &Finder, out: &Output) -> Result<(), Failure> {
    if out.json {
        return print(report, Some(endings), finder, out);
    }
    for ending in endings {
        let mood = match ending.ended {
            Ended::Revoked => Mood::Good,
            Ended::Perhaps | Ended::Replaced => Mood::Warn,
            Ended::Foreign | Ended::Not(_) => Mood::Bad,
        };
        let word = out.colored_word(ending.ended.word(), mood);
        let line = format!("{} {}: {word}: {}", ending.prefix, ending.secret.id(), clean(&ending.ended.detail()));
        // What lives on has to be known, however little is wanted.
        if out.quiet && mood != Mood::Good { out.warn(&line) } else { out.note(&line) }
    }
    Ok(())
}

fn document(report: &Report, endings: Option<&[Ending]>, finder: &Finder) -> String {
    let of_contents = |finding: &Finding| (finding.source.part == Part::Contents).then_some(finding.place);
    let findings = report.findings.iter().map(|finding| Entry {
        path: finding.source.shown_path(finder),
        r#in: match finding.source.part {
            Part::Contents => None,
            Part::Name => Some("name"),
            Part::LinkTarget => Some("link_target"),
        },
        line: of_contents(finding).map(|place| place.line),
        column: of_contents(finding).map(|place| place.column),
        commit: finding.source.commit.as_deref(),
        tag: finding.source.shown_tag(finder),
        r#ref: finding.source.shown_reference(finder),
        token_id: finding.secret.id().as_str(),
        prefix: finding.prefix.as_str(),
    });
    let revocations = endings.map(|endings| {
        let each = endings.iter().map(|ending| Revocation {
            token_id: ending.secret.id().as_str(),
            outcome: ending.ended.word(),
            detail: ending.ended.detail(),
        });
        each.collect()
    });
    let unread = report.unread.iter().map(|what| finder.without_secrets(what.as_bytes())).collect();
    let document = Document { findings: findings.collect(), files: report.files, unread, revocations };
    // Our own types of strings and numbers cannot fail to serialise.
    serde_json::to_string(&document).unwrap_or_default()
}

/// `<path>:<line>:<column>: <prefix> <id>`, as compilers and ripgrep write places; `<path> (name): <prefix> <id>`
/// where there are no lines.
fn line(finding: &Finding, finder: &Finder) -> String {
    let source = &finding.source;
    let commit = source.commit.as_ref().map(|commit| commit.get(..COMMIT).unwrap_or(commit));
    let place = match (source.shown_path(finder), commit) {
        (Some(path), None) => path,
        (Some(path), Some(commit)) => format!("{commit}:{path}"),
        (None, Some(commit)) => format!("commit {commit}"),
        (None, None) => {
            let tag = source.shown_tag(finder).map(|tag| format!("tag {tag}"));
            tag.or_else(|| source.shown_reference(finder)).unwrap_or_default()
        }
    };
    // A line is a line, whatever a file is called.
    let place = clean(&place.replace('\n', "\u{fffd}"));
    let (at, id) = (finding.place, finding.secret.id());
    let place = match source.part {
        Part::Contents => format!("{place}:{}:{}", at.line, at.column),
        Part::Name => format!("{place} (name)"),
        Part::LinkTarget => format!("{place} (link target)"),
    };
    format!("{place}: {} {id}", finding.prefix)
}

fn summary(report: &Report) -> String {
    let tokens: BTreeSet<&str> = report.findings.iter().map(|finding| finding.secret.id().as_str()).collect();
    let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let files = many(usize::try_from(report.files).unwrap_or(usize::MAX), "file");
    match tokens.len() {
        0 => format!("no token in {files}"),
        count => format!("{} at {} in {files}", many(count, "token"), many(report.findings.len(), "place")),
    }
}
