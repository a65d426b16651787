//! `POST /catalog/impact`: the routes that active tokens would lose or gain with another catalog. Each response covers a
//! page of tokens, so that the work is bounded. It stores nothing.

use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::api_types::{CatalogImpactPage, RouteImpact};
use portcullis::authz::{AuthzContext, CatalogImpact};
use portcullis::catalog::{Catalog, MAX_CATALOG_BYTES};
use portcullis::http::{ApiRequest, ApiResult, DEFAULT_PER_PAGE, FieldError, Problem, json, read_json};
use portcullis::store::{Filter, ListCursor, Scope};
use portcullis::token::Status;

pub(crate) async fn show(app: &App, call: &ApiRequest, body: &Body) -> ApiResult {
    let [cursor] = call.query_params(["cursor"])?;
    if !call.caller.is_admin_of("tokens") {
        return Err(Problem::forbidden(
            "You need the permission tokens:admin to see the impact on all tokens. Ask an administrator.",
        ));
    }
    let after = cursor.map(|text| ListCursor::decode(text, &Scope::Everyone)).transpose();
    let after = after.map_err(|invalid| Problem::invalid(vec![FieldError::new("cursor", invalid)]))?;
    let document = read_json(body, MAX_CATALOG_BYTES)?;
    let proposed = Catalog::read(&document)
        .map_err(|issues| Problem::invalid(issues.into_iter().map(FieldError::from).collect()))?;
    let cached = proposed.approval_issues_with_cache(app.settings.authz.cache_seconds);
    if !cached.is_empty() {
        return Err(Problem::invalid(cached.into_iter().map(FieldError::from).collect()));
    }
    let current = call.catalog(app).await?;
    let page = app.tokens.list(&active_tokens(app, after)).await?;
    let context = |catalog| AuthzContext::new(catalog, &app.settings.authz);
    let impact = CatalogImpact::new(context(&current.catalog), context(&proposed));
    let mut routes = BTreeMap::new();
    for record in &page.tokens {
        let found = impact.on(&record.grants);
        let entry = |route: Option<&str>| RouteImpact { route: route.map(str::to_owned), ..RouteImpact::default() };
        for route in found.loses {
            routes.entry(route).or_insert_with(|| entry(route)).loses.push(record.id.to_string());
        }
        for route in found.gains {
            routes.entry(route).or_insert_with(|| entry(route)).gains.push(record.id.to_string());
        }
    }
    let response = CatalogImpactPage {
        tokens: page.tokens.len(),
        routes: routes.into_values().collect(),
        skipped_routes: impact.skipped(),
        next_cursor: page.next.map(|cursor| cursor.encode(&Scope::Everyone)),
    };
    Ok(json(StatusCode::OK, &response))
}

fn active_tokens(app: &App, after: Option<ListCursor>) -> Filter {
    Filter {
        scope: Scope::Everyone,
        status: Some(Status::Active),
        after,
        idle_since: None,
        max_idle_days: app.settings.authz.max_idle_days,
        limit: DEFAULT_PER_PAGE,
        now: app.clock.now(),
    }
}
