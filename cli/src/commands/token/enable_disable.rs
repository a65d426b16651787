//! `portcullis token disable` and `enable`

use portcullis::secret::TokenId;

use super::format;
use crate::{CliError, Context, Outcome};

pub(crate) fn run(id: &TokenId, action: &str, context: &Context) -> Result<Outcome, CliError> {
    format::show(&context.api()?.post(format!("/tokens/{id}/{action}")).send()?, context)
}
