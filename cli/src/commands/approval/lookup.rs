//! Looking up approvals by ID.

use clap_complete::ArgValueCompleter;
use portcullis::api_types::Approval;
use serde_json::value::RawValue;

use crate::api::{Api, ApiResponse, segment};
use crate::{CliError, completion};

/// Argument of commands for one approval.
#[derive(Debug, clap::Args)]
pub(crate) struct ApprovalArg {
    /// ID of the approval
    #[arg(value_parser = approval_id, add = ArgValueCompleter::new(completion::approvals))]
    id: String,
}

impl ApprovalArg {
    /// The ID, in capitals.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// Parses the ID of an approval, in capitals.
fn approval_id(text: &str) -> Result<String, String> {
    let is_id = text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let invalid = || "must be the ID of an approval: 26 letters and digits, as in portcullis approval list".to_owned();
    if is_id { Ok(text.to_ascii_uppercase()) } else { Err(invalid()) }
}

/// Path of an approval. The ID may come from a response.
pub(super) fn path(id: &str) -> String {
    format!("/approvals/{}", segment(id))
}

pub(super) fn fetch(api: &Api, id: &str) -> Result<ApiResponse, CliError> {
    api.get(path(id)).send()
}

/// Parses an approval of a list.
pub(super) fn read(approval: &RawValue) -> Result<Approval, CliError> {
    serde_json::from_str(approval.get())
        .map_err(|_| CliError::Unreachable("this version does not understand the approvals".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_id_is_a_ulid_in_any_case() {
        let id = "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5";
        assert_eq!(approval_id(&id.to_ascii_lowercase()), Ok(id.to_owned()));
        for bad in ["", "01KEZ4RNR0D4B8Q7V1W2X3Y4Z", "01KEZ4RNR0D4B8Q7V1W2X3Y4Z55", "01KEZ4RNR0D4B8Q7V1W2X3Y4Z/"] {
            assert!(approval_id(bad).is_err(), "{bad}");
        }
    }
}
