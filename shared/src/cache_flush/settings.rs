//! Settings of cache flushing.

use super::Stages;
use crate::endpoint_variant::EndpointVariant;
use crate::env::{ConfigError, Env};

/// The stages to flush, and how to reach their control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `PORTCULLIS_FLUSH_STAGES`: the stages whose caches to flush (none).
    pub stages: Stages,
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_API_GATEWAY`, or else `AWS_ENDPOINT_URL`; default: AWS's endpoint of the region.
    pub endpoint: Option<String>,
    /// Variant of AWS's endpoint.
    pub endpoint_variant: EndpointVariant,
    /// `AWS_CA_BUNDLE`: a PEM file with the root certificates to trust instead of Amazon's.
    pub ca_bundle: Option<String>,
}

/// The credentials that Lambda provides. Their `Debug` shows nothing.
pub(super) struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub(super) access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub(super) secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub(super) session_token: Option<String>,
}

impl Settings {
    /// Reads the environment that the template sets, and the variables that the AWS SDKs share.
    ///
    /// # Errors
    /// Names the variable that is missing or invalid.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            stages: env.parse("PORTCULLIS_FLUSH_STAGES", Stages::default())?,
            region: env.require("AWS_REGION")?,
            endpoint: env.get("AWS_ENDPOINT_URL_API_GATEWAY").or_else(|| env.get("AWS_ENDPOINT_URL")),
            endpoint_variant: EndpointVariant::from_env(env)?,
            ca_bundle: env.get("AWS_CA_BUNDLE"),
        })
    }
}

impl AwsCredentials {
    /// Reads the environment that Lambda sets.
    pub(super) fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            access_key_id: env.require("AWS_ACCESS_KEY_ID")?,
            secret_access_key: env.require("AWS_SECRET_ACCESS_KEY")?,
            session_token: env.get("AWS_SESSION_TOKEN"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn read(set: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        Settings::from_env(Env::from_fn(&among(set)))
    }

    fn credentials(set: &[(&str, &str)]) -> Result<AwsCredentials, ConfigError> {
        AwsCredentials::from_env(Env::from_fn(&among(set)))
    }

    #[test]
    fn the_service_endpoint_takes_precedence_over_the_general_one() {
        let region = ("AWS_REGION", "eu-west-1");
        let everywhere = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let here = ("AWS_ENDPOINT_URL_API_GATEWAY", "http://127.0.0.1:2");
        let none = read(&[region]).unwrap();
        assert!(none.stages.is_empty() && none.endpoint.is_none() && none.ca_bundle.is_none(), "{none:?}");
        assert_eq!(none.region, "eu-west-1");
        assert_eq!(read(&[region, everywhere]).unwrap().endpoint.as_deref(), Some(everywhere.1));
        assert_eq!(read(&[region, everywhere, here]).unwrap().endpoint.as_deref(), Some(here.1));

        let stages = "rest:abc/v1,http:def/$default";
        let named = [region, ("PORTCULLIS_FLUSH_STAGES", stages), ("AWS_CA_BUNDLE", "/roots.pem")];
        let found = read(&named).unwrap();
        assert_eq!((found.stages, found.ca_bundle.as_deref()), (stages.parse().unwrap(), Some("/roots.pem")));
    }

    #[test]
    fn a_missing_or_invalid_variable_is_named() {
        let error = read(&[]).unwrap_err().to_string();
        assert_eq!(error, "the environment variable AWS_REGION is not set");
        let wrong = [("AWS_REGION", "eu-west-1"), ("PORTCULLIS_FLUSH_STAGES", "abc/v1")];
        let error = read(&wrong).unwrap_err().to_string();
        assert!(error.starts_with("the environment variable PORTCULLIS_FLUSH_STAGES must be a comma"), "{error}");
        let id = ("AWS_ACCESS_KEY_ID", "id");
        for (set, missing) in [(&[][..], "AWS_ACCESS_KEY_ID"), (&[id], "AWS_SECRET_ACCESS_KEY")] {
            let error = credentials(set).err().unwrap().to_string();
            assert_eq!(error, format!("the environment variable {missing} is not set"));
        }
    }

    #[test]
    fn credentials_include_lambdas_session_token_if_there_is_one() {
        let set = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_SESSION_TOKEN", "session")];
        let found = credentials(&set).unwrap();
        assert_eq!((&*found.access_key_id, &*found.secret_access_key), ("id", "secret"));
        assert_eq!(found.session_token.as_deref(), Some("session"));
        assert_eq!(credentials(&set[..2]).unwrap().session_token, None);
    }
}
