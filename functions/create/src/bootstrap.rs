//! The first admin token of a deployment.
//!
//! Whoever may invoke this function directly (`lambda:InvokeFunction`, an AWS credential)
//! may make one: `{"bootstrap": {"owner": "admin", "name": "first admin"}}`. A gateway
//! cannot: the events that it makes have `requestContext` and other fields at the top,
//! and the caller's body only as a string inside, while nothing but `bootstrap` may stand
//! there here.

use portcullis::App;
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
    /// The payload for an admin token.
    pub fn new(owner: impl Into<String>, name: impl Into<String>) -> Self {
        Self { bootstrap: Admin { owner: owner.into(), name: name.into() } }
    }

    /// Reads a payload, if it is one of ours: an object with `bootstrap` in it. Anything
    /// else is for the gateway's handler.
    ///
    /// # Errors
    /// When it has `bootstrap` and is not in the form.
    pub fn from_payload(payload: &Value) -> Option<Result<Self, serde_json::Error>> {
        payload.get("bootstrap")?;
        Some(Self::deserialize(payload))
    }
}

/// Makes a token that may do everything and never expires.
///
/// # Errors
/// A problem document: the owner or the name is not good, or the store failed. The limit
/// of live tokens does not count here.
pub async fn bootstrap(app: &App, payload: Bootstrap) -> Result<Value, Problem> {
    let Admin { owner, name } = payload.bootstrap;
    let bad = |field: &str, invalid: ValidationError| Problem::invalid_body(format!("{field} {invalid}"));
    let now = app.clock.now();
    let name = name.parse().map_err(|invalid| bad("name", invalid))?;
    let owner = owner.parse().map_err(|invalid| bad("owner", invalid))?;
    let everything = "*".parse().map_err(|invalid| bad("permissions", invalid))?;
    let grants = Grants::single(vec![everything], vec![Resource::All]);
    let record = |id| TokenRecord::new(id, name, owner, grants, Actor::Bootstrap, now);
    let by = EventOrigin { actor: Some(Actor::Bootstrap), source_ip: None, agent: None };
    let issued = issue(app, record, &by).await?;
    // No gateway stands before this, so no access log has it.
    tracing::info!(token_id = %issued.record.id, owner = %issued.record.owner, "an admin token was made by bootstrap");
    serde_json::to_value(issued.shown(&app.settings, now)).map_err(|_| Problem::internal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_payload_of_bootstrap_alone_is_a_bootstrap() {
        let good = json!({"bootstrap": {"owner": "admin", "name": "first admin"}});
        assert!(Bootstrap::from_payload(&good).unwrap().is_ok());
        // Whatever a gateway adds at the top makes it something else.
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
