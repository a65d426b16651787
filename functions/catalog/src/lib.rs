//! Catalog endpoints: `GET /catalog` shows the catalog, `PUT /catalog` replaces it.

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::PutCatalogResponse;
use portcullis::catalog::{Catalog, MAX_CATALOG_BYTES, TrustGain};
use portcullis::grants::Resource;
use portcullis::http::{
    ApiRequest, ApiResult, FieldError, GrantSpec, IfMatch, Problem, json, read_json, respond, set_etag,
};
use portcullis::store::{CATALOG_TTL_SECONDS, CatalogWrite, MAX_STORED_CATALOG_BYTES};

/// Handles a request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, route(app, &request).await)
}

async fn route(app: &App, request: &Request) -> ApiResult {
    let call = ApiRequest::read(app, request).await?;
    call.query_params([])?;
    match (&call.method, call.route.as_str()) {
        (&Method::GET, "/catalog") => show(app, &call).await,
        (&Method::PUT, "/catalog") => put(app, &call, request).await,
        _ => Err(Problem::not_found()),
    }
}

async fn show(app: &App, call: &ApiRequest) -> ApiResult {
    let found = call.catalog(app).await?;
    let mut response = json(StatusCode::OK, &found.catalog.to_document());
    set_etag(&mut response, found.version);
    Ok(response)
}

async fn put(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let condition = IfMatch::required(request)?;
    let document = read_json(request.body(), MAX_CATALOG_BYTES)?;
    let catalog = Catalog::read(&document)
        .map_err(|issues| Problem::invalid(issues.into_iter().map(FieldError::from).collect()))?;
    let cached = catalog.approval_issues_with_cache(app.settings.authz.cache_seconds);
    if !cached.is_empty() {
        return Err(Problem::invalid(cached.into_iter().map(FieldError::from).collect()));
    }
    let current = call.catalog(app).await?;
    condition.check(current.version)?;
    ensure_covered_by_caller(call, &catalog, &current.catalog)?;
    let now = app.clock.now();
    let version = match app.tokens.put_catalog(&catalog, current.version, &call.actor(), now).await? {
        CatalogWrite::Done(version) => version,
        CatalogWrite::Stale => return Err(Problem::precondition_failed(app.tokens.catalog().await?.version)),
        CatalogWrite::TooLarge(bytes) => {
            let message = format!(
                "must take at most {MAX_STORED_CATALOG_BYTES} bytes compressed (zlib); it takes {bytes}: shorten descriptions, or write routes that differ in a name with a parameter"
            );
            return Err(Problem::invalid(vec![FieldError::new("*", message)]));
        }
    };
    // By then, no authorizer's cache holds the previous catalog.
    let effective_by = app.clock.now().plus_seconds(CATALOG_TTL_SECONDS);
    let mut response = json(StatusCode::OK, &PutCatalogResponse { version, effective_by });
    set_etag(&mut response, version);
    Ok(response)
}

/// Refuses a catalog that grants more than the caller holds. What groups gain applies to every
/// resource, so the caller must hold it on `*`. A trust rule must grant no more than the caller
/// could give a token.
fn ensure_covered_by_caller(call: &ApiRequest, catalog: &Catalog, before: &Catalog) -> Result<(), Problem> {
    let uncovered = catalog
        .new_group_permissions(before)
        .filter(|(_, gained)| !call.caller.grants().covers(gained, &Resource::All));
    let groups = uncovered.map(|(group, gained)| {
        FieldError::new(&format!("sessions.groups.{group}"), format!("you do not have {gained} on *"))
    });
    let trust = catalog.new_trust_rules(before).flat_map(|TrustGain { at, rule, from }| {
        let mut uncovered = GrantSpec::uncovered(call.caller.grants(), &rule.grants, &format!("trust[{at}]."));
        if let Some(from) = from.filter(|_| !uncovered.is_empty()) {
            let message = format!(
                "could match identities that the rule {from} matched: to change, move or remove that rule, you must hold what this one grants"
            );
            uncovered.insert(0, FieldError::new(&format!("trust[{at}]"), message));
        }
        uncovered
    });
    let errors: Vec<_> = groups.chain(trust).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::exceeds_grants(errors)) }
}
