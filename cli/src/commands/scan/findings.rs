//! What was found, and what could not be read: the one thing that every way of searching adds to.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::secret::{PlaintextToken, TokenPrefix};

use super::detector::{Finder, Position, TokenMatch};

/// What a token was found in. A message of a commit or a tag has no path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// A file's path; there may be a token in it.
    path: Option<Vec<u8>>,
    /// The first commit that has the file with the token in it, or whose message it is.
    pub(crate) commit: Option<String>,
    /// The annotated tag whose message it is; there may be a token in its name.
    tag: Option<Vec<u8>>,
    /// The branch or tag, with `refs/` before it, whose name has the token in it.
    reference: Option<Vec<u8>>,
    pub(crate) part: Part,
}

/// Which part of a source a token is in.
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

    /// Another part of it than its contents.
    pub(crate) fn in_part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// The path as it may be shown: without the secret of a token in it.
    pub(crate) fn shown_path(&self, finder: &Finder) -> Option<String> {
        shown(self.path.as_deref(), finder)
    }

    /// The tag as it may be shown.
    pub(crate) fn shown_tag(&self, finder: &Finder) -> Option<String> {
        shown(self.tag.as_deref(), finder)
    }

    /// The branch or tag as it may be shown.
    pub(crate) fn shown_reference(&self, finder: &Finder) -> Option<String> {
        shown(self.reference.as_deref(), finder)
    }
}

fn shown(name: Option<&[u8]>, finder: &Finder) -> Option<String> {
    name.map(|name| finder.without_secrets(name))
}

/// A token at a place.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) source: Source,
    pub(crate) position: Position,
    pub(crate) prefix: TokenPrefix,
    pub(crate) secret: Arc<PlaintextToken>,
}

/// What there is so far. It can be added to from several threads.
#[derive(Default)]
pub(crate) struct Findings {
    found: Mutex<Vec<Finding>>,
    unread: Mutex<BTreeSet<String>>,
    searched: AtomicU64,
}

/// What there is in the end, in order.
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    /// What could not be read, and why.
    pub(crate) unread: Vec<String>,
    /// How many files, of any version, were searched.
    pub(crate) files: u64,
}

impl Findings {
    pub(crate) fn add(&self, source: Source, found: &TokenMatch) {
        let (position, prefix, secret) = (found.position, found.prefix.clone(), Arc::clone(&found.secret));
        let finding = Finding { source, position, prefix, secret };
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    /// A file more.
    pub(crate) fn searched(&self) {
        self.searched.fetch_add(1, Ordering::Relaxed);
    }

    /// What could not be read, and why.
    pub(crate) fn unread(&self, what: &str) {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned());
    }

    pub(crate) fn report(self) -> Report {
        let mut findings = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let key = |finding: &Finding| (finding.source.clone(), finding.position);
        findings.sort_by_key(key);
        // Paths may overlap.
        findings.dedup_by_key(|finding| key(finding));
        let unread = self.unread.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
        Report { findings, unread, files: self.searched.into_inner() }
    }
}
