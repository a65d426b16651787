//! `GET /tokens/{id}/usage`: the permissions that a token has used.

use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::api_types::{DailyCounts, Denial, Grant, PermissionUse, Usage};
use portcullis::clock::Day;
use portcullis::http::{ApiRequest, ApiResult, FieldError, Problem, json, set_etag, whole_number};
use portcullis::secret::TokenId;
use portcullis::store::TokenUsage;
use portcullis::text::counted;

/// Default period, in days.
const DEFAULT_DAYS: u32 = 90;
const MAX_DAYS: u32 = 365;

pub(crate) async fn usage(app: &App, call: &ApiRequest) -> ApiResult {
    let [days] = call.query_params(["days"])?;
    let days = days.map(|text| whole_number(text, MAX_DAYS)).transpose();
    let days =
        days.map_err(|invalid| Problem::invalid(vec![FieldError::new("days", invalid)]))?.unwrap_or(DEFAULT_DAYS);
    let target: TokenId = call.target_token(app).await?.id;
    let today = Day::from_timestamp(app.clock.now());
    let (usage, counts) = tokio::join!(app.tokens.usage(&target), app.tokens.daily_counts(&target, today));
    let TokenUsage { record, uses, denials } = usage?.ok_or_else(Problem::not_found)?;
    let since = today.minus(days);
    let permissions = uses.last_use_by_permission(&record.grants);
    let used = permissions.iter().filter(|(_, day)| day.is_some_and(|day| day >= since)).count();
    let usage = Usage {
        days,
        granted: permissions.len(),
        used,
        summary: format!("{used} of {} used in {}", counted(permissions.len(), "permission"), counted(days, "day")),
        // A gateway that caches responses does not call the authorizer for each request.
        complete: app.settings.authz.cache_seconds == 0 && uses.is_complete(since),
        permissions: permissions
            .into_iter()
            .map(|(permission, day)| PermissionUse {
                permission: permission.to_string(),
                last_used_on: day.map(|day| day.to_string()),
            })
            .collect(),
        suggested_grants: Grant::all(&uses.minimal_grants(&record.grants, since)),
        recent_denials: denials
            .into_iter()
            .map(|denial| Denial {
                permission: denial.permission.to_string(),
                resource: denial.resource.to_string(),
                reason: denial.reason.as_str().to_owned(),
                denied_at: denial.at,
            })
            .collect(),
        daily_counts: counts?
            .into_iter()
            .map(|counted| DailyCounts {
                day: counted.day.to_string(),
                counts: counted.counts.into_iter().map(|(permission, count)| (permission.to_string(), count)).collect(),
            })
            .collect(),
    };
    let mut response = json(StatusCode::OK, &usage);
    set_etag(&mut response, record.version);
    Ok(response)
}
