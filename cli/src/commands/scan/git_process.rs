//! One of git's programs while it runs: killed when it is dropped, and after a time without output.

use std::io::{self, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The bytes that are read from git at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// How many chunks wait to be searched.
const MAX_CHUNKS: usize = 4;
const PARTS_OF_SILENCE: u32 = 10;

/// Why git did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// It is not installed, or may not be run.
    #[error("git cannot be started: {0}")]
    NotStarted(io::Error),
    /// What it said itself.
    #[error("{0}")]
    Refused(String),
    /// A file of its own is a pipe or a device, on which it would wait.
    #[error("{0}: not a regular file, so git was not started; remove it")]
    Irregular(String),
    /// Reading from it failed.
    #[error("reading from git: {0}")]
    Read(#[from] io::Error),
    /// It wrote something else than its documentation says.
    #[error("git answered with something unexpected")]
    Unexpected,
}

/// A program of git's, and what it complains of.
pub(super) struct Running {
    pub(super) child: Child,
    /// Comes when it has ended, which closes its standard error.
    complaint: Receiver<String>,
}

/// What a program of git's writes, read in another thread, so that waiting for it has a deadline.
pub(super) struct Output {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    /// Grows with what the program takes in.
    pub(super) moved: Arc<AtomicU64>,
    max_silence: Duration,
}

/// The time without output, in parts: so the time for which this process itself was stopped does not count.
struct Silence {
    parts: u32,
    moved: u64,
}

impl Silence {
    /// A part has passed without output. It begins again where the program has read.
    fn add_part(&mut self, moved: u64) {
        self.parts = if moved == self.moved { self.parts + 1 } else { 0 };
        self.moved = moved;
    }

    fn is_over(&self) -> bool {
        self.parts >= PARTS_OF_SILENCE
    }
}

impl Output {
    fn of(mut stdout: ChildStdout, max_silence: Duration) -> Self {
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
        Self { chunks, chunk: io::Cursor::default(), moved: Arc::default(), max_silence }
    }

    /// What comes next; nothing at the end.
    fn next(&self) -> io::Result<Vec<u8>> {
        let mut silence = Silence { parts: 0, moved: self.moved.load(Ordering::Relaxed) };
        while !silence.is_over() {
            match self.chunks.recv_timeout(self.max_silence / PARTS_OF_SILENCE) {
                Ok(chunk) => return chunk,
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
                Err(RecvTimeoutError::Timeout) => silence.add_part(self.moved.load(Ordering::Relaxed)),
            }
        }
        Err(too_silent(self.max_silence))
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

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Running {
    pub(super) fn start(command: &mut Command) -> Result<Self, GitError> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(GitError::NotStarted)?;
        let mut stderr = child.stderr.take().ok_or(GitError::Unexpected)?;
        let (sender, complaint) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut text = Vec::new();
            // What cannot be read of a complaint is not missed.
            let _ = stderr.read_to_end(&mut text);
            let _ = sender.send(String::from_utf8_lossy(&text).trim().to_owned());
        });
        Ok(Self { child, complaint })
    }

    pub(super) fn take_stdout(&mut self, max_silence: Duration) -> Result<BufReader<Output>, GitError> {
        let stdout = self.child.stdout.take().ok_or(GitError::Unexpected)?;
        Ok(BufReader::new(Output::of(stdout, max_silence)))
    }

    /// Kills it, if it has not ended.
    pub(super) fn kill(&mut self) {
        // It fails where there is nothing left to kill.
        let _ = self.child.kill();
    }

    pub(super) fn finish(mut self, max_silence: Duration) -> Result<(), GitError> {
        // Also one whose output goes nowhere any more may wait for a pipe.
        let complaint = self.complaint.recv_timeout(max_silence).map_err(|_| too_silent(max_silence))?;
        let status: ExitStatus = self.child.wait()?;
        match (status.success(), complaint.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => Err(GitError::Refused(format!("git ended with {status}"))),
            (false, false) => Err(GitError::Refused(complaint)),
        }
    }
}

/// Gives one program what another writes, and counts it.
pub(super) fn forward(mut from: ChildStdout, mut to: ChildStdin, moved: &AtomicU64) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        // A reader that has gone explains itself.
        if chunk.get(..length).is_none_or(|chunk| to.write_all(chunk).is_err()) {
            return;
        }
        moved.fetch_add(1, Ordering::Relaxed);
    }
}

fn too_silent(max_silence: Duration) -> io::Error {
    let seconds = max_silence.as_secs();
    let why = format!("no output for {seconds} s, so it was killed; it may wait for a file that is a pipe");
    io::Error::new(io::ErrorKind::TimedOut, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_reads_is_not_silent() {
        let mut silence = Silence { parts: 0, moved: 0 };
        for moved in 1..=100 {
            for _ in 1..PARTS_OF_SILENCE {
                silence.add_part(moved);
                assert!(!silence.is_over());
            }
        }
        silence.add_part(100);
        assert!(!silence.is_over());
        silence.add_part(100);
        assert!(silence.is_over());
    }
}
