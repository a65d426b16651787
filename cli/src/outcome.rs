//! How a command ends that goes well.

/// How a command ended that went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done.
    Done,
    /// The answer to what was asked is no.
    No,
}
