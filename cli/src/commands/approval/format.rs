//! Formats approvals as text.

use portcullis::api_types::{Approval, ApprovalPage};
use portcullis::text::counted;

use crate::api::{Api, ApiResponse};
use crate::commands::pages::entries;
use crate::commands::token::format::by;
use crate::output::{Output, Style, clean};
use crate::{CliError, Context, Outcome};

/// Prints the approval in a response.
pub(super) fn show(response: &ApiResponse, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Success);
    }
    let approval: Approval = response.read()?;
    if out.quiet {
        out.line(&clean(&approval.id))?;
    } else {
        out.key_values(&all_fields(&approval, out))?;
    }
    Ok(Outcome::Success)
}

fn all_fields(approval: &Approval, out: &Output) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let when = |moment| out.format_time_or(moment, "");
    let lapses_at = Some(approval.lapses_at).filter(|_| approval.status == "pending");
    vec![
        ("id", approval.id.clone()),
        ("status", approval.status.clone()),
        ("permission", approval.permission.clone()),
        ("resource", approval.resource.clone()),
        ("allows", allowed_requests(approval)),
        ("reason", approval.reason.clone()),
        ("link", text(&approval.link)),
        ("token", format!("{} \"{}\"", approval.token_id, approval.token_name)),
        ("owner", approval.owner.clone()),
        ("requested", when(Some(approval.created_at))),
        ("lapses", when(lapses_at)),
        ("decided", by(&when(approval.decided_at), approval.decided_by.as_deref())),
        ("comment", text(&approval.comment)),
        ("expires", when(approval.expires_at)),
        ("used", when(approval.used_at)),
        ("ended", by(&when(approval.ended_at), approval.ended_by.as_deref())),
    ]
}

/// `any number of requests for 15 minutes`
pub(super) fn allowed_requests(approval: &Approval) -> String {
    let lasting = duration(approval.valid_for);
    match approval.uses.as_str() {
        "any" => format!("any number of requests for {lasting}"),
        "once" => format!("one request within {lasting}"),
        other => format!("{other} for {lasting}"),
    }
}

/// A duration in its largest whole unit: `15 minutes`.
pub(super) fn duration(seconds: u32) -> String {
    match seconds {
        hours if hours > 0 && hours.is_multiple_of(3600) => counted(hours / 3600, "hour"),
        minutes if minutes > 0 && minutes.is_multiple_of(60) => counted(minutes / 60, "minute"),
        seconds => counted(seconds, "second"),
    }
}

/// Describes an approval in a confirmation prompt.
pub(super) fn impact_summary(approval: &Approval) -> String {
    let Approval { id, permission, resource, token_name, owner, status, reason, link, .. } = approval;
    let link = link.as_ref().map(|link| format!("\n  {link}")).unwrap_or_default();
    format!(
        "  {id}  {permission} on {resource}, token \"{token_name}\" of {owner}, {status}\n  {}{link}",
        reason.replace('\n', "\n  ")
    )
}

/// Style of a status.
pub(super) fn status_style(status: &str) -> Option<Style> {
    match status {
        "approved" => Some(Style::Good),
        "pending" => Some(Style::Warn),
        "rejected" => Some(Style::Bad),
        "lapsed" | "expired" | "used" | "ended" => Some(Style::Dim),
        _ => None,
    }
}

/// The live approvals and pending requests of a token, one a line. Empty if the service has none to show.
pub(crate) fn of_token(api: &Api, token_id: &str, out: &Output) -> String {
    let with_status = |status: &str| {
        let list = || api.get("/approvals").query("token", Some(token_id)).query("status", Some(status));
        let split = |page: ApprovalPage| (page.approvals, page.next_cursor);
        // A token has at most ten of each. An earlier version of the service has no approvals.
        entries(10, list, split, |_| ()).map(|(approvals, _)| approvals).unwrap_or_default()
    };
    let line = |approval: &Approval| {
        let until = approval.expires_at.map(|at| format!(", expires {}", out.format_time(at))).unwrap_or_default();
        let Approval { id, permission, resource, status, .. } = approval;
        format!("{permission} on {resource}, {status}{until} ({id})")
    };
    let approvals = ["approved", "pending"].map(with_status);
    approvals.iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_its_largest_whole_unit() {
        let shown = [0, 1, 60, 90, 900, 3600, 5400, 86_400].map(duration);
        let expected =
            ["0 seconds", "1 second", "1 minute", "90 seconds", "15 minutes", "1 hour", "90 minutes", "24 hours"];
        assert_eq!(shown, expected);
    }
}
