//! `GET /me`: the caller, and the limits of the deployment.

use lambda_http::http::StatusCode;
use portcullis::api_types::{Deployment, Grant, Me, MeToken};
use portcullis::authz::Principal;
use portcullis::http::{ApiRequest, ApiResult, json};
use portcullis::token::TokenRecord;
use portcullis::{App, Settings};

pub(crate) fn show(app: &App, call: &ApiRequest) -> ApiResult {
    call.query_params([])?;
    Ok(json(StatusCode::OK, &whoami(&call.caller, &app.settings)))
}

/// The caller, its grants and its expiry, and the deployment's limits.
fn whoami(caller: &Principal, settings: &Settings) -> Me {
    let (principal_type, token, roles, expires_at) = match caller {
        Principal::Token(record) => ("token", Some(whoami_token(record)), None, record.expires_at),
        Principal::Session(session) => {
            let roles = session.roles.iter().map(ToString::to_string).collect();
            ("session", None, Some(roles), Some(session.expires_at))
        }
    };
    let (owner, grants) = (caller.owner().to_string(), Grant::all(caller.grants()));
    let deployment = deployment(settings);
    Me { principal_type: principal_type.to_owned(), token, roles, owner, grants, expires_at, deployment }
}

fn deployment(settings: &Settings) -> Deployment {
    let unless_zero = |number: u32| (number > 0).then_some(number);
    Deployment {
        token_management: settings.authz.token_management.as_str().to_owned(),
        default_token_lifetime_days: settings.token.effective_default_days(),
        max_token_lifetime_days: unless_zero(settings.token.max_lifetime_days),
        max_tokens_per_owner: unless_zero(settings.limits.live_tokens),
        max_idle_days: unless_zero(settings.authz.max_idle_days),
        retention_days: settings.limits.retention_days,
    }
}

fn whoami_token(record: &TokenRecord) -> MeToken {
    MeToken {
        token_id: record.id.to_string(),
        token_name: record.name.to_string(),
        role: record.role.as_ref().map(ToString::to_string),
        created_at: record.created_at.truncated_to_seconds(),
    }
}
