//! `portcullis logout`: removes a stored sign-in from this machine, and revokes its refresh token at the provider. The
//! session itself cannot be revoked: it is valid until it expires.

use portcullis::clock::Timestamp;

use crate::config::base_url;
use crate::credentials::oidc_client::Provider;
use crate::credentials::session::Session;
use crate::credentials::store::Store;
use crate::{CliError, Context, Outcome};

/// Arguments of `logout`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Sign out of all services
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let Some(store) = Store::open() else { return Ok(Outcome::Success) };
    let urls = store.urls()?;
    let urls = if args.all {
        urls
    } else {
        let url = context.config.url()?;
        urls.into_iter().filter(|known| known == url.as_str()).collect()
    };
    if urls.is_empty() {
        context.out.note("Not signed in.");
    }
    let mut guard = store.lock()?;
    for url in urls {
        // Remove it even if it cannot be read.
        let session = base_url(&url, "a stored URL").and_then(|url| store.get(&url));
        guard.remove(&url)?;
        context.out.note(&format!("Signed out of {url}."));
        if let Ok(Some(session)) = session {
            revoke_refresh_token(&session, context);
        }
    }
    Ok(Outcome::Success)
}

/// Revokes the refresh token, and reports what stays valid.
fn revoke_refresh_token(session: &Session, context: &Context) {
    let out = &context.out;
    if let Some(token) = &session.refresh_token {
        let provider = Provider::discover(&session.issuer, &session.client_id);
        match provider.and_then(|provider| provider.revoke(token)) {
            Ok(true) => out.note("The refresh token is revoked."),
            Ok(false) => out.warn("the provider does not support revocation, so the refresh token stays valid"),
            Err(error) => out.warn(&format!("the refresh token stays valid, because it could not be revoked: {error}")),
        }
    }
    if session.expires_at > out.now().seconds() {
        let until = Timestamp::from_seconds(session.expires_at);
        out.note(&format!("The session itself cannot be revoked. Copies of it stay valid until {until}."));
    }
}
