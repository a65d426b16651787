//! `portcullis token delete`

use portcullis::api_types::Token;
use portcullis::secret::TokenId;
use ureq::http::Method;

use super::format::at_stake;
use super::lookup::fetch;
use crate::{Context, Failure, Outcome};

pub(crate) fn run(id: &TokenId, context: &Context) -> Result<Outcome, Failure> {
    let api = context.api()?;
    if !context.yes {
        let token: Token = fetch(&api, id)?.read()?;
        let what = at_stake(&token, context);
        context
            .confirm(&format!("What uses this will be refused, and its record will be gone:\n  {what}"), "Delete?")?;
    }
    api.call(Method::DELETE, format!("/tokens/{id}")).send()?;
    context.out.note(&format!("{id} is gone."));
    Ok(Outcome::Done)
}
