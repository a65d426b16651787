//! `portcullis whoami`: the caller, its grants and their expiry.

use portcullis::api_types::Me;

use super::token::format;
use crate::{CliError, Context, Outcome};

pub(crate) fn run(context: &Context) -> Result<Outcome, CliError> {
    let response = context.api()?.get("/me").send()?;
    let out = &context.out;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Success);
    }
    let me: Me = response.read()?;
    if out.quiet {
        out.line(&crate::output::clean(&me.owner))?;
        return Ok(Outcome::Success);
    }
    let token = me.token.as_ref();
    out.key_values(&[
        ("principal", me.principal_type.clone()),
        ("id", token.map(|token| token.token_id.clone()).unwrap_or_default()),
        ("name", token.map(|token| token.token_name.clone()).unwrap_or_default()),
        ("owner", me.owner.clone()),
        ("role", token.and_then(|token| token.role.clone()).unwrap_or_default()),
        ("roles", me.roles.unwrap_or_default().join(", ")),
        ("created", token.map(|token| out.format_time(token.created_at)).unwrap_or_default()),
        ("expires", out.format_time_or(me.expires_at, "never")),
        ("grants", format::grants(&me.grants)),
    ])?;
    Ok(Outcome::Success)
}
