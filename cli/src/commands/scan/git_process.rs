//! A running git process. It is killed when it is dropped, and after a time without output.

use std::io::{self, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::io_error;

/// Bytes per read.
const CHUNK_BYTES: usize = 64 * 1024;
/// Maximum number of chunks that wait to be searched.
const MAX_CHUNKS: usize = 4;
const IDLE_CHECKS: u32 = 10;

/// Error of a git command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// Git is not installed, or may not be run.
    #[error("cannot start git: {}", why_not_started(.0))]
    NotStarted(io::Error),
    /// The error message of git.
    #[error("{0}")]
    Refused(String),
    /// A file of the repository is a pipe or a device, on which git could block.
    #[error("{0}: not a regular file, so git was not started; remove the file")]
    Irregular(String),
    /// Reading the output failed.
    #[error("cannot read from git: {}", io_error::explain(.0))]
    Read(#[from] io::Error),
    /// The output does not follow the documented format.
    #[error("unexpected output from git")]
    Unexpected,
}

fn why_not_started(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not installed, or not in PATH".to_owned(),
        _ => io_error::explain(error),
    }
}

/// A git process and its standard error.
pub(super) struct GitProcess {
    pub(super) child: Child,
    /// Standard error; sent when the process closes it.
    stderr_text: Receiver<String>,
}

/// Standard output of a git process. Another thread reads it, so that waiting has a timeout.
pub(super) struct Output {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    /// Counts the chunks written to the process.
    pub(super) moved: Arc<AtomicU64>,
    idle_timeout: Duration,
}

/// Time without output, counted in checks, so that time during which this process was stopped does not count.
struct IdleTimer {
    checks: u32,
    moved: u64,
}

impl IdleTimer {
    /// Adds a check without output. Starts again if the process has read input.
    fn add_check(&mut self, moved: u64) {
        self.checks = if moved == self.moved { self.checks + 1 } else { 0 };
        self.moved = moved;
    }

    fn has_timed_out(&self) -> bool {
        self.checks >= IDLE_CHECKS
    }
}

impl Output {
    fn new(mut stdout: ChildStdout, idle_timeout: Duration) -> Self {
        let (sender, chunks) = mpsc::sync_channel(MAX_CHUNKS);
        thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = stdout.read(&mut chunk);
                let is_last = !matches!(read, Ok(1..));
                let read = read.map(|length| {
                    chunk.truncate(length);
                    chunk
                });
                if sender.send(read).is_err() || is_last {
                    return;
                }
            }
        });
        Self { chunks, chunk: io::Cursor::default(), moved: Arc::default(), idle_timeout }
    }

    /// The next chunk; empty at the end.
    fn next(&self) -> io::Result<Vec<u8>> {
        let mut idle = IdleTimer { checks: 0, moved: self.moved.load(Ordering::Relaxed) };
        while !idle.has_timed_out() {
            match self.chunks.recv_timeout(self.idle_timeout / IDLE_CHECKS) {
                Ok(chunk) => return chunk,
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
                Err(RecvTimeoutError::Timeout) => idle.add_check(self.moved.load(Ordering::Relaxed)),
            }
        }
        Err(timed_out(self.idle_timeout))
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.chunk.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        self.chunk = io::Cursor::new(self.next()?);
        self.chunk.read(buffer)
    }
}

impl Drop for GitProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

impl GitProcess {
    pub(super) fn start(command: &mut Command) -> Result<Self, GitError> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(GitError::NotStarted)?;
        let mut stderr = child.stderr.take().ok_or(GitError::Unexpected)?;
        let (sender, stderr_text) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut text = Vec::new();
            // Ignore: a partial message is good enough.
            let _ = stderr.read_to_end(&mut text);
            let _ = sender.send(String::from_utf8_lossy(&text).trim().to_owned());
        });
        Ok(Self { child, stderr_text })
    }

    pub(super) fn take_stdout(&mut self, idle_timeout: Duration) -> Result<BufReader<Output>, GitError> {
        let stdout = self.child.stdout.take().ok_or(GitError::Unexpected)?;
        Ok(BufReader::new(Output::new(stdout, idle_timeout)))
    }

    /// Kills the process.
    pub(super) fn kill(&mut self) {
        // Ignore: the process has ended.
        let _ = self.child.kill();
    }

    pub(super) fn finish(mut self, idle_timeout: Duration) -> Result<(), GitError> {
        // A process whose output was read completely may still block on a pipe.
        let stderr_text = self.stderr_text.recv_timeout(idle_timeout).map_err(|_| timed_out(idle_timeout))?;
        let status: ExitStatus = self.child.wait()?;
        match (status.success(), stderr_text.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => Err(GitError::Refused(format!("git failed with {status}"))),
            (false, false) => Err(GitError::Refused(stderr_text)),
        }
    }
}

/// Forwards the output of one process to another, and counts chunks.
pub(super) fn forward(mut from: ChildStdout, mut to: ChildStdin, moved: &AtomicU64) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        // The receiving process reports its own error.
        if chunk.get(..length).is_none_or(|chunk| to.write_all(chunk).is_err()) {
            return;
        }
        moved.fetch_add(1, Ordering::Relaxed);
    }
}

fn timed_out(idle_timeout: Duration) -> io::Error {
    let seconds = idle_timeout.as_secs();
    let why = format!("no output for {seconds} s, so git was killed; it may be blocked on a file that is a pipe");
    io::Error::new(io::ErrorKind::TimedOut, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_reads_is_not_silent() {
        let mut idle = IdleTimer { checks: 0, moved: 0 };
        for moved in 1..=100 {
            for _ in 1..IDLE_CHECKS {
                idle.add_check(moved);
                assert!(!idle.has_timed_out());
            }
        }
        idle.add_check(100);
        assert!(!idle.has_timed_out());
        idle.add_check(100);
        assert!(idle.has_timed_out());
    }
}
