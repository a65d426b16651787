//! Runs git commands in a repository. Objects are streamed, so their size does not matter.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::git_process::{GitError, GitProcess, Output, forward};

/// Object id in hexadecimal.
pub(crate) type ObjectId = String;

/// Runs git in a repository.
pub(crate) struct Git {
    directory: PathBuf,
    idle_timeout: Duration,
}

/// A git object, without its contents.
pub(crate) struct Object {
    pub(crate) id: ObjectId,
    pub(crate) kind: Kind,
    /// Name listed with the id: the path of a blob, the name of a tag.
    pub(crate) name: Vec<u8>,
}

/// The type of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl Git {
    /// The repository of a directory. A git process that neither reads nor writes for `idle_timeout` is killed.
    pub(crate) fn in_directory(directory: &Path, idle_timeout: Duration) -> Self {
        Self { directory: directory.to_owned(), idle_timeout }
    }

    /// Output of a command.
    pub(crate) fn output<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, GitError> {
        let mut running = GitProcess::start(self.command(arguments).stdin(Stdio::null()))?;
        let mut output = Vec::new();
        running.take_stdout(self.idle_timeout)?.read_to_end(&mut output)?;
        running.finish(self.idle_timeout)?;
        Ok(output)
    }

    /// Path of a file in the git directory.
    pub(crate) fn own_file(&self, name: &str) -> Result<PathBuf, GitError> {
        let path = self.output(&["rev-parse", "--git-path", name])?;
        Ok(self.directory.join(String::from_utf8_lossy(&path).trim_end()))
    }

    /// Output of the pipeline `first | second`.
    pub(crate) fn piped<S: AsRef<OsStr>>(&self, first: &[&str], second: &[S]) -> Result<Vec<u8>, GitError> {
        let mut output = Vec::new();
        self.pipe(first, second, |stdout| Ok(stdout.read_to_end(&mut output).map(|_| ())?))?;
        Ok(output)
    }

    /// Calls `each` with every object that a command lists. Returns the number of objects missing in this clone.
    pub(crate) fn objects_listed_by(
        &self,
        list: &[&str],
        each: impl FnMut(Object, &mut dyn Read) -> io::Result<()>,
    ) -> Result<u64, GitError> {
        let mut missing = 0;
        self.pipe(list, &CAT_FILE, |stdout| {
            missing = read_objects(stdout, each)?;
            Ok(())
        })?;
        Ok(missing)
    }

    /// Calls `each` with these objects, and their names. Returns the number of objects missing in this clone.
    pub(crate) fn objects(
        &self,
        objects: &[Object],
        mut each: impl FnMut(Object, &mut dyn Read) -> io::Result<()>,
    ) -> Result<u64, GitError> {
        let mut running = GitProcess::start(self.command(&CAT_FILE).stdin(Stdio::piped()))?;
        let stdin = running.child.stdin.take().ok_or(GitError::Unexpected)?;
        let mut stdout = running.take_stdout(self.idle_timeout)?;
        // Write in another thread: both pipes have limited buffers.
        let missing = thread::scope(|scope| {
            scope.spawn(move || write_ids(stdin, objects));
            let missing = read_objects(&mut stdout, |numbered, contents| {
                // Names may contain newlines, so the index was sent instead.
                let at = std::str::from_utf8(&numbered.name).ok().and_then(|number| number.parse::<usize>().ok());
                let named = at.and_then(|at| objects.get(at)).ok_or(io::ErrorKind::InvalidData)?;
                each(Object { id: named.id.clone(), kind: numbered.kind, name: named.name.clone() }, contents)
            });
            if missing.is_err() {
                // Otherwise the writing thread may block.
                running.kill();
            }
            missing
        })?;
        running.finish(self.idle_timeout)?;
        Ok(missing)
    }

    fn pipe<S: AsRef<OsStr>>(
        &self,
        first: &[&str],
        second: &[S],
        read: impl FnOnce(&mut BufReader<Output>) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let mut first = GitProcess::start(self.command(first).stdin(Stdio::null()))?;
        let listed = first.child.stdout.take().ok_or(GitError::Unexpected)?;
        let mut second = GitProcess::start(self.command(second).stdin(Stdio::piped()))?;
        let stdin = second.child.stdin.take().ok_or(GitError::Unexpected)?;
        let mut stdout = second.take_stdout(self.idle_timeout)?;
        // The second process may read for a long time before it writes.
        let moved = Arc::clone(&stdout.get_ref().moved);
        thread::spawn(move || forward(listed, stdin, &moved));
        let outcome = read(&mut stdout);
        drop(stdout);
        if matches!(&outcome, Err(GitError::Read(error)) if error.kind() == io::ErrorKind::TimedOut) {
            return outcome;
        }
        // An error of the first process explains errors of the second one and of reading.
        first.finish(self.idle_timeout)?;
        second.finish(self.idle_timeout)?;
        outcome
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.directory)
            // Search the original objects; replacements have refs of their own.
            .arg("--no-replace-objects")
            // The repository's configuration could name any program here.
            .args(["-c", "core.fsmonitor=false"])
            .args(arguments)
            // Do not fetch missing objects of partial clones: one by one, that takes hours. Older versions of git
            // ignore this variable, so all protocols are forbidden too: the repository's configuration controls how to
            // fetch.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            // Writing the index would run a hook.
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C");
        command
    }
}

const CAT_FILE: [&str; 3] = ["cat-file", "--buffer", "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)"];

fn write_ids(mut stdin: ChildStdin, objects: &[Object]) {
    for (at, object) in objects.iter().enumerate() {
        // The reading side reports that git has ended.
        if writeln!(stdin, "{} {at}", object.id).is_err() {
            return;
        }
    }
}

/// Reads the output of `cat-file`. Returns the number of missing objects.
fn read_objects(
    stdout: &mut BufReader<Output>,
    mut each: impl FnMut(Object, &mut dyn Read) -> io::Result<()>,
) -> Result<u64, GitError> {
    let (mut header, mut missing) = (Vec::new(), 0);
    loop {
        header.clear();
        if stdout.read_until(b'\n', &mut header)? == 0 {
            return Ok(missing);
        }
        let line = header.strip_suffix(b"\n").ok_or(GitError::Unexpected)?;
        // Existing objects have a type and a size.
        if line.ends_with(b" missing") && line.split(|byte| *byte == b' ').count() == 2 {
            missing += 1;
            continue;
        }
        let (object, size) = parse(line).ok_or(GitError::Unexpected)?;
        let mut contents = stdout.by_ref().take(size);
        each(object, &mut contents)?;
        io::copy(&mut contents, &mut io::sink())?;
        stdout.read_exact(&mut [0])?;
    }
}

/// `<id> <type> <size> <name>`
fn parse(header: &[u8]) -> Option<(Object, u64)> {
    let mut parts = header.splitn(4, |byte| *byte == b' ');
    let id = String::from_utf8(parts.next()?.to_vec()).ok()?;
    let kind = match parts.next()? {
        b"blob" => Kind::Blob,
        b"tree" => Kind::Tree,
        b"commit" => Kind::Commit,
        b"tag" => Kind::Tag,
        _ => return None,
    };
    let size = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    Some((Object { id, kind, name: parts.next().unwrap_or_default().to_vec() }, size))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    fn run(program: &str, arguments: &[&str], at: &Path) {
        let mut program = Command::new(program);
        let program = program.current_dir(at).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        assert!(program.status().is_ok_and(|status| status.success()), "{arguments:?}");
    }

    /// The pipe has no writer, so git blocks on it.
    #[test]
    fn a_blocked_git_process_is_killed_after_the_timeout() {
        let at = tempfile::tempdir().unwrap();
        run("git", &["init", "-q"], at.path());
        run("mkfifo", &["pipe"], at.path());
        let config = at.path().join(".git/config");
        let included = format!("{}[include]\n\tpath = ../pipe\n", fs::read_to_string(&config).unwrap());
        fs::write(&config, included).unwrap();
        let git = Git::in_directory(at.path(), Duration::from_millis(50));
        let object = Object { id: "0".repeat(40), kind: Kind::Blob, name: Vec::new() };
        for outcome in [
            git.output(&["rev-parse", "--git-dir"]).map(drop),
            git.piped(&["rev-list", "--all"], &["diff-tree", "--stdin"]).map(drop),
            // The second process does not read the configuration, and ends at once.
            git.piped(&["rev-list", "--all"], &["version"]).map(drop),
            git.objects_listed_by(&["rev-list", "--all"], |_, _| Ok(())).map(drop),
            git.objects(&[object], |_, _| Ok(())).map(drop),
        ] {
            assert!(outcome.unwrap_err().to_string().contains("no output for"));
        }
    }
}
