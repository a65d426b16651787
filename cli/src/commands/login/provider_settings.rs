//! Where people sign in for a service: flags over the profile over what the service says
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).

use serde::Deserialize;

use crate::config::base_url;
use crate::{CliError, Context};

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
pub(super) struct SignInTarget {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) scope: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResourceMetadata {
    resource: String,
    authorization_servers: Vec<String>,
    scopes_supported: Vec<String>,
    client_id: Option<String>,
}

impl SignInTarget {
    /// # Errors
    /// Where something of it is not known.
    pub(super) fn find(flags: &Flags, context: &Context) -> Result<Self, CliError> {
        let url = context.config.url()?;
        let profile = context.config.profile_of(&url)?.unwrap_or_default();
        let issuer = flags.issuer.clone().or(profile.issuer);
        let client_id = flags.client_id.clone().or(profile.client_id);
        let metadata = match (&issuer, &client_id) {
            (Some(_), Some(_)) => ResourceMetadata::default(),
            _ => metadata(context)?,
        };
        let unknown = |what: &str, flag: &str| {
            CliError::usage(format!("the service does not say {what}: it may be that nobody can sign in there"))
                .with_hint(format!("if people can, give {flag}"))
        };
        let issuer = issuer.or_else(|| metadata.authorization_servers.into_iter().next());
        let issuer = issuer.ok_or_else(|| unknown("where people sign in", "--issuer and --client-id"))?;
        let client_id = client_id.or(metadata.client_id).ok_or_else(|| unknown("with which client", "--client-id"))?;
        let scope = flags.scope.clone().unwrap_or_else(|| metadata.scopes_supported.join(" "));
        let scope = if scope.is_empty() { "openid".to_owned() } else { scope };
        Ok(Self { issuer, client_id, scope })
    }
}

fn metadata(context: &Context) -> Result<ResourceMetadata, CliError> {
    let response = context.api_without_credential()?.get("/.well-known/oauth-protected-resource").send();
    let metadata: ResourceMetadata = match response {
        Ok(response) => response.read()?,
        // A service that is older than this route.
        Err(CliError::Refused(refused)) if matches!(refused.status, 401 | 403 | 404) => ResourceMetadata::default(),
        Err(failure) => return Err(failure),
    };
    let url = context.config.url()?;
    if metadata.resource.is_empty() || base_url(&metadata.resource, "the service").is_ok_and(|metadata| metadata == url)
    {
        return Ok(metadata);
    }
    Err(CliError::usage(format!("the service calls itself {}, and not {}", metadata.resource, url.as_str()))
        .with_hint("give that as --url, or --issuer and --client-id"))
}
