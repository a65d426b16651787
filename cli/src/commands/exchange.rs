//! `portcullis exchange`: exchanges a CI job's OIDC token for a short-lived API token. It needs and sends no other
//! credential.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use portcullis::api_types::TokenExchangeResponse;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::api::{Api, Credential, segment};
use crate::config::base_url;
use crate::private_file::private;
use crate::{CliError, Context, Outcome, config, credentials, io_error};

const VARIABLE: &str = "PORTCULLIS_ID_TOKEN";
/// Variables that GitHub Actions sets for a job with `permissions: id-token: write`.
const GITHUB_VARIABLES: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with the job's OIDC token, or - for standard input [env for the token itself: PORTCULLIS_ID_TOKEN]
    #[arg(long, value_name = "PATH|-")]
    id_token_file: Option<PathBuf>,
    /// Audience to request, on GitHub Actions [default: the service's URL]
    #[arg(long, conflicts_with = "id_token_file")]
    audience: Option<String>,
    /// Restrict the token to this permission of the matching rule; repeatable
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// Mask the token, and set PORTCULLIS_API_TOKEN for the following steps, on GitHub Actions
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    github_env: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    let env_file = if args.github_env { Some(github_env_file()?) } else { None };
    let api = context.api_without_credential()?;
    let identity = identity(args, context)?;
    let scope = args.permissions.join(" ");
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("subject_token", identity.as_str()),
    ];
    if !scope.is_empty() {
        form.push(("scope", &scope));
    }
    let response = api.post("/exchange").form(&form).send()?;
    let issued: TokenExchangeResponse<'_> = response.read()?;
    // The token goes into a header, and into a file of lines.
    if !issued.access_token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(CliError::Unreachable("the response contains no token; check the service URL".to_owned()));
    }
    let lost = format!(
        "token {} was created, but its secret is lost, and the OIDC token cannot be exchanged again; request another \
         OIDC token, and revoke the token with portcullis token revoke {0}",
        issued.token_id
    );
    if out.json {
        out.secret(&response.body, &lost)?;
        return Ok(Outcome::Success);
    }
    match env_file {
        Some(path) => pass_to_github(&path, &issued.access_token, &lost, context)?,
        None => {
            if config::is_set("GITHUB_ACTIONS") && !out.quiet {
                out.warn(
                    "this prints the token to the job log; --github-env masks it and passes it to the following steps",
                );
            }
            out.secret(&issued.access_token, &lost)?;
        }
    }
    out.note_key_values(&[
        ("id", issued.token_id.clone()),
        ("rule", issued.rule.clone()),
        ("via", issued.via.clone().unwrap_or_default()),
        ("grants", issued.scope.clone()),
        ("expires", out.format_time(out.now().plus_seconds(issued.expires_in))),
    ]);
    Ok(Outcome::Success)
}

fn github_env_file() -> Result<PathBuf, CliError> {
    let file = config::variable("GITHUB_ENV")?.map(PathBuf::from);
    file.ok_or_else(|| CliError::usage("--github-env works only on GitHub Actions: GITHUB_ENV is not set"))
}

/// Masks the token in the job log, then adds it to the environment of the following steps.
fn pass_to_github(path: &Path, token: &str, lost: &str, context: &Context) -> Result<(), CliError> {
    context.out.secret(&format!("::add-mask::{token}"), lost)?;
    let opened = private(OpenOptions::new().append(true).create(true)).open(path);
    // Another step may have left the last line without a newline.
    let written = opened.and_then(|mut file| writeln!(file, "\nPORTCULLIS_API_TOKEN={token}"));
    written.map_err(|error| CliError::Unfinished(format!("{}: {}: {lost}", path.display(), io_error::explain(&error))))
}

fn identity(args: &Args, context: &Context) -> Result<Zeroizing<String>, CliError> {
    if let Some(path) = &args.id_token_file {
        return credentials::read(path, "--id-token-file", &context.out);
    }
    if let Some(text) = config::variable(VARIABLE)? {
        return Ok(Zeroizing::new(text));
    }
    let [url, token] = GITHUB_VARIABLES.map(config::variable);
    match (url?, token?) {
        (Some(url), Some(token)) => request_from_github(&url, token, args, context),
        _ if config::is_set("GITHUB_ACTIONS") => Err(CliError::usage("this job cannot request an ID token")
            .with_hint("add permissions: id-token: write to the job")),
        _ => Err(CliError::usage("no ID token provided")
            .with_hint(format!("use --id-token-file with a path, or - for standard input, or set {VARIABLE}"))),
    }
}

/// Requests the job's ID token from GitHub
/// ([reference](https://docs.github.com/en/actions/reference/security/oidc)).
fn request_from_github(
    url: &str,
    token: String,
    args: &Args,
    context: &Context,
) -> Result<Zeroizing<String>, CliError> {
    #[derive(Deserialize)]
    struct IdTokenResponse {
        value: Zeroizing<String>,
    }
    let [variable, _] = GITHUB_VARIABLES;
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let base = base_url(base, variable)?;
    let audience = match &args.audience {
        Some(audience) => audience.clone(),
        None => context.config.url()?.as_str().to_owned(),
    };
    let credential = Credential::new(Zeroizing::new(token), GITHUB_VARIABLES[1]);
    let api = Api::new(base, Some(credential))?;
    let response = api.get(format!("?{query}&audience={}", segment(&audience))).send()?;
    Ok(response.read::<IdTokenResponse>()?.value)
}
