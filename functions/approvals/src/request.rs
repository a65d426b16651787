//! `POST /approvals`: a token asks for approval.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::authz::Principal;
use portcullis::catalog::Catalog;
use portcullis::grants::{Permission, Resource};
use portcullis::http::{ApiRequest, ApiResult, FieldError, JsonFields, Problem, json};
use portcullis::store::{ApprovalChange, ApprovalRequestOutcome, new_approval_id};
use portcullis::text::{ApprovalReason, Link};
use portcullis::token::{Approval, MAX_APPROVAL_REQUESTS_PER_DAY, MAX_PENDING_APPROVALS, TokenRecord};

use crate::view::view;

const KNOWN: &str = "permission, resource, reason, link";

pub(crate) async fn request(app: &App, call: &ApiRequest, body: &Body) -> ApiResult {
    call.query_params([])?;
    let wanted = WantedApproval::read(body)?;
    let Principal::Token(token) = &call.caller else {
        return Err(Problem::forbidden("A session needs no approval. Send the request with the token that needs it."));
    };
    let catalog = call.catalog(app).await?;
    let approval = wanted.into_approval(app, token, &catalog.catalog)?;
    let (by, history_days) = (call.author(), app.settings.limits.history_days);
    let change = ApprovalChange { by: &by, clock: &app.clock, history_days };
    match app.tokens.request_approval(&approval, &change).await? {
        ApprovalRequestOutcome::Created(created) => Ok(json(StatusCode::CREATED, &view(created))),
        ApprovalRequestOutcome::Pending(pending) => Ok(json(StatusCode::OK, &view(pending))),
        ApprovalRequestOutcome::LimitReached => {
            Err(Problem::approval_limit_reached(MAX_PENDING_APPROVALS, "pending request"))
        }
        ApprovalRequestOutcome::DailyLimitReached => {
            Err(Problem::daily_approval_limit_reached(MAX_APPROVAL_REQUESTS_PER_DAY))
        }
        ApprovalRequestOutcome::Inactive => Err(Problem::forbidden("Your token is no longer active.")),
    }
}

/// The body.
struct WantedApproval {
    permission: Permission,
    resource: Resource,
    reason: ApprovalReason,
    link: Option<Link>,
}

impl WantedApproval {
    fn read(body: &Body) -> Result<Self, Problem> {
        let mut fields = JsonFields::read(body)?;
        let permission: Option<Permission> = fields.required("permission");
        if permission.as_ref().is_some_and(Permission::is_wildcard) {
            fields.error("permission", "must be one permission, without *");
        }
        let (resource, reason) = (fields.required("resource"), fields.required("reason"));
        let link = fields.optional("link");
        fields.finish(KNOWN)?;
        // finish() has already refused a missing field.
        let (Some(permission), Some(resource), Some(reason)) = (permission, resource, reason) else {
            return Err(Problem::internal());
        };
        Ok(Self { permission, resource, reason, link })
    }

    /// The request, if the token may ask for it.
    fn into_approval(self, app: &App, token: &TokenRecord, catalog: &Catalog) -> Result<Approval, Problem> {
        let Self { permission, resource, reason, link } = self;
        if !token.grants.covers(&permission, &resource) {
            let message = format!("your token does not have {permission} on {resource}");
            return Err(Problem::exceeds_grants(vec![FieldError::new("permission", message)]));
        }
        let rule = catalog.approval_rule(&permission);
        let Some(rule) = rule.filter(|rule| rule.overlaps(&resource) && !rule.is_waived_on(&token.grants, &resource))
        else {
            let message = format!("{permission} needs no approval on {resource}");
            return Err(Problem::invalid(vec![FieldError::new("permission", message)]));
        };
        let created_at = app.clock.now();
        Ok(Approval {
            id: new_approval_id(created_at)?,
            token: token.id.clone(),
            token_name: token.name.clone(),
            owner: token.owner.clone(),
            permission,
            resource,
            reason,
            link,
            uses: rule.uses,
            valid_for_seconds: rule.valid_for_seconds,
            created_at,
            decision: None,
            used_at: None,
            ended: None,
        })
    }
}
