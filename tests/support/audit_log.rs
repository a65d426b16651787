//! The audit log of a deployment of one's own, for the test to read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// What has been written: one JSON object a line.
#[derive(Clone, Default)]
pub(crate) struct AuditLog(Arc<Mutex<Vec<u8>>>);

impl AuditLog {
    /// The lines since this was asked last.
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

/// A log, of which every line has to be JSON.
#[track_caller]
pub(super) fn json_lines(log: &[u8]) -> Vec<Value> {
    let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("a line of the log is JSON")).collect()
}
