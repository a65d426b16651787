//! Prints the findings: their positions, prefixes and ids. Secrets, and the lines that contain them, are never printed.

use std::collections::BTreeSet;

use portcullis::text::counted;
use serde::Serialize;

use super::detector::Detector;
use super::findings::{Finding, Part, Report};
use super::revoke::{RevokeOutcome, RevokeResult};
use crate::CliError;
use crate::output::{Output, Style, clean};

/// Length of a shown commit id.
const COMMIT_LENGTH: usize = 12;

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
    /// Missing for messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// `name` or `link_target`, which have no lines; missing for file contents.
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
    /// Set if the name of a branch or tag contains the token.
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

/// Prints the findings: one per line, the ids with `--quiet`, or with `--json` one document, which may contain the
/// results of the revocation.
pub(super) fn print(
    report: &Report,
    results: Option<&[RevokeResult]>,
    detector: &Detector,
    out: &Output,
) -> Result<(), CliError> {
    if out.json {
        return out.document(&document(report, results, detector));
    }
    if out.quiet {
        let mut seen = BTreeSet::new();
        let ids = report.findings.iter().map(|finding| finding.secret.id().as_str());
        return ids.filter(|id| seen.insert(*id)).try_for_each(|id| out.line(id));
    }
    for finding in &report.findings {
        out.line(&line(finding, detector))?;
    }
    out.note(&summary(report));
    Ok(())
}

/// Prints the results of the revocation.
pub(super) fn print_results(
    report: &Report,
    results: &[RevokeResult],
    detector: &Detector,
    out: &Output,
) -> Result<(), CliError> {
    if out.json {
        return print(report, Some(results), detector, out);
    }
    for result in results {
        let style = match result.outcome {
            RevokeOutcome::Revoked => Style::Good,
            RevokeOutcome::Unconfirmed | RevokeOutcome::SecretRetired => Style::Warn,
            RevokeOutcome::ForeignPrefix | RevokeOutcome::Failed(_) => Style::Bad,
        };
        let word = out.style_stderr(result.outcome.word(), style);
        let line = format!("{} {}: {word}: {}", result.prefix, result.secret.id(), clean(&result.outcome.detail()));
        // Tokens that may still be active are reported even with `--quiet`.
        if out.quiet && style != Style::Good { out.warn(&line) } else { out.note(&line) }
    }
    Ok(())
}

fn document(report: &Report, results: Option<&[RevokeResult]>, detector: &Detector) -> String {
    let of_contents = |finding: &Finding| (finding.source.part == Part::Contents).then_some(finding.position);
    let findings = report.findings.iter().map(|finding| Entry {
        path: finding.source.shown_path(detector),
        r#in: match finding.source.part {
            Part::Contents => None,
            Part::Name => Some("name"),
            Part::LinkTarget => Some("link_target"),
        },
        line: of_contents(finding).map(|position| position.line),
        column: of_contents(finding).map(|position| position.column),
        commit: finding.source.commit.as_deref(),
        tag: finding.source.shown_tag(detector),
        r#ref: finding.source.shown_reference(detector),
        token_id: finding.secret.id().as_str(),
        prefix: finding.prefix.as_str(),
    });
    let revocations = results.map(|results| {
        let each = results.iter().map(|result| Revocation {
            token_id: result.secret.id().as_str(),
            outcome: result.outcome.word(),
            detail: result.outcome.detail(),
        });
        each.collect()
    });
    let unread = report.unread.iter().map(|what| detector.without_secrets(what.as_bytes())).collect();
    let document = Document { findings: findings.collect(), files: report.files, unread, revocations };
    // Types of strings and numbers cannot fail to serialize.
    serde_json::to_string(&document).unwrap_or_default()
}

/// Formats a finding as `<path>:<line>:<column>: <prefix> <id>`, or `<path> (name): <prefix> <id>` without a line.
fn line(finding: &Finding, detector: &Detector) -> String {
    let source = &finding.source;
    let commit = source.commit.as_ref().map(|commit| commit.get(..COMMIT_LENGTH).unwrap_or(commit));
    let place = match (source.shown_path(detector), commit) {
        (Some(path), None) => path,
        (Some(path), Some(commit)) => format!("{commit}:{path}"),
        (None, Some(commit)) => format!("commit {commit}"),
        (None, None) => {
            let tag = source.shown_tag(detector).map(|tag| format!("tag {tag}"));
            tag.or_else(|| source.shown_reference(detector)).unwrap_or_default()
        }
    };
    // Names may contain newlines.
    let place = clean(&place.replace('\n', "\u{fffd}"));
    let (at, id) = (finding.position, finding.secret.id());
    let place = match source.part {
        Part::Contents => format!("{place}:{}:{}", at.line, at.column),
        Part::Name => format!("{place} (name)"),
        Part::LinkTarget => format!("{place} (link target)"),
    };
    format!("{place}: {} {id}", finding.prefix)
}

fn summary(report: &Report) -> String {
    let tokens: BTreeSet<&str> = report.findings.iter().map(|finding| finding.secret.id().as_str()).collect();
    let files = counted(usize::try_from(report.files).unwrap_or(usize::MAX), "file");
    match tokens.len() {
        0 => format!("No tokens found in {files}"),
        count => {
            format!("Found {} at {} in {files}", counted(count, "token"), counted(report.findings.len(), "position"))
        }
    }
}
