//! Access to a deployed stack with AWS credentials. A build without the feature `aws` has the same commands, which then
//! say how to get it.

#[cfg(feature = "aws")]
mod api_gateway;
#[cfg(feature = "aws")]
mod deployed_stack;
#[cfg(feature = "aws")]
mod inspection;
#[cfg(feature = "aws")]
mod signed_request;
pub(crate) mod stack_state;
#[cfg(not(feature = "aws"))]
mod unavailable;

#[cfg(feature = "aws")]
pub(crate) use deployed_stack::DeployedStack;
#[cfg(not(feature = "aws"))]
pub(crate) use unavailable::DeployedStack;

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

impl StackLocation {
    /// Whether a flag was given.
    pub(crate) fn is_given(&self) -> bool {
        self.stack.is_some() || self.region.is_some()
    }
}
