//! Admin token of the local stack: created at the first start and stored in a file; replaced when the
//! file is missing or its token is refused.

use crate::data_dir::DataDir;
use crate::gateway::method_arn;
use crate::template::Api;
use crate::{StartError, lambdas};
use authorizer::Authorizer;
use create::Bootstrap;
use portcullis::App;
use serde_json::{Value, json};

/// Owner and name of the admin token; the same as in a deployment.
const OWNER: &str = "admin";
const NAME: &str = "first admin";

/// The admin token and its origin.
pub(crate) struct Admin {
    pub(crate) token: String,
    pub(crate) origin: AdminTokenOrigin,
}

/// Origin of the admin token in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminTokenOrigin {
    /// The file existed, and its token is valid.
    Kept,
    /// The table is new, and so is the token.
    First,
    /// The table existed, but the file did not.
    FileMissing,
    /// The token in the file was refused, for this reason.
    Refused(String),
}

/// Ensures that the directory has a valid admin token.
pub(crate) async fn ensure(
    app: &App,
    authorizer: &Authorizer,
    api: &Api,
    dir: &DataDir,
    table_is_new: bool,
) -> Result<Admin, StartError> {
    let origin = match dir.read_admin_token()? {
        None if table_is_new => AdminTokenOrigin::First,
        None => AdminTokenOrigin::FileMissing,
        Some(token) => {
            check_prefix(app, dir, &token)?;
            match refusal(authorizer, api, &token).await? {
                None => {
                    return Ok(Admin { token, origin: AdminTokenOrigin::Kept });
                }
                Some(reason) => AdminTokenOrigin::Refused(reason),
            }
        }
    };
    let created = create::bootstrap(app, Bootstrap::new(OWNER, NAME)).await;
    let created = created.map_err(|problem| StartError::Admin(one_line(&json!(problem))))?;
    let token = created.get("token").and_then(Value::as_str);
    let token = token.ok_or_else(|| StartError::Admin("the response has no token".to_owned()))?;
    dir.write_admin_token(token)?;
    Ok(Admin { token: token.to_owned(), origin })
}

/// A problem document on one line.
fn one_line(problem: &Value) -> String {
    let parts = ["title", "detail"].into_iter().filter_map(|key| problem.get(key)?.as_str());
    parts.collect::<Vec<_>>().join(": ")
}

/// Refuses to start with another prefix: every token of this directory would be refused as malformed,
/// without an explanation.
fn check_prefix(app: &App, dir: &DataDir, token: &str) -> Result<(), StartError> {
    let wanted = app.settings.prefix.as_str();
    match token.split_once('_') {
        Some((found, _)) if found != wanted => Err(StartError::OtherPrefix {
            path: dir.path().to_owned(),
            found: found.chars().take(16).collect(),
            wanted: wanted.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Asks the authorizer whether the token is valid. Returns the reason if it is not.
async fn refusal(authorizer: &Authorizer, api: &Api, token: &str) -> Result<Option<String>, StartError> {
    let event = json!({
        "type": "REQUEST",
        "methodArn": method_arn("portcullis", &api.stage, "GET", "/me"),
        "resource": "/me",
        "path": "/me",
        "httpMethod": "GET",
        "headers": {"x-api-token": token},
        "multiValueHeaders": {"x-api-token": [token]},
        "stageVariables": api.stage_variables,
        "requestContext": {"requestId": "start", "httpMethod": "GET", "path": "/me"},
    });
    let failed = |error: &dyn std::fmt::Display| StartError::Admin(error.to_string());
    let outcome = lambdas::ask(authorizer, event).await.map_err(|error| failed(&error))?;
    match outcome.audit.rbac_decision {
        "allow" => Ok(None),
        "deny" => Ok(Some(outcome.audit.reason.unwrap_or("denied").to_owned())),
        _ => Err(StartError::Admin("cannot read the table".to_owned())),
    }
}
