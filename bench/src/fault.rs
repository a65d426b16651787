//! Faults of the DynamoDB stand-in, in a fixed share of its replies.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What happens to a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It is sent after this time.
    Delay(Duration),
    /// The connection ends in the middle of it.
    Reset,
    /// It is never sent, and the connection stays open.
    Silence,
}

/// A fault in every nth reply.
#[derive(Debug, Default)]
pub struct Faults {
    every: AtomicU32,
    millis: AtomicU32,
    kind: AtomicU32,
    replies: AtomicU32,
}

impl Faults {
    /// Sets the fault of every `every`th reply from now on; 0 means none.
    pub fn set(&self, every: u32, kind: FaultKind) {
        let (code, millis) = match kind {
            FaultKind::Delay(time) => (0, u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
            FaultKind::Reset => (1, 0),
            FaultKind::Silence => (2, 0),
        };
        self.kind.store(code, Ordering::SeqCst);
        self.millis.store(millis, Ordering::SeqCst);
        self.replies.store(0, Ordering::SeqCst);
        self.every.store(every, Ordering::SeqCst);
    }

    /// Number of replies since the last call of [`Faults::set`].
    #[must_use]
    pub fn replies(&self) -> u32 {
        self.replies.load(Ordering::SeqCst)
    }

    /// The fault of the next reply.
    pub(crate) fn next(&self) -> Option<FaultKind> {
        let every = self.every.load(Ordering::SeqCst);
        let number = self.replies.fetch_add(1, Ordering::SeqCst) + 1;
        if every == 0 || !number.is_multiple_of(every) {
            return None;
        }
        Some(match self.kind.load(Ordering::SeqCst) {
            0 => FaultKind::Delay(Duration::from_millis(self.millis.load(Ordering::SeqCst).into())),
            1 => FaultKind::Reset,
            _ => FaultKind::Silence,
        })
    }
}
