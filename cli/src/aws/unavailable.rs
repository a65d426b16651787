//! Replaces the deployed stack in a build without the feature `aws`.

use portcullis::clock::Timestamp;
use portcullis::secret::TokenId;
use portcullis::token::{Approval, ApprovalId, TokenRecord};
use zeroize::Zeroizing;

use super::stack_state::{LogGroup, StackState};
use super::{Retention, StackLocation};
use crate::CliError;

/// Has no values: [`find`](Self::find) always fails.
pub(crate) enum DeployedStack {}

impl DeployedStack {
    /// # Errors
    /// Always.
    pub(crate) fn find(_: &StackLocation) -> Result<Self, CliError> {
        Err(super::unsupported())
    }

    pub(crate) fn retention(&self) -> Retention {
        match *self {}
    }

    pub(crate) fn function_log_groups(&self) -> Result<Vec<LogGroup>, CliError> {
        match *self {}
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

/// Has no values: [`open`](Self::open) always fails.
pub(crate) enum RestoredTable {}

impl RestoredTable {
    /// # Errors
    /// Always.
    pub(crate) fn open(_: &str, _: &StackLocation, _: Retention) -> Result<Self, CliError> {
        Err(super::unsupported())
    }

    pub(crate) fn token(&self, _: &TokenId) -> Result<Option<TokenRecord>, CliError> {
        match *self {}
    }

    pub(crate) fn has_event(&self, _: &TokenId, _: &str) -> Result<bool, CliError> {
        match *self {}
    }

    pub(crate) fn catalog_version(&self) -> Result<u64, CliError> {
        match *self {}
    }

    pub(crate) fn revoke(&self, _: &TokenRecord, _: &str) -> Result<(), CliError> {
        match *self {}
    }

    pub(crate) fn disable(&self, _: &TokenRecord) -> Result<(), CliError> {
        match *self {}
    }

    pub(crate) fn open_approvals(&self, _: Timestamp) -> Result<Vec<Approval>, CliError> {
        match *self {}
    }

    pub(crate) fn end_approval(&self, _: &ApprovalId) -> Result<(), CliError> {
        match *self {}
    }
}
