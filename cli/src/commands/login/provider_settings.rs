//! Where people sign in for a service: flags over the profile over what the service says
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).

use serde::Deserialize;

use crate::config::base_url;
use crate::{Context, Failure};

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// The OpenID Connect issuer, if the service does not say it
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The public client to sign in with, if the service does not say it
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// What to ask the provider for, with spaces between
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
}

/// Where to sign in, and as which client.
pub(super) struct Place {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) scope: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    resource: String,
    authorization_servers: Vec<String>,
    scopes_supported: Vec<String>,
    client_id: Option<String>,
}

impl Place {
    /// # Errors
    /// Where something of it is not known.
    pub(super) fn find(flags: &Flags, context: &Context) -> Result<Self, Failure> {
        let url = context.config.url()?;
        let profile = context.config.profile_of(&url)?.unwrap_or_default();
        let issuer = flags.issuer.clone().or(profile.issuer);
        let client_id = flags.client_id.clone().or(profile.client_id);
        let said = match (&issuer, &client_id) {
            (Some(_), Some(_)) => Resource::default(),
            _ => said(context)?,
        };
        let unknown = |what: &str, flag: &str| {
            Failure::usage(format!("the service does not say {what}: it may be that nobody can sign in there"))
                .with_hint(format!("if people can, give {flag}"))
        };
        let issuer = issuer.or_else(|| said.authorization_servers.into_iter().next());
        let issuer = issuer.ok_or_else(|| unknown("where people sign in", "--issuer and --client-id"))?;
        let client_id = client_id.or(said.client_id).ok_or_else(|| unknown("with which client", "--client-id"))?;
        let scope = flags.scope.clone().unwrap_or_else(|| said.scopes_supported.join(" "));
        let scope = if scope.is_empty() { "openid".to_owned() } else { scope };
        Ok(Self { issuer, client_id, scope })
    }
}

fn said(context: &Context) -> Result<Resource, Failure> {
    let answer = context.api_without_credential()?.get("/.well-known/oauth-protected-resource").send();
    let said: Resource = match answer {
        Ok(answer) => answer.read()?,
        // A service that is older than this route.
        Err(Failure::Refused(refused)) if matches!(refused.status, 401 | 403 | 404) => Resource::default(),
        Err(failure) => return Err(failure),
    };
    let url = context.config.url()?;
    if said.resource.is_empty() || base_url(&said.resource, "the service").is_ok_and(|said| said == url) {
        return Ok(said);
    }
    Err(Failure::usage(format!("the service calls itself {}, and not {}", said.resource, url.as_str()))
        .with_hint("give that as --url, or --issuer and --client-id"))
}
