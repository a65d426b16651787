//! Git's own programs, run over a repository: what they list, and the objects that they hold.
//! Objects are read as a stream, so the size of none matters.
//!
//! Nothing here knows what is looked for in them.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

/// The id of an object, as git writes it.
pub(crate) type ObjectId = String;

/// Why git did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// It is not installed, or may not be run.
    #[error("git cannot be started: {0}")]
    NotStarted(io::Error),
    /// What it said itself.
    #[error("{0}")]
    Refused(String),
    /// Reading from it failed.
    #[error("reading from git: {0}")]
    Read(#[from] io::Error),
    /// It wrote something else than its documentation says.
    #[error("git answered with something unexpected")]
    Unexpected,
}

/// Where a repository is.
pub(crate) struct Git {
    directory: PathBuf,
}

/// An object of which the contents follow.
pub(crate) struct Object {
    pub(crate) id: ObjectId,
    pub(crate) kind: Kind,
    /// The name that came with the id: a blob's path, a tag's name.
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
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// What a command prints.
    pub(crate) fn output<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, GitError> {
        let mut running = Running::start(self.command(arguments).stdin(Stdio::null()))?;
        let mut output = Vec::new();
        running.take_stdout()?.read_to_end(&mut output)?;
        running.finish()?;
        Ok(output)
    }

    /// The path of one of git's own files.
    pub(crate) fn own_file(&self, name: &str) -> Result<PathBuf, GitError> {
        let path = self.output(&["rev-parse", "--git-path", name])?;
        Ok(self.directory.join(String::from_utf8_lossy(&path).trim_end()))
    }

    /// What `second` prints that reads what `first` prints.
    pub(crate) fn piped<S: AsRef<OsStr>>(&self, first: &[&str], second: &[S]) -> Result<Vec<u8>, GitError> {
        let mut output = Vec::new();
        self.pipe(first, second, |stdout| Ok(stdout.read_to_end(&mut output).map(|_| ())?))?;
        Ok(output)
    }

    /// Hands over each of the objects that a command lists, a line each. Answers how many of them
    /// are not in this clone.
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

    /// Hands over each of these objects, which come with names.
    pub(crate) fn objects(
        &self,
        objects: &[Object],
        mut each: impl FnMut(Object, &mut dyn Read) -> io::Result<()>,
    ) -> Result<u64, GitError> {
        let mut running = Running::start(self.command(&CAT_FILE).stdin(Stdio::piped()))?;
        let stdin = running.child.stdin.take().ok_or(GitError::Unexpected)?;
        let mut stdout = running.take_stdout()?;
        // From another thread, as both pipes have an end.
        let missing = thread::scope(|scope| {
            scope.spawn(move || write_ids(stdin, objects));
            read_objects(&mut stdout, |numbered, contents| {
                // A name may hold a newline, so its number went along instead.
                let at = std::str::from_utf8(&numbered.name).ok().and_then(|number| number.parse::<usize>().ok());
                let named = at.and_then(|at| objects.get(at)).ok_or(io::ErrorKind::InvalidData)?;
                each(Object { id: named.id.clone(), kind: numbered.kind, name: named.name.clone() }, contents)
            })
        })?;
        running.finish()?;
        Ok(missing)
    }

    fn pipe<S: AsRef<OsStr>>(
        &self,
        first: &[&str],
        second: &[S],
        read: impl FnOnce(&mut BufReader<ChildStdout>) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let mut first = Running::start(self.command(first).stdin(Stdio::null()))?;
        let listed = first.child.stdout.take().ok_or(GitError::Unexpected)?;
        let mut second = Running::start(self.command(second).stdin(Stdio::from(listed)))?;
        let outcome = second.take_stdout().and_then(|mut stdout| read(&mut stdout));
        // What the first says explains what the second, and the reading, did not get.
        first.finish()?;
        second.finish()?;
        outcome
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.directory)
            // What was replaced is still there; the replacement has a ref of its own.
            .arg("--no-replace-objects")
            // A program that the repository names itself, which is not to be run for being looked at.
            .args(["-c", "core.fsmonitor=false"])
            .args(arguments)
            // Of a partial clone, what is here is read: fetching the rest blob by blob takes hours. A git that does not
            // know this yet is kept from it by the other: how to fetch, the repository names itself.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            // Writing the index runs a hook.
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C");
        command
    }
}

const CAT_FILE: [&str; 3] = ["cat-file", "--buffer", "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)"];

/// A program of git's, and what it complains of.
struct Running {
    child: Child,
    complaint: JoinHandle<String>,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self, GitError> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(GitError::NotStarted)?;
        let mut stderr = child.stderr.take().ok_or(GitError::Unexpected)?;
        let complaint = thread::spawn(move || {
            let mut text = Vec::new();
            // What cannot be read of a complaint is not missed.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).trim().to_owned()
        });
        Ok(Self { child, complaint })
    }

    fn take_stdout(&mut self) -> Result<BufReader<ChildStdout>, GitError> {
        self.child.stdout.take().map(BufReader::new).ok_or(GitError::Unexpected)
    }

    fn finish(mut self) -> Result<(), GitError> {
        let status: ExitStatus = self.child.wait()?;
        let complaint = self.complaint.join().unwrap_or_default();
        match (status.success(), complaint.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => Err(GitError::Refused(format!("git ended with {status}"))),
            (false, false) => Err(GitError::Refused(complaint)),
        }
    }
}

fn write_ids(mut stdin: ChildStdin, objects: &[Object]) {
    for (at, object) in objects.iter().enumerate() {
        // Whoever reads the answers learns that git has gone.
        if writeln!(stdin, "{} {at}", object.id).is_err() {
            return;
        }
    }
}

/// Reads what `cat-file` writes; answers how many objects are missing.
fn read_objects(
    stdout: &mut BufReader<ChildStdout>,
    mut each: impl FnMut(Object, &mut dyn Read) -> io::Result<()>,
) -> Result<u64, GitError> {
    let (mut header, mut missing) = (Vec::new(), 0);
    loop {
        header.clear();
        if stdout.read_until(b'\n', &mut header)? == 0 {
            return Ok(missing);
        }
        let line = header.strip_suffix(b"\n").ok_or(GitError::Unexpected)?;
        // One that is there has a type and a size as well.
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
