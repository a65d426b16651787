//! `portcullis approval request`: requests an approval for the token that the command uses, and waits for the decision.

use std::time::Duration;

use clap_complete::ArgValueCompleter;
use portcullis::api_types::{Approval, ApprovalPage, Me};
use portcullis::grants::Resource;
use serde::Serialize;

use super::format;
use super::lookup::{fetch, path};
use super::wait::{self, Waited};
use crate::api::{Api, ApiResponse, Cursors};
use crate::error::NotApproved;
use crate::flag_value::duration;
use crate::{CliError, Context, Outcome, completion};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Permission to use, as in releases:write
    #[arg(short, long, add = ArgValueCompleter::new(completion::permissions))]
    permission: String,
    /// Resource to use it on, as in releases/42
    #[arg(short, long, allow_hyphen_values = true)]
    resource: String,
    /// Why you need it, for those who decide
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: String,
    /// https URL of a page about it, such as the pipeline's run
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// Wait for the decision for at most this long, as in 30m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<u32>,
}

#[derive(Serialize)]
struct ApprovalRequest<'a> {
    permission: &'a str,
    resource: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    let Some(seconds) = args.wait else { return format::show(&args.send(&api)?, context) };
    let interrupts = wait::Interrupts::new()?;
    let me: Me = api.get("/me").send()?.read()?;
    // The service refuses the request of a session.
    if let Some(token) = &me.token {
        let ends = context.out.now().plus_seconds(seconds.into());
        if let Some(expires_at) = me.expires_at.filter(|at| *at < ends) {
            context.out.warn(&format!("the token expires at {expires_at}, before the wait ends"));
        }
        if let Some(id) = args.live_approval(&token.token_id, &api)? {
            let live = fetch(&api, &id)?;
            let approval: Approval = live.read()?;
            context.out.note(&format!("The token already has an approval: \"{}\".", approval.reason));
            return format::show(&live, context);
        }
    }
    let requested = args.send(&api)?;
    let request: Approval = requested.read()?;
    announce(&request, requested.created, seconds, &api, context);
    let poll = || api.get(path(&request.id)).send();
    let waited = wait::for_decision(poll, Duration::from_secs(seconds.into()), &interrupts, &context.out)?;
    match waited {
        Waited::Decided(response) => {
            let approval = response.read()?;
            format::show(&response, context)?;
            outcome(&approval)
        }
        Waited::TimedOut(None) => {
            format::show(&requested, context)?;
            let message = format!("no decision within {}; the request is still pending", format::duration(seconds));
            Err(still_pending(NotApproved::TimedOut, message, &request.id))
        }
        Waited::TimedOut(Some(error)) => {
            format::show(&requested, context)?;
            Err(CliError::Unreachable(format!(
                "the decision is not known: {error}; run the command again to wait longer"
            )))
        }
        Waited::Interrupted => {
            Err(still_pending(NotApproved::Interrupted, "the request is still pending".to_owned(), &request.id))
        }
    }
}

impl Args {
    fn send(&self, api: &Api) -> Result<ApiResponse, CliError> {
        let Self { permission, resource, reason, link, .. } = self;
        api.post("/approvals").json(&ApprovalRequest { permission, resource, reason, link: link.as_deref() }).send()
    }

    /// ID of a live approval of the token that allows what is to be requested.
    fn live_approval(&self, token_id: &str, api: &Api) -> Result<Option<String>, CliError> {
        let wanted = Resource::from_stored(&self.resource);
        let allows = |approval: &Approval| {
            approval.permission == self.permission && Resource::from_stored(&approval.resource).covers(&wanted)
        };
        let (mut cursors, mut cursor) = (Cursors::default(), None);
        loop {
            let list = api.get("/approvals").query("status", Some("approved")).query("token", Some(token_id));
            let page: ApprovalPage = list.query("cursor", cursor.as_ref()).send()?.read()?;
            if let Some(approval) = page.approvals.into_iter().find(allows) {
                return Ok(Some(approval.id));
            }
            cursor = cursors.follow(page.next_cursor)?;
            if cursor.is_none() {
                return Ok(None);
            }
        }
    }
}

/// Says what was requested, and how to decide it.
fn announce(request: &Approval, created: bool, seconds: u32, api: &Api, context: &Context) {
    let Approval { id, permission, resource, .. } = request;
    let request = if created {
        format!("Requested approval {id} for {permission} on {resource}.")
    } else {
        format!("Found the pending request {id} for {permission} on {resource}: \"{}\".", request.reason)
    };
    // A deployment may have no console.
    let console = context.api_without_credential().and_then(|api| api.get("/console/").send());
    let console = console.map(|_| format!("\n  {}/console/#/approvals", api.url())).unwrap_or_default();
    context.out.note(&format!(
        "{request}\nApprove or reject it with approvals:decide on {resource}:{console}\n  portcullis approval approve {id}\n\
         Waiting for the decision for up to {}.",
        format::duration(seconds)
    ));
}

/// Outcome of a decided request.
fn outcome(approval: &Approval) -> Result<Outcome, CliError> {
    let Approval { permission, resource, .. } = approval;
    let by = |who: &Option<String>| who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
    let again = Some("run the command again to request it again".to_owned());
    let (outcome, what, hint) = match approval.status.as_str() {
        "approved" => return Ok(Outcome::Success),
        "rejected" => {
            let comment = approval.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
            (NotApproved::Rejected, format!("was rejected{}{comment}", by(&approval.decided_by)), None)
        }
        "lapsed" => (NotApproved::Ended, "lapsed without a decision".to_owned(), again),
        "ended" => (NotApproved::Ended, format!("was ended{}", by(&approval.ended_by)), again),
        "expired" => (NotApproved::Ended, "was approved, but the approval has expired".to_owned(), again),
        "used" => (NotApproved::Ended, "was approved, but the approval was already used".to_owned(), again),
        other => (NotApproved::Ended, format!("is neither pending nor approved, but {other}"), None),
    };
    Err(CliError::NotApproved { outcome, message: format!("the request for {permission} on {resource} {what}"), hint })
}

fn still_pending(outcome: NotApproved, message: String, id: &str) -> CliError {
    let hint = format!("run the command again to go on waiting, or portcullis approval end {id} to withdraw it");
    CliError::NotApproved { outcome, message, hint: Some(hint) }
}
