//! The first admin token: made once, kept in a file, and made again when the file is gone
//! or what is in it is no longer accepted.

use crate::data_dir::DataDir;
use crate::gateway::method_arn;
use crate::template::Api;
use crate::{StartError, lambdas};
use authorizer::Authorizer;
use create::Bootstrap;
use portcullis::App;
use serde_json::{Value, json};

/// Whom the admin token belongs to, and what it is called; the same as deployed.
const OWNER: &str = "admin";
const NAME: &str = "first admin";

/// The admin token and how it came to be there.
pub(crate) struct Admin {
    pub(crate) token: String,
    pub(crate) origin: AdminTokenOrigin,
}

/// How the admin token came to be in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminTokenOrigin {
    /// It was there, and is accepted.
    Kept,
    /// The table was new, and so is the token.
    First,
    /// The table was there but the file was not.
    FileMissing,
    /// What the file held was refused, for this reason.
    Refused(String),
}

/// Makes sure that the directory has an admin token that works.
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
    let made = create::bootstrap(app, Bootstrap::new(OWNER, NAME)).await;
    let made = made.map_err(|problem| StartError::Admin(sentence(&json!(problem))))?;
    let token = made.get("token").and_then(Value::as_str);
    let token = token.ok_or_else(|| StartError::Admin("the answer has no token".to_owned()))?;
    dir.write_admin_token(token)?;
    Ok(Admin { token: token.to_owned(), origin })
}

/// A problem document in one line.
fn sentence(problem: &Value) -> String {
    let parts = ["title", "detail"].into_iter().filter_map(|key| problem.get(key)?.as_str());
    parts.collect::<Vec<_>>().join(": ")
}

/// With another prefix no token of this directory would be recognised, and each would be
/// refused as malformed without a word about why.
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

/// Asks the authorizer itself whether the token is good, and if not, why.
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
    let verdict = lambdas::ask(authorizer, event).await.map_err(|error| failed(&error))?;
    match verdict.audit.rbac_decision {
        "allow" => Ok(None),
        "deny" => Ok(Some(verdict.audit.reason.unwrap_or("denied").to_owned())),
        _ => Err(StartError::Admin("the table cannot be read".to_owned())),
    }
}
