//! `portcullis logout`: removes a stored sign-in from this machine, and ends its refresh token at
//! the provider. The session itself is nobody's to end: it lives until it expires.

use portcullis::clock::Timestamp;

use crate::config::base_url;
use crate::credentials::oidc_client::Provider;
use crate::credentials::session::Session;
use crate::credentials::store::Store;
use crate::{CliError, Context, Outcome};

/// What `logout` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove the sign-ins at all services
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let Some(store) = Store::open() else { return Ok(Outcome::Done) };
    let urls = store.urls()?;
    let urls = if args.all {
        urls
    } else {
        let url = context.config.url()?;
        urls.into_iter().filter(|known| known == url.as_str()).collect()
    };
    if urls.is_empty() {
        context.out.note("Nobody is signed in there.");
    }
    let mut guard = store.lock()?;
    for url in urls {
        // What cannot be read any more can still be removed.
        let session = base_url(&url, "a stored URL").and_then(|url| store.get(&url));
        guard.remove(&url)?;
        context.out.note(&format!("Removed the sign-in at {url}."));
        if let Ok(Some(session)) = session {
            revoke_refresh_token(&session, context);
        }
    }
    Ok(Outcome::Done)
}

/// Ends what can be ended, and says what cannot.
fn revoke_refresh_token(session: &Session, context: &Context) {
    let out = &context.out;
    if let Some(token) = &session.refresh_token {
        let provider = Provider::discover(&session.issuer, &session.client_id);
        match provider.and_then(|provider| provider.revoke(token)) {
            Ok(true) => out.note("Its refresh token is revoked."),
            Ok(false) => out.warn("the provider has no call to revoke the refresh token, which lives on there"),
            Err(failure) => out.warn(&format!("the refresh token lives on at the provider: {failure}")),
        }
    }
    if session.expires_at > out.now().seconds() {
        let until = Timestamp::from_seconds(session.expires_at);
        out.note(&format!("The session itself cannot be ended: whoever has a copy of it can use it until {until}."));
    }
}
