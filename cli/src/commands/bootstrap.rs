//! `portcullis bootstrap`: the first admin token of a deployed stack, with AWS credentials. It
//! invokes the create function itself, which no request to an API can do.

use serde_json::json;

use super::token::format::print_secret;
use crate::api::Answer;
use crate::aws::{Deployed, Place};
use crate::{Context, Failure, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Whom the token belongs to
    #[arg(long, default_value = "admin", allow_hyphen_values = true)]
    owner: String,
    /// What people call it
    #[arg(short, long, default_value = "first admin", allow_hyphen_values = true)]
    name: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, Failure> {
    let stack = Deployed::at(&args.place)?;
    let (function, url) = (stack.output("CreateFunctionName")?, stack.output("ApiUrl")?);
    let payload = json!({"bootstrap": {"owner": args.owner, "name": args.name}});
    let answer = Answer::of_function(stack.invoke(function, payload.to_string())?)?;
    context.out.note(&format!("The service is at {url}."));
    print_secret(&answer, "The admin token was made; it may do everything, and never expires", context)
}
