//! `POST /explain`: whether a token may make a request, and why. It uses the same `authorize` as
//! the authorizer, with the current record and catalog.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use portcullis::api_types::Explanation;
use portcullis::authz::{
    Api, AuthzContext, Decision, DenyReason, Principal, Requirement, RequirementSource, authorize, needed_approvals,
    requirement,
};
use portcullis::catalog::{Lookalike, RequestPath, RoleName};
use portcullis::http::{ApiField, ApiRequest, ApiResult, DescribedRequest, JsonFields, Problem, json, parse_source_ip};
use portcullis::secret::TokenId;
use portcullis::text::redact;
use portcullis::{App, api_types};

const KNOWN: &str = "token_id, method, path, api, source_ip";

pub(crate) async fn explain(app: &App, call: &ApiRequest, body: &Body) -> ApiResult {
    call.query_params([])?;
    let (token_id, request) = read(body)?;
    let record = call.visible_token(app, &token_id).await?;
    let catalog = call.catalog(app).await?;
    let rules = AuthzContext::new(&catalog.catalog, &app.settings.authz);
    let (asked, now) = (request.asked(), app.clock.now());
    let decision = authorize(Some(&Principal::Token(Box::new(record.clone()))), &rules, &asked, now);
    let (decision, approval_id) = match decision {
        Decision::Allow => {
            let needed = needed_approvals(&record, &rules, &asked, now);
            match app.tokens.unused_approvals(&needed).await? {
                Ok(approvals) => (Decision::Allow, approvals.first().map(|approval| approval.id.to_string())),
                Err(missing) => (Decision::Forbidden(DenyReason::ApprovalRequired, missing), None),
            }
        }
        denied => (denied, None),
    };
    let needed = RequestPath::parse(request.raw_path()).ok();
    let needed = needed.map(|path| requirement(&rules, asked.api, asked.target, &path));
    let needed = needed.map(|needed| decisive(needed, &decision));
    // A role gives no approval.
    let needs_approval = matches!(decision, Decision::Forbidden(DenyReason::ApprovalRequired, _));
    let roles = roles(call, &rules, &needed).map(|roles| if needs_approval { Vec::new() } else { roles });
    Ok(json(StatusCode::OK, &Explanation { approval_id, ..explanation(&decision, needed, roles) }))
}

/// The requirement that decided. If the path is another spelling of a listed route, and the token
/// lacks that route's permission, it is that route's requirement.
fn decisive(needed: Requirement, decision: &Decision) -> Requirement {
    match (needed, decision) {
        (
            Requirement::Permission { permission, or, resource, rule, lookalikes },
            Decision::Forbidden(DenyReason::RouteLookalike | DenyReason::ApprovalRequired, missing),
        ) => {
            let missed = |it: &Lookalike| {
                (Some(&it.permission), Some(&it.resource)) == (missing.permission.as_ref(), missing.resource.as_ref())
            };
            let own = Requirement::Permission { permission, or, resource, rule, lookalikes: Vec::new() };
            lookalikes.into_iter().find(missed).map_or(own, |Lookalike { route, permission, resource }| {
                Requirement::Permission {
                    permission,
                    or: None,
                    resource,
                    rule: RequirementSource::Route(route),
                    lookalikes: Vec::new(),
                }
            })
        }
        (needed, _) => needed,
    }
}

/// Reads the token's id and the request from the body.
fn read(body: &Body) -> Result<(TokenId, DescribedRequest), Problem> {
    let mut fields = JsonFields::read(body)?;
    let (token_id, method, path) = (fields.required("token_id"), fields.required("method"), fields.required("path"));
    let api = fields.optional("api").map_or(Api::Protected, |ApiField(api)| api);
    let source_ip = fields.optional_with("source_ip", parse_source_ip);
    fields.finish(KNOWN)?;
    // finish() has already refused a missing field.
    let (Some(token_id), Some(method), Some(path)) = (token_id, method, path) else {
        return Err(Problem::internal());
    };
    Ok((token_id, DescribedRequest { method, path, api, source_ip }))
}

/// Roles that grant the requirement, if the caller may see the catalog.
fn roles(call: &ApiRequest, rules: &AuthzContext<'_>, needed: &Option<Requirement>) -> Option<Vec<String>> {
    match needed {
        Some(Requirement::Permission { permission, .. }) if call.caller.may_read_catalog() => {
            Some(rules.catalog.roles_giving(permission).iter().map(RoleName::to_string).collect())
        }
        _ => None,
    }
}

fn explanation(decision: &Decision, needed: Option<Requirement>, roles: Option<Vec<String>>) -> Explanation {
    let (decision, status, reason) = match decision {
        Decision::Allow => ("allow", None, None),
        Decision::Unauthorized(reason) => ("deny", Some(401), Some(DenyReason::as_str(*reason))),
        Decision::Forbidden(reason, _) => ("deny", Some(403), Some(DenyReason::as_str(*reason))),
    };
    let rule = |source: &str, route| Some(api_types::Rule { source: source.to_owned(), route });
    let (permission, resource, rule) = match needed {
        Some(Requirement::Permission { permission, resource, rule: RequirementSource::Builtin, .. }) => {
            (Some(permission), Some(resource), rule("portcullis", None))
        }
        Some(Requirement::Permission { permission, resource, rule: RequirementSource::Route(route), .. }) => {
            (Some(permission), Some(resource), rule("catalog", Some(route)))
        }
        Some(Requirement::Permission { permission, resource, rule: RequirementSource::Convention, .. }) => {
            (Some(permission), Some(resource), rule("convention", None))
        }
        Some(Requirement::Authenticated) => (None, None, rule("portcullis", None)),
        Some(Requirement::Unlisted) => (None, None, rule("catalog", None)),
        None => (None, None, None),
    };
    Explanation {
        decision: decision.to_owned(),
        status,
        reason: reason.map(str::to_owned),
        permission: permission.map(|permission| permission.to_string()),
        resource: resource.map(|resource| redact(&resource).into_owned()),
        approval_id: None,
        rule,
        roles,
    }
}
