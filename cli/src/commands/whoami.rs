//! `portcullis whoami`: who you are, what you may do and until when.

use portcullis::api_types::Me;

use super::token::format;
use crate::{Context, Failure, Outcome};

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let answer = context.api()?.get("/me").send()?;
    let out = &context.out;
    if out.json {
        out.document(&answer.body)?;
        return Ok(Outcome::Done);
    }
    let me: Me = answer.read()?;
    if out.quiet {
        out.line(&crate::output::clean(&me.owner))?;
        return Ok(Outcome::Done);
    }
    let token = me.token.as_ref();
    out.facts(&[
        ("principal", me.principal_type.clone()),
        ("id", token.map(|token| token.token_id.clone()).unwrap_or_default()),
        ("name", token.map(|token| token.token_name.clone()).unwrap_or_default()),
        ("owner", me.owner.clone()),
        ("role", token.and_then(|token| token.role.clone()).unwrap_or_default()),
        ("roles", me.roles.unwrap_or_default().join(", ")),
        ("created", token.map(|token| out.when(token.created_at)).unwrap_or_default()),
        ("expires", out.when_or(me.expires_at, "never")),
        ("may", format::grants(&me.grants)),
    ])?;
    Ok(Outcome::Done)
}
