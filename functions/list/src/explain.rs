//! `POST /explain`: may this token make that request, and what decides it? The answer is
//! that of the very `decide` which the authorizer asks, on the record and the catalog as
//! they are at this moment.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use portcullis::api_types::Explanation;
use portcullis::authz::{Api, Decision, Need, Principal, Reason, Rule, Rules, decide, need};
use portcullis::catalog::{Lookalike, RequestPath, RoleName};
use portcullis::grants::Permission;
use portcullis::http::{Answer, AskedApi, Call, DescribedRequest, Fields, Problem, json, parse_source_ip};
use portcullis::secret::TokenId;
use portcullis::text::redact;
use portcullis::{App, api_types};

const KNOWN: &str = "token_id, method, path, api, source_ip";

pub(crate) async fn explain(app: &App, call: &Call, body: &Body) -> Answer {
    call.parameters([])?;
    let (token_id, request) = read(body)?;
    let record = call.known(app, &token_id).await?;
    let catalog = call.catalog(app).await?;
    let rules = Rules::of(&catalog.catalog, &app.settings.authz);
    let principal = Principal::Token(Box::new(record));
    let asked = request.asked();
    let decision = decide(Some(&principal), &rules, &asked, app.clock.now());
    let needed = RequestPath::parse(request.raw_path()).ok();
    let needed = needed.map(|path| need(&rules, asked.api, asked.target, &path));
    let needed = needed.map(|needed| decisive(needed, &decision));
    let roles = roles(call, &rules, &needed);
    Ok(json(StatusCode::OK, &explanation(&decision, needed, roles)))
}

/// What the decision was about: what a listed route needs of which the path is another spelling, where
/// that is missing.
fn decisive(needed: Need, decision: &Decision) -> Need {
    match (needed, decision) {
        (Need::Permission { lookalikes, .. }, Decision::Forbid(Reason::RouteLookalike, missing)) => {
            let missed = |it: &Lookalike| {
                (Some(&it.permission), Some(&it.resource)) == (missing.permission.as_ref(), missing.resource.as_ref())
            };
            lookalikes.into_iter().find(missed).map_or(Need::Listing, |Lookalike { route, permission, resource }| {
                Need::Permission { permission, or: None, resource, rule: Rule::Route(route), lookalikes: Vec::new() }
            })
        }
        (needed, _) => needed,
    }
}

/// The token and the request that the body asks about.
fn read(body: &Body) -> Result<(TokenId, DescribedRequest), Problem> {
    let mut fields = Fields::read(body)?;
    let (token_id, method, path) = (fields.required("token_id"), fields.required("method"), fields.required("path"));
    let api = fields.optional("api").map_or(Api::Protected, |AskedApi(api)| api);
    let source_ip = fields.optional_with("source_ip", parse_source_ip);
    fields.finish(KNOWN)?;
    // What is missing was noted above, so finish() has already refused it.
    let (Some(token_id), Some(method), Some(path)) = (token_id, method, path) else {
        return Err(Problem::internal());
    };
    Ok((token_id, DescribedRequest { method, path, api, source_ip }))
}

/// The roles that would give what is needed, for a caller who may see the catalog.
fn roles(call: &Call, rules: &Rules<'_>, needed: &Option<Need>) -> Option<Vec<String>> {
    let sees = "catalog:read".parse().is_ok_and(|read: Permission| call.caller.grants().allows(&read, "catalog"));
    match needed {
        Some(Need::Permission { permission, .. }) if sees => {
            Some(rules.catalog.roles_giving(permission).iter().map(RoleName::to_string).collect())
        }
        _ => None,
    }
}

fn explanation(decision: &Decision, needed: Option<Need>, roles: Option<Vec<String>>) -> Explanation {
    let (decision, status, reason) = match decision {
        Decision::Allow => ("allow", None, None),
        Decision::Refuse(reason) => ("deny", Some(401), Some(Reason::as_str(*reason))),
        Decision::Forbid(reason, _) => ("deny", Some(403), Some(Reason::as_str(*reason))),
    };
    let rule = |source: &str, route| Some(api_types::Rule { source: source.to_owned(), route });
    let (permission, resource, rule) = match needed {
        Some(Need::Permission { permission, resource, rule: Rule::Own, .. }) => {
            (Some(permission), Some(resource), rule("portcullis", None))
        }
        Some(Need::Permission { permission, resource, rule: Rule::Route(route), .. }) => {
            (Some(permission), Some(resource), rule("catalog", Some(route)))
        }
        Some(Need::Permission { permission, resource, rule: Rule::Convention, .. }) => {
            (Some(permission), Some(resource), rule("convention", None))
        }
        Some(Need::Credential) => (None, None, rule("portcullis", None)),
        Some(Need::Listing) => (None, None, rule("catalog", None)),
        None => (None, None, None),
    };
    Explanation {
        decision: decision.to_owned(),
        status,
        reason: reason.map(str::to_owned),
        permission: permission.map(|permission| permission.to_string()),
        resource: resource.map(|resource| redact(&resource).into_owned()),
        rule,
        roles,
    }
}
