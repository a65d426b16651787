//! Formats tokens as text.

use portcullis::api_types::{Grant, Token, TokenWithSecret};

use super::words;
use crate::api::ApiResponse;
use crate::output::{Output, Style};
use crate::{CliError, Context, Outcome};

/// Permissions and resources of each grant in a list of tokens.
const MAX_TEXTS: usize = 3;

/// Prints the token in a response.
pub(crate) fn show(response: &ApiResponse, context: &Context) -> Result<Outcome, CliError> {
    show_with(response, &[], context)
}

/// Prints the token in a response, with more fields.
pub(super) fn show_with(
    response: &ApiResponse,
    more: &[(&'static str, String)],
    context: &Context,
) -> Result<Outcome, CliError> {
    let out = &context.out;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Success);
    }
    let token: Token = response.read()?;
    if out.quiet {
        out.line(&crate::output::clean(&token.id))?;
    } else {
        out.key_values(&[all_fields(&token, out).as_slice(), more].concat())?;
    }
    Ok(Outcome::Success)
}

/// Fields to show after a create or a rotation.
fn main_fields(token: &Token, out: &Output) -> Vec<(&'static str, String)> {
    vec![
        ("id", token.id.clone()),
        ("name", token.name.clone()),
        ("owner", token.owner.clone()),
        ("grants", grants(&token.grants)),
        ("allowed IPs", token.allowed_ips.join(", ")),
        ("expires", out.format_time_or(token.expires_at, "never")),
        ("previous secret", previous_secret(token)),
    ]
}

/// Until when the previous secret works; only in an active token.
fn previous_secret(token: &Token) -> String {
    let until = token.previous_secret_until.filter(|_| token.status == "active");
    until.map(|at| format!("valid until {at}")).unwrap_or_default()
}

/// All fields.
fn all_fields(token: &Token, out: &Output) -> Vec<(&'static str, String)> {
    let allowed_ips = || if token.allowed_ips.is_empty() { "any".to_owned() } else { token.allowed_ips.join(", ") };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let when = |moment| out.format_time_or(moment, "");
    vec![
        ("id", token.id.clone()),
        ("name", token.name.clone()),
        ("description", text(&token.description)),
        ("owner", token.owner.clone()),
        ("via", text(&token.via)),
        ("status", token.status.clone()),
        ("role", text(&token.role)),
        ("grants", grants(&token.grants)),
        ("allowed IPs", allowed_ips()),
        ("created", by(&when(Some(token.created_at)), Some(&token.created_by))),
        ("expires", expiry(token, out)),
        ("rotated", when(token.rotated_at)),
        ("previous secret", previous_secret(token)),
        ("last used", last_use(token, out)),
        ("disabled", disabled(token, out)),
        ("revoked", by(&when(token.revoked_at), token.revoked_by.as_deref())),
        ("reason", token.revoked_reason.as_deref().map(words::plain).unwrap_or_default()),
        ("comment", text(&token.revoked_comment)),
    ]
}

/// Empty for a revoked token, which cannot expire any more.
pub(super) fn expiry(token: &Token, out: &Output) -> String {
    if token.status == "revoked" { String::new() } else { out.format_time_or(token.expires_at, "never") }
}

/// When, by whom and why a token was disabled.
fn disabled(token: &Token, out: &Output) -> String {
    let when = by(&out.format_time_or(token.disabled_at, ""), token.disabled_by.as_deref());
    let why = token.disabled_reason.as_deref().map(words::disable_reason).unwrap_or_default();
    match (when.is_empty(), why.is_empty()) {
        (false, false) => format!("{when} ({why})"),
        _ => when + why,
    }
}

/// `3 days ago by session:alice`
pub(crate) fn by(when: &str, who: Option<&str>) -> String {
    match who {
        Some(who) if !when.is_empty() => format!("{when} by {who}"),
        _ => when.to_owned(),
    }
}

/// Time, IP address and client of the last use.
fn last_use(token: &Token, out: &Output) -> String {
    let Some(at) = token.last_used_at else { return "never".to_owned() };
    let from = token.last_used_ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    let with = token.last_used_user_agent.as_ref().map(|agent| format!(" with {agent}")).unwrap_or_default();
    format!("{}{from}{with}", out.format_time(at))
}

/// One line for each grant.
pub(crate) fn grants(grants: &[Grant]) -> String {
    let line = |grant: &Grant| format!("{} on {}", grant.permissions.join(", "), grant.resources.join(", "));
    grants.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The grants on one line. A role stands for its permissions, and of each list only the first texts are shown.
pub(super) fn grants_summary(token: &Token) -> String {
    let summary = |grant: &Grant| {
        let permissions = token.role.clone().unwrap_or_else(|| first_texts(&grant.permissions));
        format!("{permissions} on {}", first_texts(&grant.resources))
    };
    let mut grants: Vec<_> = token.grants.iter().map(summary).collect();
    grants.dedup();
    grants.join("; ")
}

/// `a, b, c, 7 more`
fn first_texts(texts: &[String]) -> String {
    let more = texts.len().saturating_sub(MAX_TEXTS);
    let more = (more > 0).then(|| format!("{more} more"));
    texts.iter().take(MAX_TEXTS).cloned().chain(more).collect::<Vec<_>>().join(", ")
}

/// `app:read on app/billing`
pub(crate) fn permission_on_resource(permission: Option<&str>, resource: Option<&str>) -> String {
    match (permission, resource) {
        (Some(permission), Some(resource)) => format!("{permission} on {resource}"),
        (permission, resource) => permission.or(resource).unwrap_or_default().to_owned(),
    }
}

/// Style of a status.
pub(crate) fn status_style(status: &str) -> Option<Style> {
    match status {
        "active" => Some(Style::Good),
        "disabled" => Some(Style::Warn),
        "expired" | "revoked" => Some(Style::Bad),
        _ => None,
    }
}

/// Prints a secret: alone on standard output, so that it can be piped. The rest goes to standard error.
pub(crate) fn print_secret(response: &ApiResponse, message: &str, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    let shown = response.read::<TokenWithSecret<'_>>();
    let id = shown.as_ref().map_or("unknown ID", |shown| shown.view.id.as_str());
    let lost = format!(
        "{message} ({id}), but its secret is lost and cannot be shown again; create a new secret with portcullis token \
         rotate {id}, or revoke the token with portcullis token revoke {id}"
    );
    if out.json {
        out.secret(&response.body, &lost)?;
        return Ok(Outcome::Success);
    }
    let shown = shown?;
    out.note_key_values(&main_fields(&shown.view, out));
    out.note(&format!("{message}. The secret is shown only once:"));
    out.secret(&shown.token, &lost)?;
    Ok(Outcome::Success)
}

/// Describes a token in a confirmation prompt: its ID, name, owner, status and last use.
pub(super) fn impact_summary(token: &Token, context: &Context) -> String {
    let used = match last_use(token, &context.out) {
        never if token.last_used_at.is_none() => format!("{never} used"),
        when => format!("last used {when}"),
    };
    format!("{} \"{}\", owner {}, {}, {used}", token.id, token.name, token.owner, token.status)
}
