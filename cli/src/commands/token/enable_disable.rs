//! `portcullis token disable` and `enable`

use super::format;
use super::lookup::TokenArg;
use crate::{CliError, Context, Outcome};

pub(crate) fn run(token: &TokenArg, action: &str, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    let id = token.find_id(&api)?;
    format::show(&api.post(format!("/tokens/{id}/{action}")).send()?, context)
}
