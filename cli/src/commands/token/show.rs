//! `portcullis token show`

use super::format;
use super::lookup::{TokenArg, fetch};
use crate::api::Api;
use crate::commands::approval;
use crate::{CliError, Context, Outcome, web_browser};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    /// Open the token in the console instead
    #[arg(long)]
    web: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    let id = args.token.find_id(&api)?;
    if !args.web {
        let response = fetch(&api, &id)?;
        let out = &context.out;
        let approvals = if out.json || out.quiet { String::new() } else { approval::of_token(&api, id.as_str(), out) };
        return format::show_with(&response, &[("approvals", approvals)], context);
    }
    web_browser::open(&console_url(&api, &format!("/tokens/{id}")), &context.out)?;
    Ok(Outcome::Success)
}

/// URL of a page of the console.
pub(super) fn console_url(api: &Api, page: &str) -> String {
    format!("{}/console/#{page}", api.url())
}
