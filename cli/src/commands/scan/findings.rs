//! Results of a scan: found tokens, and what could not be read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::secret::{PlaintextToken, TokenPrefix};

use super::detector::{Detector, Position, TokenMatch};

/// Where a token was found. Messages of commits and tags have no path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// Path of the file; it may contain a token.
    path: Option<Vec<u8>>,
    /// First commit in which the file contains the token, or the commit whose message contains it.
    pub(crate) commit: Option<String>,
    /// Annotated tag whose message contains the token; its name may contain a token.
    tag: Option<Vec<u8>>,
    /// Full ref of the branch or tag whose name contains the token.
    reference: Option<Vec<u8>>,
    pub(crate) part: Part,
}

/// Part of a source that contains a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    #[default]
    Contents,
    Name,
    LinkTarget,
}

impl Source {
    pub(crate) fn file(path: &[u8]) -> Self {
        Self { path: Some(path.to_vec()), ..Self::default() }
    }

    pub(crate) fn committed(path: &[u8], commit: Option<String>) -> Self {
        Self { commit, ..Self::file(path) }
    }

    pub(crate) fn message(commit: String) -> Self {
        Self { commit: Some(commit), ..Self::default() }
    }

    pub(crate) fn tag(name: &[u8]) -> Self {
        Self { tag: Some(name.to_vec()), ..Self::default() }
    }

    pub(crate) fn reference(name: &[u8]) -> Self {
        Self { reference: Some(name.to_vec()), part: Part::Name, ..Self::default() }
    }

    pub(crate) fn in_part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// The path with tokens redacted.
    pub(crate) fn shown_path(&self, detector: &Detector) -> Option<String> {
        shown(self.path.as_deref(), detector)
    }

    /// The tag with tokens redacted.
    pub(crate) fn shown_tag(&self, detector: &Detector) -> Option<String> {
        shown(self.tag.as_deref(), detector)
    }

    /// The ref with tokens redacted.
    pub(crate) fn shown_reference(&self, detector: &Detector) -> Option<String> {
        shown(self.reference.as_deref(), detector)
    }
}

fn shown(name: Option<&[u8]>, detector: &Detector) -> Option<String> {
    name.map(|name| detector.without_secrets(name))
}

/// A token and its source.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) source: Source,
    pub(crate) position: Position,
    pub(crate) prefix: TokenPrefix,
    pub(crate) secret: Arc<PlaintextToken>,
}

/// Findings so far. It can be shared between threads.
#[derive(Default)]
pub(crate) struct Findings {
    found: Mutex<Vec<Finding>>,
    unread: Mutex<BTreeSet<String>>,
    searched: AtomicU64,
}

/// Sorted findings at the end of a scan.
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    /// What could not be read, and why.
    pub(crate) unread: Vec<String>,
    /// Number of searched files; each version counts.
    pub(crate) files: u64,
}

impl Findings {
    pub(crate) fn add(&self, source: Source, found: &TokenMatch) {
        let (position, prefix, secret) = (found.position, found.prefix.clone(), Arc::clone(&found.secret));
        let finding = Finding { source, position, prefix, secret };
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    /// Counts a searched file.
    pub(crate) fn add_searched(&self) {
        self.searched.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds something that could not be read, with the reason.
    pub(crate) fn add_unread(&self, message: &str) {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).insert(message.to_owned());
    }

    pub(crate) fn report(self) -> Report {
        let mut findings = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let key = |finding: &Finding| (finding.source.clone(), finding.position);
        findings.sort_by_key(key);
        // The given paths may overlap.
        findings.dedup_by_key(|finding| key(finding));
        let unread = self.unread.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
        Report { findings, unread, files: self.searched.into_inner() }
    }
}
