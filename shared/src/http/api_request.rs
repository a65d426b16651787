//! Who calls, and what they ask: read from the event that API Gateway made, in which the
//! authorizer's context is the only thing that says who the caller is.

use std::collections::HashMap;
use std::sync::Arc;

use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;
use lambda_http::http::Method;
use lambda_http::{Request, RequestExt as _};
use serde_json::Value;

use super::{FieldError, Problem, check_content_encoding, gateway_context, origin, route};
use crate::App;
use crate::authz::{AccessRequest, Api, AuthzContext, Decision, DenyReason, Missing, Principal, Session, authorize};
use crate::catalog::{Catalog, Target};
use crate::clock::Timestamp;
use crate::secret::TokenId;
use crate::store::{ClientInfo, StoredCatalog};
use crate::text::OwnerId;
use crate::token::{Actor, EventOrigin, TokenRecord};

/// A call to one of the functions, by someone whom the authorizer let in.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    /// The caller, read afresh: a token's grants and what a session's roles give do not
    /// always fit into the authorizer's context.
    pub caller: Principal,
    /// The catalog that a session's grants were derived from.
    catalog: Option<Arc<StoredCatalog>>,
    /// The route's method.
    pub method: Method,
    /// The route that the gateway matched: `/tokens/{id}`.
    pub route: String,
    /// What stands in the route's `{id}`.
    pub id: Option<String>,
    /// From where the call comes, and with what.
    pub origin: ClientInfo,
    /// The query's parameters in their order, decoded.
    pub query: Vec<(String, String)>,
}

impl ApiRequest {
    /// Reads a call.
    ///
    /// # Errors
    /// 500 where the event is not one of this deployment's API, or has no authorizer's context (then nobody
    /// has decided on this request, and it ends here), 415 for a body in a coding that is not understood,
    /// 403 where the caller's token has ended since or the caller lacks by now what the route needs, 503 where
    /// the store fails.
    pub async fn read(app: &App, request: &Request) -> Result<Self, Problem> {
        let Some(context) = gateway_context(request) else {
            tracing::error!("the event is not a REST API's");
            return Err(Problem::internal());
        };
        if !is_from_own_api(request, context) {
            tracing::error!("the event is not one of this deployment's API, which only API Gateway may send");
            return Err(Problem::internal());
        }
        check_content_encoding(request)?;
        let (caller, catalog) = caller(app, &context.authorizer.fields).await?;
        let origin = origin(request);
        let route = route(request).to_owned();
        ensure_still_allowed(app, &caller, request, &route, &origin)?;
        let query = request
            .query_string_parameters_ref()
            .map(|query| query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
        Ok(Self {
            caller,
            catalog,
            method: request.method().clone(),
            route,
            id: request.path_parameters_ref().and_then(|path| path.first("id")).map(str::to_owned),
            origin,
            query: query.unwrap_or_default(),
        })
    }

    /// The catalog for this call: the very version that a session's grants come from, so that no
    /// role's name has two meanings within one call.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn catalog(&self, app: &App) -> Result<Arc<StoredCatalog>, Problem> {
        match &self.catalog {
            Some(catalog) => Ok(Arc::clone(catalog)),
            None => Ok(app.tokens.catalog().await?),
        }
    }

    /// The caller, as it is written down.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// Who calls, and from where, for a token's history.
    #[must_use]
    pub fn author(&self) -> EventOrigin {
        let ClientInfo { source_ip, agent } = self.origin.clone();
        EventOrigin { actor: Some(self.actor()), source_ip, agent }
    }

    /// Whether the caller may do this to a token only because it manages anyone's.
    #[must_use]
    pub fn is_foreign(&self, record: &TokenRecord) -> bool {
        record.owner != *self.caller.owner()
    }

    /// The token that the path names, if the caller may know of it.
    ///
    /// # Errors
    /// 404 for one that is not there, one that is not the caller's, and one that no token's
    /// id can look like: nobody learns which.
    pub async fn target_token(&self, app: &App) -> Result<TokenRecord, Problem> {
        let id: TokenId = self.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(Problem::not_found)?;
        self.visible_token(app, &id).await
    }

    /// A token, if the caller may know of it.
    ///
    /// # Errors
    /// As [`ApiRequest::target`].
    pub async fn visible_token(&self, app: &App, id: &TokenId) -> Result<TokenRecord, Problem> {
        let record = app.tokens.get(id).await?.ok_or_else(Problem::not_found)?;
        let theirs = record.owner == *self.caller.owner() || self.caller.is_admin_of(&format!("tokens/{id}"));
        if theirs { Ok(record) } else { Err(Problem::not_found()) }
    }

    /// The query's parameters by the names that the call knows; each at most once.
    ///
    /// # Errors
    /// 400 that names every parameter that is unknown or doubled.
    pub fn query_params<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&str>; N], Problem> {
        let mut errors = Vec::new();
        let mut found = [None; N];
        for (name, value) in &self.query {
            let Some((_, slot)) = names.iter().zip(&mut found).find(|(known, _)| *known == name) else {
                let known = if N == 0 { "none".to_owned() } else { names.join(", ") };
                errors.push(FieldError::new(name, format!("is unknown here; known are {known}")));
                continue;
            };
            if slot.replace(value.as_str()).is_some() {
                errors.push(FieldError::new(name, "must be given once"));
            }
        }
        if errors.is_empty() { Ok(found) } else { Err(Problem::invalid(errors)) }
    }
}

/// Whether an event is as this deployment's API sends it: with the stage variable that only its stage has,
/// and a request ID in the gateway's form, a UUID.
///
/// The ID of the API cannot be compared: the API names the functions, so CloudFormation cannot tell them its
/// ID. Who may invoke a function directly can imitate all of this, and is trusted (`docs/security.md`).
fn is_from_own_api(request: &Request, context: &ApiGatewayProxyRequestContext) -> bool {
    let (name, value) = Api::OWN_STAGE_VARIABLE;
    let own = request.stage_variables_ref().and_then(|variables| variables.first(name)) == Some(value);
    let request_id = context.request_id.as_deref().unwrap_or_default();
    let is_uuid = request_id.len() == 36
        && request_id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    own && is_uuid
}

/// Decides once more, on what the caller has at this moment: the authorizer may have decided by a catalog
/// that was 60 s old, in which a person had a role that was taken from them since.
fn ensure_still_allowed(
    app: &App,
    caller: &Principal,
    request: &Request,
    route: &str,
    origin: &ClientInfo,
) -> Result<(), Problem> {
    let parameters = request.path_parameters_ref();
    let parameter = |name: &'static str| parameters.and_then(|path| path.first(name)).unwrap_or_default();
    let path = route.replace("{id}", parameter("id")).replace("{owner}", parameter("owner"));
    let target = Target::Http { method: request.method().as_str(), path: path.trim_start_matches('/') };
    // What Portcullis's own API needs is in no catalog.
    let no_catalog = Catalog::default();
    let rules = AuthzContext::of(&no_catalog, &app.settings.authz);
    let asked = AccessRequest { api: Api::Management, target, from: origin.source_ip };
    match authorize(Some(caller), &rules, &asked, app.clock.now()) {
        Decision::Allow => Ok(()),
        Decision::Unauthorized(_) => Err(Problem::forbidden("Your token has ended.")),
        Decision::Forbidden(DenyReason::MalformedPath, _) => Err(Problem::not_found()),
        Decision::Forbidden(_, Missing { permission: Some(permission), .. }) => {
            Err(Problem::forbidden(format!("You do not have {permission} for this any more.")))
        }
        Decision::Forbidden(..) => Err(Problem::forbidden("You may not do this any more.")),
    }
}

/// Whom the authorizer's context names, and what they have at this moment; for a session with the
/// catalog that says so.
async fn caller(
    app: &App,
    authorized: &HashMap<String, Value>,
) -> Result<(Principal, Option<Arc<StoredCatalog>>), Problem> {
    let of = |key: &str| authorized.get(key).and_then(Value::as_str);
    match of("principal_type") {
        Some("token") => {
            let id: TokenId = of("token_id").and_then(|id| id.parse().ok()).ok_or_else(nobody)?;
            let record = app.tokens.get(&id).await?.ok_or_else(|| Problem::forbidden("Your token has ended."))?;
            Ok((Principal::Token(Box::new(record)), None))
        }
        Some("session") => {
            let owner: OwnerId = of("owner").and_then(|owner| owner.parse().ok()).ok_or_else(nobody)?;
            let expires_at = of("expires_at").and_then(Timestamp::parse).ok_or_else(nobody)?;
            // A gateway may drop what is empty.
            let groups: Vec<String> = serde_json::from_str(of("groups").unwrap_or("[]")).map_err(|_| nobody())?;
            let catalog = app.tokens.catalog().await?;
            let session =
                Session::new(&catalog.catalog, owner, &groups, expires_at, app.settings.authz.token_management);
            Ok((Principal::Session(session), Some(catalog)))
        }
        _ => Err(nobody()),
    }
}

fn nobody() -> Problem {
    tracing::error!("the event has no authorizer's context: is the route behind the authorizer?");
    Problem::internal()
}
