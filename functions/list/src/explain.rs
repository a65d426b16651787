//! `POST /explain`: may this token make that request, and what decides it? The answer is
//! that of the very `decide` which the authorizer asks, on the record and the catalog as
//! they are at this moment.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use portcullis::api_types::Explanation;
use portcullis::authz::{Api, Asked, Decision, Need, Principal, Reason, Rule, Rules, decide, need};
use portcullis::catalog::{Lookalike, RequestPath, RoleName, Target};
use portcullis::grants::Permission;
use portcullis::http::{Answer, Call, Fields, json};
use portcullis::secret::TokenId;
use portcullis::text::redact;
use portcullis::validation::Invalid;
use portcullis::{App, api_types};
use std::net::IpAddr;
use std::str::FromStr;

const KNOWN: &str = "token_id, method, path, api, source_ip";

pub(crate) async fn explain(app: &App, call: &Call, body: &Body) -> Answer {
    call.parameters([])?;
    let asked = Question::read(body)?;
    let record = call.known(app, &asked.token_id).await?;
    let catalog = call.catalog(app).await?;
    let rules = Rules::of(&catalog.catalog, &app.settings.authz);
    let principal = Principal::Token(Box::new(record));
    let request = Asked { api: asked.api.0, target: asked.target(), from: asked.source_ip };
    let decision = decide(Some(&principal), &rules, &request, app.clock.now());
    let needed = RequestPath::parse(asked.raw_path()).ok();
    let needed = needed.map(|path| need(&rules, asked.api.0, asked.target(), &path));
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

/// The body, each part of it good in itself.
struct Question {
    token_id: TokenId,
    method: Method,
    path: Path,
    api: AskedApi,
    /// Without one, a token with allowed addresses is refused.
    source_ip: Option<IpAddr>,
}

impl Question {
    fn read(body: &Body) -> Result<Self, portcullis::http::Problem> {
        let mut fields = Fields::read(body)?;
        let (token_id, method, path) =
            (fields.required("token_id"), fields.required("method"), fields.required("path"));
        let api = fields.optional("api").unwrap_or(AskedApi(Api::Protected));
        let source_ip = fields.optional_with("source_ip", |text| {
            text.parse().map_err(|_| Invalid("must be an IPv4 or IPv6 address".to_owned()))
        });
        fields.finish(KNOWN)?;
        // What is missing was noted above, so finish() has already refused it.
        let (Some(token_id), Some(method), Some(path)) = (token_id, method, path) else {
            return Err(portcullis::http::Problem::internal());
        };
        Ok(Self { token_id, method, path, api, source_ip })
    }

    fn target(&self) -> Target<'_> {
        match self.method.0.as_str() {
            "$connect" => Target::Connect,
            method => Target::Http { method, path: self.raw_path() },
        }
    }

    /// As it stands in the ARN: without the leading slash.
    fn raw_path(&self) -> &str {
        self.path.0.strip_prefix('/').unwrap_or(&self.path.0)
    }
}

/// `GET`, or `$connect` for opening a WebSocket.
struct Method(String);

impl FromStr for Method {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let good =
            text == "$connect" || ((1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase()));
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid("must be a method in capitals, as in GET, or $connect".to_owned()))
        }
    }
}

/// A path as it is sent: `/apps/billing`, without the API's stage.
struct Path(String);

impl FromStr for Path {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !text.starts_with('/') {
            return Err(Invalid("must begin with a slash, without stage and host".to_owned()));
        }
        if text.chars().count() > 2048 {
            return Err(Invalid("must be at most 2048 characters".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

struct AskedApi(Api);

impl FromStr for AskedApi {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "protected" => Ok(Self(Api::Protected)),
            "tokens" => Ok(Self(Api::Own)),
            _ => Err(Invalid("must be protected (an API of yours) or tokens (Portcullis's own)".to_owned())),
        }
    }
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
