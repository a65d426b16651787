//! Provider settings for signing in: flags override the profile, which overrides the service's metadata
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).

use portcullis::https_url::Url;
use serde::Deserialize;

use crate::CliError;
use crate::api::Api;
use crate::config::{Config, base_url};

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// OpenID Connect issuer [default: as advertised by the service]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// ID of the public OAuth client [default: as advertised by the service]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Scopes to request, separated by spaces [default: as advertised by the service, or openid]
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
}

/// Issuer, client and scope to sign in with.
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
    /// When the issuer or the client id is unknown.
    pub(super) fn find(flags: &Flags, url: &Url, config: &Config) -> Result<Self, CliError> {
        let profile = config.profile_of(url)?.unwrap_or_default();
        let issuer = flags.issuer.clone().or(profile.issuer);
        let client_id = flags.client_id.clone().or(profile.client_id);
        let found = match (&issuer, &client_id) {
            (Some(_), Some(_)) => Some(ResourceMetadata::default()),
            _ => metadata(url)?,
        };
        let has_route = found.is_some();
        let metadata = found.unwrap_or_default();
        let unknown = |what: &str, flags: &str| match has_route {
            true => CliError::usage(format!("the service does not advertise {what}; sign-in may not be configured"))
                .with_hint(format!("if it is, use {flags}")),
            false => CliError::usage(format!("{} does not say where to sign in (status 404)", url.as_str()))
                .with_hint(format!("check the service URL; if it is right, use {flags}")),
        };
        let issuer = issuer.or_else(|| metadata.authorization_servers.into_iter().next());
        let issuer = issuer.ok_or_else(|| unknown("an issuer", "--issuer and --client-id"))?;
        let client_id = client_id.or(metadata.client_id).ok_or_else(|| unknown("a client ID", "--client-id"))?;
        let scope = flags.scope.clone().unwrap_or_else(|| metadata.scopes_supported.join(" "));
        let scope = if scope.is_empty() { "openid".to_owned() } else { scope };
        Ok(Self { issuer, client_id, scope })
    }
}

/// The metadata. `None` if there is no such route: the URL is wrong, or the version of the service is older.
fn metadata(url: &Url) -> Result<Option<ResourceMetadata>, CliError> {
    let response = Api::new(url.clone(), None)?.get("/.well-known/oauth-protected-resource").send();
    let metadata: ResourceMetadata = match response {
        Ok(response) => response.read()?,
        Err(CliError::Refused(refused)) if refused.status == 404 => return Ok(None),
        // Older versions of the service do not have this route.
        Err(CliError::Refused(refused)) if matches!(refused.status, 401 | 403) => ResourceMetadata::default(),
        Err(error) => return Err(error),
    };
    if metadata.resource.is_empty()
        || base_url(&metadata.resource, "the service").is_ok_and(|resource| resource == *url)
    {
        return Ok(Some(metadata));
    }
    Err(CliError::usage(format!("the service advertises the URL {}, not {}", metadata.resource, url.as_str()))
        .with_hint("sign in at that URL, or use --issuer and --client-id"))
}
