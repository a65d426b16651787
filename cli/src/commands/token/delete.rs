//! `portcullis token delete`

use portcullis::api_types::Token;
use portcullis::secret::TokenId;
use ureq::http::Method;

use super::format::impact_summary;
use super::lookup::fetch;
use crate::{CliError, Context, Outcome};

pub(crate) fn run(id: &TokenId, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    if !context.yes {
        let token: Token = fetch(&api, id)?.read()?;
        let what = impact_summary(&token, context);
        context
            .confirm(&format!("What uses this will be refused, and its record will be gone:\n  {what}"), "Delete?")?;
    }
    api.request(Method::DELETE, format!("/tokens/{id}")).send()?;
    context.out.note(&format!("{id} is gone."));
    Ok(Outcome::Done)
}
