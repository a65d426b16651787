//! The audit log of an isolated stack.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// The log so far: one JSON object per line.
#[derive(Clone, Default)]
pub(crate) struct AuditLog(Arc<Mutex<Vec<u8>>>);

impl AuditLog {
    /// The lines since the last call.
    #[track_caller]
    pub(crate) fn take(&self) -> Vec<Value> {
        json_lines(&std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Write for AuditLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Parses a log. Panics for a line that is not JSON.
#[track_caller]
pub(super) fn json_lines(log: &[u8]) -> Vec<Value> {
    let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("a line of the log is JSON")).collect()
}
