//! Search of git history (all versions of files, names and messages reachable from refs and reflogs, or a range of
//! commits) and of staged changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::detector::{Detector, ScanBuffer, TokenMatch};
use super::findings::{Findings, Part, Source};
use super::git::{Git, Kind, Object, ObjectId};
use super::git_files;
use super::git_process::GitError;

/// Maximum number of object ids on a git command line.
const MAX_IDS: usize = 1000;
/// Maximum time without git reading or writing. Git may sort a long history before its first line of output.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// Tree mode of a submodule commit.
const SUBMODULE: &str = "160000";
/// Tree mode of a symbolic link, whose object contains the target.
const LINK: &str = "120000";
const NULL_ID: &str = "0000000000000000000000000000000000000000";

/// A repository to search.
pub(crate) struct History<'a> {
    git: Git,
    detector: &'a Detector,
    findings: &'a Findings,
}

/// An object that contains tokens: a version of a file, or of a directory with names.
struct Version {
    object: Object,
    found: Vec<TokenMatch>,
}

/// A version of a file that a commit added at a path.
struct Arrival {
    commit: String,
    id: ObjectId,
    path: Vec<u8>,
    /// Tree mode: [`SUBMODULE`], [`LINK`] or a file.
    mode: String,
}

impl Arrival {
    /// Part that the object contains.
    fn part(&self) -> Part {
        if self.mode == LINK { Part::LinkTarget } else { Part::Contents }
    }
}

impl<'a> History<'a> {
    /// Opens the repository of a directory.
    ///
    /// # Errors
    /// When there is none, or a file that git opens is not a regular file.
    pub(crate) fn open(directory: &Path, detector: &'a Detector, findings: &'a Findings) -> Result<Self, GitError> {
        if let Some(irregular) = git_files::irregular_in_repository(directory) {
            let shown = detector.without_secrets(irregular.as_os_str().as_encoded_bytes());
            return Err(GitError::Irregular(shown));
        }
        let git = Git::in_directory(directory, IDLE_TIMEOUT);
        git.output(&["rev-parse", "--git-dir"])?;
        Ok(Self { git, detector, findings })
    }

    /// Validates a range.
    ///
    /// # Errors
    /// When git rejects it.
    pub(crate) fn check(&self, range: &str) -> Result<(), GitError> {
        self.git.output(&["rev-list", "--max-count=1", "--end-of-options", range, "--"]).map(drop)
    }

    /// Searches the whole history, or a range of commits.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn search(&self, range: Option<&str>) -> Result<(), GitError> {
        self.report_shallow(range)?;
        let which = range.map_or_else(|| vec!["--all", "--reflog"], |range| vec!["--end-of-options", range, "--"]);
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        let list = [&["rev-list", "--objects", "--missing=print"], which.as_slice()].concat();
        let mut buffer = ScanBuffer::new();
        let missing = self.git.objects_listed_by(&list, |object, contents| {
            let found = self.detector.search(&mut buffer, contents)?;
            match object.kind {
                Kind::Blob => self.findings.add_searched(),
                Kind::Tree => {}
                Kind::Commit => self.add(&Source::message(object.id.clone()), &found),
                Kind::Tag => self.add(&Source::tag(&object.name), &found),
            }
            match object.kind {
                Kind::Blob if !found.is_empty() => files.push(Version { object, found }),
                Kind::Tree if !found.is_empty() => directories.push(Version { object, found }),
                _ => {}
            }
            Ok(())
        })?;
        self.report_missing(missing);
        if !files.is_empty() || !directories.is_empty() {
            self.attribute(files, &directories, &which, range.is_none())?;
        }
        if range.is_none() {
            self.search_references()?;
        }
        Ok(())
    }

    /// Searches the names of branches and tags.
    fn search_references(&self) -> Result<(), GitError> {
        for name in self.git.output(&["for-each-ref", "--format=%(refname)"])?.split(|byte| *byte == b'\n') {
            self.add(&Source::reference(name), &self.detector.search_name(name));
        }
        Ok(())
    }

    /// Searches staged changes.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn search_staged(&self) -> Result<(), GitError> {
        let options = ["--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--diff-filter=d"];
        let diff_from = |tree: &str| self.git.output(&[&["diff-index"][..], &options, &[tree, "--"]].concat());
        let staged = match diff_from("HEAD") {
            // Without a readable last commit, compare with the empty tree.
            Err(GitError::Refused(why)) => {
                if self.git.output(&["rev-parse", "--verify", "--quiet", "HEAD"]).is_ok() {
                    let why = format!("the last commit cannot be read, so all staged files were searched: {why}");
                    self.findings.add_unread(&why);
                }
                let empty_tree = self.git.output(&["hash-object", "-t", "tree", "--stdin"])?;
                diff_from(String::from_utf8_lossy(&empty_tree).trim())?
            }
            staged => staged?,
        };
        let staged = arrivals(&staged);
        let mut seen = BTreeSet::new();
        staged.iter().for_each(|new| self.add_names(&new.path, None, &mut seen));
        let parts: BTreeMap<Vec<u8>, Part> = staged.iter().map(|new| (new.path.clone(), new.part())).collect();
        let staged = staged.into_iter().filter(|new| new.mode != SUBMODULE);
        let staged: Vec<Object> = staged.map(|new| Object { id: new.id, kind: Kind::Blob, name: new.path }).collect();
        let mut buffer = ScanBuffer::new();
        let missing = self.git.objects(&staged, |object, contents| {
            let found = self.detector.search(&mut buffer, contents)?;
            self.findings.add_searched();
            let part = parts.get(&object.name).copied().unwrap_or_default();
            self.add(&Source::file(&object.name).in_part(part), &found);
            Ok(())
        })?;
        self.report_missing(missing);
        Ok(())
    }

    fn add(&self, source: &Source, found: &[TokenMatch]) {
        for found in found {
            self.findings.add(source.clone(), found);
        }
    }

    fn report_missing(&self, missing: u64) {
        if missing > 0 {
            self.findings.add_unread(&format!("{missing} objects are missing in this partial clone"));
        }
    }

    /// Reports a shallow clone that does not contain the whole history or range.
    fn report_shallow(&self, range: Option<&str>) -> Result<(), GitError> {
        if !self.git.output(&["rev-parse", "--is-shallow-repository"])?.starts_with(b"true") {
            return Ok(());
        }
        let Some(range) = range else {
            self.findings.add_unread("the clone is shallow: earlier commits are missing");
            return Ok(());
        };
        let ends = fs::read_to_string(self.git.own_file("shallow")?)?;
        let ends: BTreeSet<&str> = ends.lines().collect();
        let commits = self.git.output(&["rev-list", "--end-of-options", range, "--"])?;
        if String::from_utf8_lossy(&commits).lines().any(|commit| ends.contains(commit)) {
            self.findings.add_unread("the clone is shallow, and does not contain the whole range");
        }
        Ok(())
    }

    /// Adds the tokens in the names of a path, once for each name.
    fn add_names(&self, path: &[u8], commit: Option<&str>, seen: &mut BTreeSet<([u8; 32], Vec<u8>)>) {
        let mut end = 0;
        for name in path.split(|byte| *byte == b'/') {
            end += name.len();
            for found in self.detector.search_name(name) {
                let path = path.get(..end).unwrap_or(path);
                if seen.insert((*found.secret.digest().as_bytes(), path.to_vec())) {
                    let source = Source::committed(path, commit.map(str::to_owned));
                    self.findings.add(source.in_part(Part::Name), &found);
                }
            }
            end += 1;
        }
    }

    /// Finds the first commit of each token, for each path.
    fn attribute(
        &self,
        mut files: Vec<Version>,
        directories: &[Version],
        which: &[&str],
        is_whole: bool,
    ) -> Result<(), GitError> {
        let ids: Vec<String> = files.iter().map(|version| format!("--find-object={}", version.object.id)).collect();
        let walk = [&["rev-list", "--reverse", "--date-order"], which].concat();
        let mut differ: Vec<&str> =
            vec!["diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "-z", "--no-renames", "--no-abbrev"];
        // A name may come with any version of a file.
        if directories.is_empty() && ids.len() <= MAX_IDS {
            differ.extend(ids.iter().map(String::as_str));
        }
        let arrivals = match self.git.piped(&walk, &differ) {
            Ok(output) => Some(arrivals(&output)),
            // Trees are missing, so only the names listed by `rev-list` are known.
            Err(GitError::Refused(_)) => None,
            Err(error) => return Err(error),
        };
        // A directory also contains names from before the range.
        let has_all_names = arrivals.is_some() && !is_whole;
        let by_id: BTreeMap<&str, &[TokenMatch]> =
            files.iter().map(|version| (version.object.id.as_str(), version.found.as_slice())).collect();
        let (mut seen, mut seen_names, mut attributed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for arrival in arrivals.unwrap_or_default() {
            let part = arrival.part();
            let Arrival { commit, id, path, .. } = arrival;
            for found in by_id.get(id.as_str()).copied().unwrap_or_default() {
                if seen.insert((*found.secret.digest().as_bytes(), path.clone())) {
                    self.findings.add(Source::committed(&path, Some(commit.clone())).in_part(part), found);
                }
                attributed.insert(id.clone());
            }
            if !directories.is_empty() {
                self.add_names(&path, Some(&commit), &mut seen_names);
            }
        }
        files.retain(|version| !attributed.contains(&version.object.id));
        for version in files {
            self.add(&Source::committed(&version.object.name, None), &version.found);
        }
        // Names that no commit added are in directories that a tag points to.
        let was_added =
            |found: &TokenMatch| seen_names.iter().any(|(digest, _)| digest == found.secret.digest().as_bytes());
        for Version { object, found } in directories.iter().filter(|_| !has_all_names) {
            let source = Source::committed(&object.name, None).in_part(Part::Name);
            found.iter().filter(|found| !was_added(found)).for_each(|found| self.findings.add(source.clone(), found));
        }
        Ok(())
    }
}

/// Parses the output of `diff-tree -z` or `diff-index -z`: commits, each followed by its files.
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
        if let [_, mode, _, id, _] = parts[..]
            && !id.starts_with(NULL_ID)
        {
            arrivals.push(Arrival { commit: commit.clone(), id: id.to_owned(), path, mode: mode.to_owned() });
        }
    }
    arrivals
}
