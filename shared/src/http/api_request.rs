//! The request of an authorized caller, read from API Gateway's event. Only the authorizer's context says who
//! the caller is.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;
use lambda_http::http::Method;
use lambda_http::{Request, RequestExt as _};
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::{FieldError, Problem, check_content_encoding, gateway_context, origin, route};
use crate::App;
use crate::authz::{
    AccessRequest, Api, AuthzContext, Decision, DenyReason, MissingAccess, Principal, Session, authorize,
};
use crate::catalog::{Catalog, Target};
use crate::clock::{Stopwatch, Timestamp};
use crate::secret::TokenId;
use crate::store::{ClientInfo, Error, StoredCatalog};
use crate::text::OwnerId;
use crate::token::{Actor, EventOrigin, TokenRecord};

/// A request that the authorizer allowed.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    /// The caller, read from the store again: a token's grants and a session's roles do not always fit into the
    /// authorizer's context.
    pub caller: Principal,
    /// The catalog from which a session's grants were derived.
    catalog: Option<Arc<StoredCatalog>>,
    /// Method of the request.
    pub method: Method,
    /// Route that the gateway matched: `/tokens/{id}`.
    pub route: String,
    /// Value of the route's `{id}`.
    pub id: Option<String>,
    /// IP address and user agent of the client.
    pub origin: ClientInfo,
    /// Decoded query parameters, in their order.
    pub query: Vec<(String, String)>,
}

impl ApiRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// 500 if the event is not from this deployment's API or lacks the authorizer's context (nothing was
    /// authorized then); 415 for an unsupported content coding; 403 if the caller's token has ended since or
    /// the caller no longer has the required permission; 503 if the store fails.
    pub async fn read(app: &App, request: &Request) -> Result<Self, Problem> {
        let Some(context) = gateway_context(request) else {
            tracing::error!("the event is not from a REST API");
            return Err(Problem::internal());
        };
        if !is_from_management_api(request, context) {
            tracing::error!("the event is not from this deployment's API; only API Gateway may invoke this function");
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

    /// The catalog for this request. For a session it is the version that its grants come from, so that a role
    /// means the same throughout the request.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn catalog(&self, app: &App) -> Result<Arc<StoredCatalog>, Problem> {
        match &self.catalog {
            Some(catalog) => Ok(Arc::clone(catalog)),
            None => Ok(app.tokens.catalog().await?),
        }
    }

    /// The caller, as records and events name it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// The caller with IP address and user agent, for a token's history.
    #[must_use]
    pub fn author(&self) -> EventOrigin {
        let ClientInfo { source_ip, agent } = self.origin.clone();
        EventOrigin { actor: Some(self.actor()), source_ip, agent }
    }

    /// Whether the token belongs to another owner, so that the caller acts as an admin.
    #[must_use]
    pub fn is_foreign(&self, record: &TokenRecord) -> bool {
        record.owner != *self.caller.owner()
    }

    /// The token that the path names, if the caller may see it.
    ///
    /// # Errors
    /// 404 for a token that does not exist, one that the caller may not see, and an invalid ID. The response is
    /// the same for all.
    pub async fn target_token(&self, app: &App) -> Result<TokenRecord, Problem> {
        let id: TokenId = self.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(Problem::not_found)?;
        self.visible_token(app, &id).await
    }

    /// A token, if the caller may see it.
    ///
    /// # Errors
    /// As [`ApiRequest::target_token`].
    pub async fn visible_token(&self, app: &App, id: &TokenId) -> Result<TokenRecord, Problem> {
        let is_visible = |record: &TokenRecord| {
            record.owner == *self.caller.owner() || self.caller.is_admin_of(&format!("tokens/{id}"))
        };
        visible(app.tokens.get(id), is_visible, Problem::not_found).await
    }

    /// The values of the known query parameters, each given at most once.
    ///
    /// # Errors
    /// 400 that names every unknown or repeated parameter.
    pub fn query_params<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&str>; N], Problem> {
        let mut errors = Vec::new();
        let mut found = [None; N];
        for (name, value) in &self.query {
            let Some((_, slot)) = names.iter().zip(&mut found).find(|(known, _)| *known == name) else {
                let known =
                    if N == 0 { "this call takes none".to_owned() } else { format!("use one of {}", names.join(", ")) };
                errors.push(FieldError::new(name, format!("is an unknown parameter; {known}")));
                continue;
            };
            if slot.replace(value.as_str()).is_some() {
                errors.push(FieldError::new(name, "must be given once"));
            }
        }
        if errors.is_empty() { Ok(found) } else { Err(Problem::invalid(errors)) }
    }
}

/// A 404 for an item is sent after a whole number of these.
const STEP: Duration = Duration::from_millis(20);

/// Reads an item that the caller may see.
///
/// # Errors
/// `not_found` for an item that is missing, and for one that the caller may not see. It is returned 20, 40, 60 … ms after
/// the read began, so that its time does not show which of the two it is (ADR 0039). 503 if the store fails.
pub async fn visible<T>(
    read: impl Future<Output = Result<Option<T>, Error>>,
    is_visible: impl FnOnce(&T) -> bool,
    not_found: fn() -> Problem,
) -> Result<T, Problem> {
    let stopwatch = Stopwatch::start();
    if let Some(item) = read.await?.filter(is_visible) {
        return Ok(item);
    }
    let passed = stopwatch.elapsed().as_millis() / STEP.as_millis();
    let end = STEP * u32::try_from(passed).unwrap_or_default().saturating_add(1);
    // Tokio's timers wait for whole milliseconds after the read, whose time would show again.
    let waited = spawn_blocking(move || thread::sleep(end.saturating_sub(stopwatch.elapsed()))).await;
    // Only a runtime that ends does not wait.
    Err(waited.map_or_else(|_| Problem::internal(), |()| not_found()))
}

/// Whether an event comes from this deployment's API: it has the stage variable that only this stage sets, and
/// a request ID in the gateway's format, a UUID.
///
/// The API's ID cannot be compared: the API refers to the functions, so CloudFormation cannot pass its ID to
/// them. A principal that may invoke a function directly can imitate all of this, and is trusted
/// (`docs/security.md`).
fn is_from_management_api(request: &Request, context: &ApiGatewayProxyRequestContext) -> bool {
    let (name, value) = Api::MANAGEMENT_STAGE_VARIABLE;
    let own = request.stage_variables_ref().and_then(|variables| variables.first(name)) == Some(value);
    let request_id = context.request_id.as_deref().unwrap_or_default();
    let is_uuid = request_id.len() == 36
        && request_id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    own && is_uuid
}

/// Authorizes the request again with the caller's current permissions. The authorizer may have used a catalog
/// up to 60 seconds old, with a role that the user has lost since.
fn ensure_still_allowed(
    app: &App,
    caller: &Principal,
    request: &Request,
    route: &str,
    origin: &ClientInfo,
) -> Result<(), Problem> {
    let parameters = request.path_parameters_ref();
    let parameter = |name: &'static str| parameters.and_then(|path| path.first(name)).unwrap_or_default();
    let path = ["id", "owner", "version"]
        .into_iter()
        .fold(route.to_owned(), |path, name| path.replace(&format!("{{{name}}}"), parameter(name)));
    let target = Target::Http { method: request.method().as_str(), path: path.trim_start_matches('/') };
    // The management API's requirements do not depend on the catalog.
    let no_catalog = Catalog::default();
    let rules = AuthzContext::new(&no_catalog, &app.settings.authz);
    let asked = AccessRequest { api: Api::Management, target, from: origin.source_ip };
    match authorize(Some(caller), &rules, &asked, app.clock.now()) {
        Decision::Allow => Ok(()),
        Decision::Unauthorized(_) => Err(Problem::forbidden("Your token is no longer active.")),
        Decision::Forbidden(DenyReason::MalformedPath, _) => Err(Problem::not_found()),
        Decision::Forbidden(_, MissingAccess { permission: Some(permission), .. }) => {
            Err(Problem::forbidden(format!("You no longer have {permission} for this.")))
        }
        Decision::Forbidden(..) => Err(Problem::forbidden("You are no longer allowed to do this.")),
    }
}

/// The principal named in the authorizer's context with its current permissions; for a session also the catalog
/// that they come from.
async fn caller(
    app: &App,
    authorized: &HashMap<String, Value>,
) -> Result<(Principal, Option<Arc<StoredCatalog>>), Problem> {
    let of = |key: &str| authorized.get(key).and_then(Value::as_str);
    match of("principal_type") {
        Some("token") => {
            let id: TokenId = of("token_id").and_then(|id| id.parse().ok()).ok_or_else(missing_authorizer_context)?;
            let record =
                app.tokens.get(&id).await?.ok_or_else(|| Problem::forbidden("Your token is no longer active."))?;
            Ok((Principal::Token(Box::new(record)), None))
        }
        Some("session") => {
            let owner: OwnerId =
                of("owner").and_then(|owner| owner.parse().ok()).ok_or_else(missing_authorizer_context)?;
            let expires_at = of("expires_at").and_then(Timestamp::parse).ok_or_else(missing_authorizer_context)?;
            // A gateway may drop empty values.
            let groups: Vec<String> =
                serde_json::from_str(of("groups").unwrap_or("[]")).map_err(|_| missing_authorizer_context())?;
            let catalog = app.tokens.catalog().await?;
            let session =
                Session::new(&catalog.catalog, owner, &groups, expires_at, app.settings.authz.token_management);
            Ok((Principal::Session(session), Some(catalog)))
        }
        _ => Err(missing_authorizer_context()),
    }
}

fn missing_authorizer_context() -> Problem {
    tracing::error!("the event has no authorizer context: does the route have the authorizer?");
    Problem::internal()
}
