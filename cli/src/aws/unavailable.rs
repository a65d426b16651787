//! Replaces the deployed stack in a build without the feature `aws`.

use portcullis::clock::Timestamp;
use zeroize::Zeroizing;

use super::StackLocation;
use super::stack_state::StackState;
use crate::CliError;

/// Has no values: [`find`](Self::find) always fails.
pub(crate) enum DeployedStack {}

impl DeployedStack {
    /// # Errors
    /// Always.
    pub(crate) fn find(_: &StackLocation) -> Result<Self, CliError> {
        Err(super::unsupported())
    }

    pub(crate) fn output(&self, _: &str) -> Result<&str, CliError> {
        match *self {}
    }

    pub(crate) fn invoke(&self, _: &str, _: String) -> Result<Zeroizing<String>, CliError> {
        match *self {}
    }

    pub(crate) fn inspect(&self) -> Result<StackState, CliError> {
        match *self {}
    }

    pub(crate) fn log(&self, _: &str, _: &str, _: Timestamp, _: impl FnMut(&str)) -> Result<(), CliError> {
        match *self {}
    }
}
