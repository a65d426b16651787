//! Whose caches are flushed, and with which credentials.

use super::Stages;
use crate::env::{ConfigError, Env};

/// Whose caches of the authorizer's answers to empty, and how to reach their control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `PORTCULLIS_FLUSH_STAGES`: the stages of APIs that keep them (none).
    pub stages: Stages,
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_API_GATEWAY`, or else `AWS_ENDPOINT_URL`; AWS's own where there is
    /// neither.
    pub endpoint: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file whose roots are trusted instead of Amazon's.
    pub ca_bundle: Option<String>,
}

/// The credentials that Lambda gives a function. They print nowhere.
pub(super) struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub(super) access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub(super) secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub(super) session_token: Option<String>,
}

impl Settings {
    /// Reads the environment that the template sets, and the variables that the AWS SDKs
    /// share.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            stages: env.parse("PORTCULLIS_FLUSH_STAGES", Stages::default())?,
            region: env.require("AWS_REGION")?,
            endpoint: env.get("AWS_ENDPOINT_URL_API_GATEWAY").or_else(|| env.get("AWS_ENDPOINT_URL")),
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
    fn whose_caches_to_empty_is_read_with_an_endpoint_of_its_own_before_that_of_all() {
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
    fn what_is_missing_or_wrong_for_a_flush_is_named() {
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
    fn credentials_have_a_session_token_where_lambda_gives_one() {
        let set = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_SESSION_TOKEN", "session")];
        let found = credentials(&set).unwrap();
        assert_eq!((&*found.access_key_id, &*found.secret_access_key), ("id", "secret"));
        assert_eq!(found.session_token.as_deref(), Some("session"));
        assert_eq!(credentials(&set[..2]).unwrap().session_token, None);
    }
}
