//! `portcullis bootstrap`: the first admin token of a deployed stack, with AWS credentials. It
//! invokes the create function itself, which no request to an API can do.

use serde_json::json;

use super::token::format::print_secret;
use crate::api::ApiResponse;
use crate::aws::{DeployedStack, StackLocation};
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    location: StackLocation,
    /// Whom the token belongs to
    #[arg(long, default_value = "admin", allow_hyphen_values = true)]
    owner: String,
    /// What people call it
    #[arg(short, long, default_value = "first admin", allow_hyphen_values = true)]
    name: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let stack = DeployedStack::find(&args.location)?;
    let (function, url) = (stack.output("CreateFunctionName")?, stack.output("ApiUrl")?);
    let payload = json!({"bootstrap": {"owner": args.owner, "name": args.name}});
    let response = ApiResponse::from_lambda(stack.invoke(function, payload.to_string())?)?;
    context.out.note(&format!("The service is at {url}."));
    print_secret(&response, "The admin token was made; it may do everything, and never expires", context)
}
