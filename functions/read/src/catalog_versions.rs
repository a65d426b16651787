//! `GET /catalog/versions`: who published which version of the catalog when, and `GET /catalog/versions/{version}`: the
//! document of one. Publishing it again is an ordinary `PUT /catalog`.

use lambda_http::http::StatusCode;
use lambda_http::{Request, RequestExt as _};
use portcullis::App;
use portcullis::api_types::{CatalogVersion, CatalogVersionPage};
use portcullis::http::{ApiRequest, ApiResult, Problem, json, page};
use portcullis::store::{self, CatalogVersionCursor};

pub(crate) async fn list(app: &App, call: &ApiRequest) -> ApiResult {
    let page = page(call.query_params(["limit", "cursor"])?, CatalogVersionCursor::decode);
    let (limit, after) = page.map_err(Problem::invalid)?;
    let page = app.tokens.catalog_versions(after.as_ref(), limit).await?;
    let version = |version: store::CatalogVersion| CatalogVersion {
        version: version.version,
        created_at: version.created_at,
        created_by: version.created_by.to_string(),
    };
    let versions = page.versions.into_iter().map(version).collect();
    Ok(json(StatusCode::OK, &CatalogVersionPage { versions, next_cursor: page.next.map(|cursor| cursor.encode()) }))
}

/// Has no `ETag`: `PUT /catalog` takes that of the current version.
pub(crate) async fn show(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    call.query_params([])?;
    let version = request.path_parameters_ref().and_then(|path| number(path.first("version")?));
    let version = version.ok_or_else(Problem::catalog_version_not_found)?;
    let catalog = app.tokens.catalog_version(version).await?.ok_or_else(Problem::catalog_version_not_found)?;
    Ok(json(StatusCode::OK, &catalog.to_document()))
}

/// A version as it is shown: without a sign and leading zeros.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}
