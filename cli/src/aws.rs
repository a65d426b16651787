//! Access to a deployed stack with AWS credentials. A build without the feature `aws` has the same commands, which then
//! say how to get it.

#[cfg(feature = "aws")]
mod api_gateway;
#[cfg(feature = "aws")]
mod deployed_stack;
#[cfg(feature = "aws")]
mod inspection;
#[cfg(feature = "aws")]
mod restored_table;
#[cfg(feature = "aws")]
mod signed_request;
pub(crate) mod stack_state;
#[cfg(not(feature = "aws"))]
mod unavailable;

#[cfg(feature = "aws")]
pub(crate) use deployed_stack::DeployedStack;
#[cfg(feature = "aws")]
pub(crate) use restored_table::RestoredTable;
#[cfg(not(feature = "aws"))]
pub(crate) use unavailable::{DeployedStack, RestoredTable};

#[cfg(any(test, not(feature = "aws")))]
use crate::CliError;

/// Name and region of a stack.
#[derive(Debug, clap::Args)]
pub(crate) struct StackLocation {
    /// Name of the deployed stack [default: portcullis]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// AWS region of the stack [default: the region of your AWS settings]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

/// For how many days a stack keeps items of its table.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "read only to write to a table"))]
pub(crate) struct Retention {
    /// Records of expired and revoked tokens.
    pub(crate) record_days: u32,
    /// Events.
    pub(crate) event_days: u32,
}

impl Default for Retention {
    /// The template's defaults.
    fn default() -> Self {
        Self { record_days: 30, event_days: 400 }
    }
}

impl StackLocation {
    /// Whether a flag was given.
    pub(crate) fn is_given(&self) -> bool {
        self.stack.is_some() || self.region.is_some()
    }
}

/// Error of a build without the feature `aws`. Tests run only in a build with it.
#[cfg(any(test, not(feature = "aws")))]
fn unsupported() -> CliError {
    CliError::usage("this build of portcullis cannot call AWS").with_hint(
        "install a release of portcullis, or build it with the feature: cargo install --locked --path cli --features aws",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_aws_says_how_to_get_one() {
        let error = unsupported();
        assert_eq!((error.exit_code(), error.to_string().as_str()), (2, "this build of portcullis cannot call AWS"));
        assert!(error.hint().is_some_and(|hint| hint.contains("release") && hint.contains("--features aws")));
    }
}
