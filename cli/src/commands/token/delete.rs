//! `portcullis token delete`

use portcullis::api_types::Token;
use ureq::http::Method;

use super::format::impact_summary;
use super::lookup::{TokenArg, fetch};
use crate::{CliError, Context, Outcome};

pub(crate) fn run(token: &TokenArg, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    let id = token.find_id(&api)?;
    if !context.yes {
        let token: Token = fetch(&api, &id)?.read()?;
        let impact = impact_summary(&token, context);
        context.confirm(
            &format!(
                "Requests with this token will be denied permanently, and its record will be deleted:\n  {impact}"
            ),
            "Delete?",
        )?;
    }
    api.request(Method::DELETE, format!("/tokens/{id}")).send()?;
    context.out.note(&format!("Deleted {id}."));
    Ok(Outcome::Success)
}
