//! Outcome of a command that did not fail.

/// Outcome of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Success,
    /// Negative result, such as a denied request: exit code 1.
    Negative,
}
