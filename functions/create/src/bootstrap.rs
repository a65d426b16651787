//! Creates the first admin token of a deployment.
//!
//! An AWS principal with `lambda:InvokeFunction` invokes this function directly with
//! `{"bootstrap": {"owner": "admin", "name": "first admin"}}`. A request through API Gateway cannot
//! do this: its event has `requestContext` and other top-level fields, and only `bootstrap` is
//! allowed here.

use portcullis::App;
use portcullis::api_types::TokenWithSecret;
use portcullis::grants::{Grants, Resource};
use portcullis::http::Problem;
use portcullis::token::{Actor, EventOrigin, TokenRecord};
use portcullis::validation::ValidationError;
use serde::Deserialize;
use serde_json::Value;

use crate::issue;

/// The payload of a direct invocation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    bootstrap: Admin,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Admin {
    owner: String,
    name: String,
}

impl Bootstrap {
    /// Payload that creates an admin token.
    pub fn new(owner: impl Into<String>, name: impl Into<String>) -> Self {
        Self { bootstrap: Admin { owner: owner.into(), name: name.into() } }
    }

    /// Reads an event. `None` if it has no `bootstrap`, and so comes from API Gateway.
    ///
    /// # Errors
    /// The event has `bootstrap`, but is not valid.
    pub fn from_payload(payload: &Value) -> Option<Result<Self, serde_json::Error>> {
        payload.get("bootstrap")?;
        Some(Self::deserialize(payload))
    }
}

/// Creates a token with all permissions and without expiry, because no token outlives the one that created it.
/// The limit of live tokens does not apply.
///
/// # Errors
/// A problem document: the owner or the name is invalid, or the store failed.
pub async fn bootstrap(app: &App, payload: Bootstrap) -> Result<Value, Problem> {
    let Admin { owner, name } = payload.bootstrap;
    let invalid_field = |field: &str, invalid: ValidationError| Problem::invalid_body(format!("{field} {invalid}"));
    let now = app.clock.now();
    let name = name.parse().map_err(|invalid| invalid_field("name", invalid))?;
    let owner = owner.parse().map_err(|invalid| invalid_field("owner", invalid))?;
    let everything = "*".parse().map_err(|invalid| invalid_field("permissions", invalid))?;
    let grants = Grants::single(vec![everything], vec![Resource::All]);
    let record = |id| TokenRecord::new(id, name, owner, grants, Actor::Bootstrap, now);
    let by = EventOrigin { actor: Some(Actor::Bootstrap), source_ip: None, agent: None };
    let issued = issue(app, None, record, &by).await?;
    // Logged here, because no access log has it.
    tracing::info!(token_id = %issued.record.id, owner = %issued.record.owner, "bootstrap created an admin token");
    serde_json::to_value(TokenWithSecret::from_issued(&issued, &app.settings, now)).map_err(|_| Problem::internal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_payload_of_bootstrap_alone_is_a_bootstrap() {
        let good = json!({"bootstrap": {"owner": "admin", "name": "first admin"}});
        assert!(Bootstrap::from_payload(&good).unwrap().is_ok());
        // API Gateway adds one of these at the top.
        for key in ["requestContext", "httpMethod", "version", "routeKey", "body", "headers"] {
            let mut event = good.clone();
            event[key] = json!({});
            assert!(Bootstrap::from_payload(&event).unwrap().is_err(), "{key}");
        }
        for bad in [
            json!({"bootstrap": null}),
            json!({"bootstrap": {"owner": "a"}}),
            json!({"bootstrap": {"owner": "a", "name": "b", "permissions": []}}),
        ] {
            assert!(Bootstrap::from_payload(&bad).unwrap().is_err(), "{bad}");
        }
        assert!(Bootstrap::from_payload(&json!({"httpMethod": "POST", "body": good.to_string()})).is_none());
        assert!(Bootstrap::from_payload(&json!("bootstrap")).is_none());
    }
}
