//! What git keeps: every version of every file and every message that any ref or reflog leads
//! to, or a range of commits; and what is staged for the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::find::{Finder, Found, Window};
use super::findings::{Findings, Source};
use super::git::{Git, GitError, Object, ObjectId};

/// Above this many files with tokens, git is not given all their ids on its command line.
const MOST_IDS: usize = 1000;
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// A repository to search.
pub(crate) struct History<'a> {
    git: Git,
    finder: &'a Finder,
    findings: &'a Findings,
}

/// A version of a file that has tokens in it.
struct Version {
    object: Object,
    found: Vec<Found>,
}

/// A commit that a version of a file came with, under a path.
struct Arrival {
    commit: String,
    id: ObjectId,
    path: Vec<u8>,
}

impl<'a> History<'a> {
    /// The repository that a directory lies in.
    ///
    /// # Errors
    /// Where it lies in none.
    pub(crate) fn of(directory: &Path, finder: &'a Finder, findings: &'a Findings) -> Result<Self, GitError> {
        let git = Git::in_directory(directory);
        git.output(&["rev-parse", "--git-dir"])?;
        Ok(Self { git, finder, findings })
    }

    /// Whether the clone ends before its history does.
    pub(crate) fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.git.output(&["rev-parse", "--is-shallow-repository"])?.starts_with(b"true"))
    }

    /// Whether git can make sense of a range.
    ///
    /// # Errors
    /// What git says of it.
    pub(crate) fn check(&self, range: &str) -> Result<(), GitError> {
        self.git.output(&["rev-list", "--max-count=1", "--end-of-options", range, "--"]).map(drop)
    }

    /// Searches all there is, or a range of commits.
    ///
    /// # Errors
    /// Where git cannot read its own.
    pub(crate) fn search(&self, range: Option<&str>) -> Result<(), GitError> {
        let which = range.map_or_else(|| vec!["--all", "--reflog"], |range| vec!["--end-of-options", range, "--"]);
        let mut versions = Vec::new();
        self.each("blob", &which, |object, found| {
            self.findings.searched();
            if !found.is_empty() {
                versions.push(Version { object, found });
            }
        })?;
        if !versions.is_empty() {
            self.attribute(versions, &which)?;
        }
        self.each("commit", &which, |object, found| self.add(&Source::message(object.id), &found))?;
        self.each("tag", &which, |object, found| self.add(&Source::tag(&object.name), &found))
    }

    /// Searches what is staged and differs from the last commit.
    ///
    /// # Errors
    /// Where git cannot read its own.
    pub(crate) fn search_staged(&self) -> Result<(), GitError> {
        let last = match self.git.output(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]) {
            Ok(id) => id,
            // Before the first commit, all that is staged is new.
            Err(GitError::Refused(_)) => self.git.output(&["hash-object", "-t", "tree", "--stdin"])?,
            Err(error) => return Err(error),
        };
        let last = String::from_utf8_lossy(&last).trim().to_owned();
        let list = ["diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--diff-filter=d", &last];
        let staged = arrivals(&self.git.output(&list)?);
        let staged: Vec<Object> = staged.into_iter().map(|new| Object { id: new.id, name: new.path }).collect();
        let mut window = Window::new();
        let missing = self.git.objects(&staged, |object, contents| {
            let found = self.finder.search(&mut window, contents)?;
            self.findings.searched();
            self.add(&Source::file(&object.name), &found);
            Ok(())
        })?;
        self.note_missing(missing);
        Ok(())
    }

    /// Searches every object of a type.
    fn each(&self, kind: &str, which: &[&str], mut each: impl FnMut(Object, Vec<Found>)) -> Result<(), GitError> {
        let filter = format!("--filter=object:type={kind}");
        let list = ["rev-list", "--objects", "--missing=print", &filter, "--filter-provided-objects"];
        let mut window = Window::new();
        let missing = self.git.objects_listed_by(&[&list, which].concat(), |object, contents| -> io::Result<()> {
            each(object, self.finder.search(&mut window, contents)?);
            Ok(())
        })?;
        self.note_missing(missing);
        Ok(())
    }

    fn add(&self, source: &Source, found: &[Found]) {
        for found in found {
            self.findings.add(source.clone(), found);
        }
    }

    fn note_missing(&self, missing: u64) {
        if missing > 0 {
            self.findings.unread(&format!("{missing} objects are not in this clone, which is a partial one"));
        }
    }

    /// Names the first commit that each token came with, under each path.
    fn attribute(&self, mut versions: Vec<Version>, which: &[&str]) -> Result<(), GitError> {
        let ids: Vec<String> = versions.iter().map(|version| format!("--find-object={}", version.object.id)).collect();
        let walk = [&["rev-list", "--reverse", "--date-order"], which].concat();
        let mut differ: Vec<&str> =
            vec!["diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "-z", "--no-renames", "--no-abbrev"];
        if ids.len() <= MOST_IDS {
            differ.extend(ids.iter().map(String::as_str));
        }
        let arrivals = match self.git.piped(&walk, &differ) {
            Ok(output) => arrivals(&output),
            // Where trees are missing, git's own name of the file has to do.
            Err(GitError::Refused(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let by_id: BTreeMap<&str, &[Found]> =
            versions.iter().map(|version| (version.object.id.as_str(), version.found.as_slice())).collect();
        let (mut told, mut attributed) = (BTreeSet::new(), BTreeSet::new());
        for Arrival { commit, id, path } in arrivals {
            for found in by_id.get(id.as_str()).copied().unwrap_or_default() {
                if told.insert((*found.secret.digest().as_bytes(), path.clone())) {
                    self.findings.add(Source::committed(&path, Some(commit.clone())), found);
                }
                attributed.insert(id.clone());
            }
        }
        versions.retain(|version| !attributed.contains(&version.object.id));
        for version in versions {
            self.add(&Source::committed(&version.object.name, None), &version.found);
        }
        Ok(())
    }
}

/// Reads `diff-tree -z` or `diff-index -z`: commits, and after each the files that came with it.
fn arrivals(output: &[u8]) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let mut commit = String::new();
    let mut records = output.split(|byte| *byte == 0);
    while let Some(record) = records.next() {
        let record = String::from_utf8_lossy(record);
        let Some(change) = record.strip_prefix(':') else {
            commit = record.into_owned();
            continue;
        };
        let path = records.next().unwrap_or_default().to_vec();
        let parts: Vec<&str> = change.split(' ').collect();
        // A submodule's commit is in another repository.
        if let [_, mode, _, id, _] = parts[..]
            && mode != "160000"
            && !id.starts_with(NOTHING)
        {
            arrivals.push(Arrival { commit: commit.clone(), id: id.to_owned(), path });
        }
    }
    arrivals
}
