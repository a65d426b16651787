//! `portcullis token disable` and `enable`

use portcullis::secret::TokenId;

use super::format;
use crate::{Context, Failure, Outcome};

pub(crate) fn run(id: &TokenId, which: &str, context: &Context) -> Result<Outcome, Failure> {
    format::show(&context.api()?.post(format!("/tokens/{id}/{which}")).send()?, context)
}
