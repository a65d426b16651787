//! `portcullis bootstrap`: creates the first admin token of a deployed stack, with AWS credentials. It invokes the
//! create function directly; requests to the API cannot do this.

use serde_json::json;

use super::token::format::print_secret;
use crate::api::ApiResponse;
use crate::aws::{DeployedStack, StackLocation};
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    location: StackLocation,
    /// Owner of the token
    #[arg(long, default_value = "admin", allow_hyphen_values = true)]
    owner: String,
    /// Name of the token
    #[arg(short, long, default_value = "first admin", allow_hyphen_values = true)]
    name: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let stack = DeployedStack::find(&args.location)?;
    let (function, url) = (stack.output("CreateFunctionName")?, stack.output("ApiUrl")?);
    let payload = json!({"bootstrap": {"owner": args.owner, "name": args.name}});
    let response = ApiResponse::from_lambda(stack.invoke(function, payload.to_string())?)?;
    context.out.note(&format!("Service URL: {url}"));
    print_secret(&response, "Created an admin token, which has all permissions and never expires", context)
}
