//! `portcullis exchange`: a CI job's identity for a token of a few minutes. No credential is needed
//! or sent: the identity is its own proof.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use portcullis::api_types::TokenExchangeResponse;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::api::{Api, Credential, segment};
use crate::config::base_url;
use crate::credentials::store::private;
use crate::{CliError, Context, Outcome, config, credentials};

const VARIABLE: &str = "PORTCULLIS_ID_TOKEN";
/// What GitHub Actions gives a job that has `permissions: id-token: write`.
const GITHUB: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file with the job's ID token, or - for standard input [env for the token itself: PORTCULLIS_ID_TOKEN]
    #[arg(long, value_name = "PATH|-")]
    id_token_file: Option<PathBuf>,
    /// On GitHub Actions: the audience to ask for; without it, the service's URL
    #[arg(long, conflicts_with = "id_token_file")]
    audience: Option<String>,
    /// No more than this permission of what the rule grants; may be repeated
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// On GitHub Actions: mask the token, and put it into PORTCULLIS_API_TOKEN for the steps that follow
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
    let given: TokenExchangeResponse<'_> = response.read()?;
    // It goes into a header, and into a file of lines.
    if !given.access_token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(CliError::Unreachable("the answer has no token in it: is it the service's URL?".to_owned()));
    }
    let lost = format!(
        "the token {} was made for this identity and is lost, and the identity is used up; ask for another, or end \
         the token with portcullis token revoke {0}",
        given.token_id
    );
    if out.json {
        out.secret(&response.body, &lost)?;
        return Ok(Outcome::Done);
    }
    match env_file {
        Some(path) => hand_to_github(&path, &given.access_token, &lost, context)?,
        None => {
            if config::is_set("GITHUB_ACTIONS") && !out.quiet {
                out.warn("the job's log shows this token; --github-env masks it and hands it to the steps that follow");
            }
            out.secret(&given.access_token, &lost)?;
        }
    }
    out.note_key_values(&[
        ("id", given.token_id.clone()),
        ("rule", given.rule.clone()),
        ("via", given.via.clone().unwrap_or_default()),
        ("may", given.scope.clone()),
        ("expires", out.format_time(out.now().plus_seconds(given.expires_in))),
    ]);
    Ok(Outcome::Done)
}

fn github_env_file() -> Result<PathBuf, CliError> {
    let file = config::variable("GITHUB_ENV")?.map(PathBuf::from);
    file.ok_or_else(|| CliError::usage("--github-env: GITHUB_ENV is not set; this is for jobs of GitHub Actions"))
}

/// Masked first: from then on the job's log shows it nowhere.
fn hand_to_github(path: &Path, token: &str, lost: &str, context: &Context) -> Result<(), CliError> {
    context.out.secret(&format!("::add-mask::{token}"), lost)?;
    let opened = private(OpenOptions::new().append(true).create(true)).open(path);
    // Another step may have left the last line without its end.
    let written = opened.and_then(|mut file| writeln!(file, "\nPORTCULLIS_API_TOKEN={token}"));
    written.map_err(|error| CliError::Unfinished(format!("{}: {error}: {lost}", path.display())))
}

fn identity(args: &Args, context: &Context) -> Result<Zeroizing<String>, CliError> {
    if let Some(path) = &args.id_token_file {
        return credentials::read(path, "--id-token-file", &context.out);
    }
    if let Some(text) = config::variable(VARIABLE)? {
        return Ok(Zeroizing::new(text));
    }
    let [url, token] = GITHUB.map(config::variable);
    match (url?, token?) {
        (Some(url), Some(token)) => of_github(&url, token, args, context),
        _ if config::is_set("GITHUB_ACTIONS") => {
            Err(CliError::usage("this job may not have an ID token")
                .with_hint("give the job permissions: id-token: write"))
        }
        _ => Err(CliError::usage("which identity? no ID token was given")
            .with_hint(format!("give --id-token-file PATH or -, or set {VARIABLE}"))),
    }
}

/// Asks GitHub for the job's ID token
/// ([reference](https://docs.github.com/en/actions/reference/security/oidc)).
fn of_github(url: &str, token: String, args: &Args, context: &Context) -> Result<Zeroizing<String>, CliError> {
    #[derive(Deserialize)]
    struct Given {
        value: Zeroizing<String>,
    }
    let [variable, _] = GITHUB;
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let base = base_url(base, variable)?;
    let audience = match &args.audience {
        Some(audience) => audience.clone(),
        None => context.config.url()?.as_str().to_owned(),
    };
    let credential = Credential::new(Zeroizing::new(token), GITHUB[1]);
    let api = Api::new(base, Some(credential))?;
    let response = api.get(format!("?{query}&audience={}", segment(&audience))).send()?;
    Ok(response.read::<Given>()?.value)
}
