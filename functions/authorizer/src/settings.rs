//! The form of the authorizer's responses to HTTP APIs.

use std::str::FromStr;

use portcullis::env::{ConfigError, Env};

/// The response format that an HTTP API's authorizer is configured for. The event does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpApiResponseFormat {
    /// `{"isAuthorized": ..}`
    Simple,
    /// An IAM policy.
    Iam,
}

impl HttpApiResponseFormat {
    /// `PORTCULLIS_HTTP_API_RESPONSE_FORMAT` (default: `simple`).
    ///
    /// # Errors
    /// The value is unknown, or is `simple` while gateways cache responses.
    pub fn from_env(env: Env<'_>, cache_seconds: u32) -> Result<Self, ConfigError> {
        let format = env.parse("PORTCULLIS_HTTP_API_RESPONSE_FORMAT", Self::Simple)?;
        if cache_seconds > 0 && format == Self::Simple {
            let why = "must be iam if PORTCULLIS_AUTHORIZER_CACHE_SECONDS is above 0: a cached simple response allows every route of an HTTP API. It does not affect REST APIs (parameter HttpApiResponseFormat)";
            return Err(ConfigError::Invalid("PORTCULLIS_HTTP_API_RESPONSE_FORMAT", why.to_owned()));
        }
        Ok(format)
    }
}

impl FromStr for HttpApiResponseFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "simple" => Ok(Self::Simple),
            "iam" => Ok(Self::Iam),
            _ => Err("must be simple or iam".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_responses_are_never_simple() {
        let read = |cache_seconds, response: &str| {
            let variable = |name: &str| (name == "PORTCULLIS_HTTP_API_RESPONSE_FORMAT").then(|| response.to_owned());
            HttpApiResponseFormat::from_env(Env::from_fn(&variable), cache_seconds).map_err(|error| error.to_string())
        };
        assert_eq!(read(0, ""), Ok(HttpApiResponseFormat::Simple));
        assert_eq!(read(0, "simple"), Ok(HttpApiResponseFormat::Simple));
        assert_eq!(read(0, "iam"), Ok(HttpApiResponseFormat::Iam));
        assert_eq!(read(60, "iam"), Ok(HttpApiResponseFormat::Iam));
        let refused = read(1, "simple").unwrap_err();
        assert!(
            refused.starts_with("the environment variable PORTCULLIS_HTTP_API_RESPONSE_FORMAT must be iam"),
            "{refused}"
        );
    }
}
