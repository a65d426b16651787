//! `portcullis login`: signs the user in with the OpenID Connect provider of a service, and stores the session. The
//! browser runs on this machine or on another device, so the command never sees a password.

mod browser;
mod callback_server;
mod device;
mod provider_settings;
mod wait;

use std::time::{Duration, Instant};

use portcullis::api_types::Me;
use portcullis::clock::Timestamp;
use portcullis::https_url::Url;
use serde_json::json;

use crate::config::{Config, LoginProfile, base_url};
use crate::credentials::oidc_client::Provider;
use crate::credentials::session::Session;
use crate::credentials::store::{StorageChoice, Store};
use crate::flag_value::whole_number;
use crate::{CliError, Context, Outcome, credentials, web_browser};
use provider_settings::SignInTarget;
use wait::SignInEvents;

/// Arguments of `login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// URL of the service [default: as for all commands]
    #[arg(value_name = "URL", conflicts_with_all = ["url", "profile"])]
    service: Option<String>,
    /// Show a code to enter in a browser on another device
    #[arg(long, conflicts_with = "browser")]
    device: bool,
    /// Open a browser on this machine, even if none is detected
    #[arg(long)]
    browser: bool,
    #[command(flatten)]
    settings: provider_settings::Flags,
    /// Where to store the sign-in [default: keyring, or file if there is none] [env: PORTCULLIS_CREDENTIALS]
    #[arg(long, value_name = "WHERE")]
    store: Option<StorageChoice>,
    /// Seconds to wait for you to sign in
    #[arg(long, value_name = "SECONDS", default_value_t = 300, allow_negative_numbers = true, value_parser = |text: &str| whole_number(text, 1, Some(3600)))]
    timeout: u32,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    sign_in(args, context).map_err(|error| match error {
        // Until the first sign-in at a service, its URL may be stored nowhere.
        CliError::SignIn { message, .. } => CliError::SignIn { message, url: args.service.clone() },
        error => error,
    })
}

fn sign_in(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    if context.config.token_file_flag().is_some() {
        return Err(CliError::usage("login signs in a user and takes no API token")
            .with_hint("leave out --api-token-file; commands with it need no login"));
    }
    let storage = credentials::storage_choice(args.store)?;
    let url = match &args.service {
        Some(text) => base_url(text, "URL")?,
        None => context.config.url()?,
    };
    let SignInTarget { issuer, client_id, scope } = SignInTarget::find(&args.settings, &url, &context.config)?;
    let provider = Provider::discover(&issuer, &client_id)?;
    let deadline = Instant::now() + Duration::from_secs(args.timeout.into());
    let events = SignInEvents::new()?;
    let device = args.device || (!args.browser && provider.supports_device_flow() && !web_browser::is_available());
    if device {
        let tokens = device::sign_in(&provider, &scope, &events, deadline)?;
        let session = Session::from_tokens(&provider, tokens, None, context.out.now())?;
        return finish(&session, &url, storage, context);
    }
    let (session, callback) = browser::sign_in(&provider, &scope, &events, deadline, context.out.now())?;
    let finished = session.and_then(|session| finish(&session, &url, storage, context));
    callback.respond(finished.is_ok());
    finished
}

/// Checks the session with the service, stores it, and prints its user.
fn finish(
    session: &Session,
    url: &Url,
    storage: Option<StorageChoice>,
    context: &Context,
) -> Result<Outcome, CliError> {
    let api = crate::api::Api::new(url.clone(), Some(session.credential()))?;
    let me: Me = api.get("/me").send()?.read()?;
    let store = Store::open().ok_or_else(|| CliError::usage("no home directory to store the sign-in in"))?;
    let mut guard = store.lock()?;
    let stored_in = guard.add(url, session, storage)?;
    // Within the lock, so that two sign-ins do not overwrite each other's profile.
    let profile = LoginProfile::save(url);
    drop(guard);
    let out = &context.out;
    let until = Timestamp::from_seconds(session.expires_at);
    let roles = me.roles.unwrap_or_default().join(", ");
    let roles = if roles.is_empty() { "no role".to_owned() } else { roles };
    out.note(&format!("Signed in as {} ({roles}), until {until}.", me.owner));
    if session.refresh_token.is_some() {
        out.note("The session is renewed automatically.");
    }
    out.note(&format!("Stored in {stored_in}."));
    if Config::token_variable()?.is_some() {
        out.warn("PORTCULLIS_API_TOKEN is set, so commands use that token and not this sign-in; unset it");
    }
    match profile {
        Ok(LoginProfile::Default) => {}
        Ok(LoginProfile::NewDefault { name, path }) => {
            out.note(&format!("Commands use {} from now on (profile {name} in {path}).", url.as_str()));
        }
        Ok(LoginProfile::Other { name, default }) => {
            out.note(&format!("The default profile is still {default}. Use --profile {name} for {}.", url.as_str()));
        }
        // The sign-in is stored, so this is no failure.
        Err(error) => out.warn(&format!("{error}; use --url or PORTCULLIS_URL")),
    }
    if out.json {
        let (url, issuer, client_id) = (url.as_str(), &session.issuer, &session.client_id);
        let document = json!({
            "url": url, "owner": me.owner, "issuer": issuer, "client_id": client_id,
            "expires_at": until.to_string(), "renewable": session.refresh_token.is_some(), "stored_in": stored_in,
        });
        out.document(&document.to_string())?;
    }
    Ok(Outcome::Success)
}
