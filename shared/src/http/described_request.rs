//! A request described by the caller, to learn how it would be decided.

use std::net::IpAddr;
use std::str::FromStr;

use crate::authz::{AccessRequest, Api};
use crate::catalog::Target;
use crate::text::{cut, redact};
use crate::validation::ValidationError;

/// Maximum length of an invalid path in a message, in characters.
const MAX_SHOWN_LENGTH: usize = 100;

/// A described request; each field is valid.
#[derive(Clone, Debug)]
pub struct DescribedRequest {
    /// The method.
    pub method: MethodField,
    /// The path.
    pub path: PathField,
    /// The API.
    pub api: Api,
    /// Client IP address. Without one, a token with an IP allowlist is denied.
    pub source_ip: Option<IpAddr>,
}

impl DescribedRequest {
    /// Converts to the form that the authorizer reads from an event.
    #[must_use]
    pub fn asked(&self) -> AccessRequest<'_> {
        let target = match self.method.0.as_str() {
            "$connect" => Target::Connect,
            method => Target::Http { method, path: self.raw_path() },
        };
        AccessRequest { api: self.api, target, from: self.source_ip }
    }

    /// The path without its leading slash, as in the ARN.
    #[must_use]
    pub fn raw_path(&self) -> &str {
        self.path.0.strip_prefix('/').unwrap_or(&self.path.0)
    }
}

/// Parses an IP address.
///
/// # Errors
/// When it is not an IP address.
pub fn parse_source_ip(text: &str) -> Result<IpAddr, ValidationError> {
    text.parse().map_err(|_| ValidationError("must be an IPv4 or IPv6 address".to_owned()))
}

/// `GET`, or `$connect` for opening a WebSocket.
#[derive(Clone, Debug)]
pub struct MethodField(String);

impl FromStr for MethodField {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let good =
            text == "$connect" || ((1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase()));
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValidationError("must be a method in capitals, as in GET, or $connect".to_owned()))
        }
    }
}

/// A path as the client sends it: `/apps/billing`, without the API's stage.
#[derive(Clone, Debug)]
pub struct PathField(String);

impl FromStr for PathField {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        if !text.starts_with('/') {
            let shown = cut(&redact(text), MAX_SHOWN_LENGTH).into_owned();
            return Err(ValidationError(format!(
                "\"{shown}\" must begin with a slash, as in /apps/billing; leave out the host and the stage"
            )));
        }
        if text.chars().count() > 2048 {
            return Err(ValidationError("must be at most 2048 characters".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// `protected` or `tokens`.
#[derive(Clone, Copy, Debug)]
pub struct ApiField(pub Api);

impl FromStr for ApiField {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        match text {
            "protected" => Ok(Self(Api::Protected)),
            "tokens" => Ok(Self(Api::Management)),
            _ => Err(ValidationError("must be protected (an API of yours) or tokens (Portcullis's own)".to_owned())),
        }
    }
}
