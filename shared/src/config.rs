//! The deployment's settings: the one place that reads the environment.

use std::str::FromStr;

use crate::token::Prefix;

/// What the operator chose, as `template.yaml` passes it on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `PORTCULLIS_TABLE`: the DynamoDB table's name.
    pub table: String,
    /// `PORTCULLIS_PREFIX`: what every token begins with (`pcl`).
    pub prefix: Prefix,
    /// `PORTCULLIS_MAX_TOKENS_PER_OWNER`: the limit of live tokens per owner (10); 0 is
    /// none.
    pub max_tokens_per_owner: u32,
    /// `PORTCULLIS_RETENTION_DAYS`: for how many days a record outlives its token (30).
    pub retention_days: u32,
    /// `PORTCULLIS_HTTP_API_ANSWER`: the form of the authorizer's answer to HTTP APIs
    /// (`simple`).
    pub http_api_answer: HttpApiAnswer,
    /// `PORTCULLIS_TOKEN_MANAGEMENT`: who may manage tokens (`owners`).
    pub token_management: TokenManagement,
    /// `PORTCULLIS_AUTHORIZER_CACHE_SECONDS`: for how long gateways keep the authorizer's
    /// answers (0): above 0 each answer has to hold for every route.
    pub authorizer_cache_seconds: u32,
    /// The OpenID Connect provider whose sessions are accepted; `None` where there is none.
    pub oidc: Option<Oidc>,
}

/// Who may manage tokens on the product's own API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenManagement {
    /// Owners their own, with `tokens:read` and `tokens:write`; admins anyone's.
    Owners,
    /// Only who has `tokens:admin`.
    Admins,
}

/// The operator's OpenID Connect provider, and how it names things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// `PORTCULLIS_OIDC_ISSUER`: the `iss` of its tokens, and where its discovery document
    /// is found. `https`, or `http` on a loopback address.
    pub issuer: String,
    /// `PORTCULLIS_OIDC_AUDIENCE`: the `aud` that a session has to be for.
    pub audience: String,
    /// `PORTCULLIS_OIDC_GROUPS_CLAIM`: the claim with the person's groups (`groups`).
    pub groups_claim: String,
    /// `PORTCULLIS_OIDC_OWNER_CLAIM`: the claim that names the person (`sub`).
    pub owner_claim: String,
}

/// The two forms of answer that an HTTP API's authorizer can be configured for; the event
/// does not tell which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpApiAnswer {
    /// `{"isAuthorized": ..}`
    Simple,
    /// An IAM policy.
    Iam,
}

/// How to reach DynamoDB.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or else `AWS_ENDPOINT_URL`; AWS's own where there is
    /// neither.
    pub endpoint: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file whose roots are trusted instead of Amazon's.
    pub ca_bundle: Option<String>,
    /// Access key id and secret access key; those of the environment where there is none.
    pub static_credentials: Option<(String, String)>,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable is set to something that it cannot be.
    #[error("the environment variable {0} {1}")]
    Wrong(&'static str, String),
    /// The file that `AWS_CA_BUNDLE` names cannot be used.
    #[error("AWS_CA_BUNDLE: {0}")]
    CaBundle(String),
}

impl Settings {
    /// Reads the environment that the template sets. What a function is not given has its
    /// default.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            table: variable("PORTCULLIS_TABLE").ok_or(ConfigError::Missing("PORTCULLIS_TABLE"))?,
            prefix: parsed("PORTCULLIS_PREFIX", "pcl")?,
            max_tokens_per_owner: parsed("PORTCULLIS_MAX_TOKENS_PER_OWNER", "10")?,
            retention_days: parsed("PORTCULLIS_RETENTION_DAYS", "30")?,
            http_api_answer: parsed("PORTCULLIS_HTTP_API_ANSWER", "simple")?,
            token_management: parsed("PORTCULLIS_TOKEN_MANAGEMENT", "owners")?,
            authorizer_cache_seconds: parsed("PORTCULLIS_AUTHORIZER_CACHE_SECONDS", "0")?,
            oidc: Oidc::from_env()?,
        })
    }

    /// Whether the authorizer may answer as it is set to. Only its own function is told both
    /// of what this is about.
    ///
    /// # Errors
    /// Where gateways keep answers, and HTTP APIs are given simple ones.
    pub fn check_answers(&self) -> Result<(), ConfigError> {
        if self.authorizer_cache_seconds > 0 && self.http_api_answer == HttpApiAnswer::Simple {
            let why = "must be iam where PORTCULLIS_AUTHORIZER_CACHE_SECONDS is above 0: a simple yes that a gateway keeps opens every route of an HTTP API. REST APIs are answered alike either way, so a deployment that has no others loses nothing by iam (parameter HttpApiAnswer)";
            return Err(ConfigError::Wrong("PORTCULLIS_HTTP_API_ANSWER", why.to_owned()));
        }
        Ok(())
    }
}

impl Oidc {
    fn from_env() -> Result<Option<Self>, ConfigError> {
        let Some(issuer) = variable("PORTCULLIS_OIDC_ISSUER") else {
            return Ok(None);
        };
        // Without an audience any token of the provider would do, whatever it was made for.
        let audience = variable("PORTCULLIS_OIDC_AUDIENCE").ok_or(ConfigError::Missing("PORTCULLIS_OIDC_AUDIENCE"))?;
        let or = |name, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        Ok(Some(Self {
            issuer,
            audience,
            groups_claim: or("PORTCULLIS_OIDC_GROUPS_CLAIM", "groups"),
            owner_claim: or("PORTCULLIS_OIDC_OWNER_CLAIM", "sub"),
        }))
    }
}

impl Connection {
    /// Reads the variables that the AWS SDKs share.
    ///
    /// # Errors
    /// When there is no region.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            region: variable("AWS_REGION").ok_or(ConfigError::Missing("AWS_REGION"))?,
            endpoint: variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL")),
            ca_bundle: variable("AWS_CA_BUNDLE"),
            static_credentials: None,
        })
    }
}

/// `AWS_LAMBDA_LOG_LEVEL`, which Lambda's advanced logging controls set.
#[must_use]
pub fn log_level() -> Option<String> {
    variable("AWS_LAMBDA_LOG_LEVEL")
}

impl FromStr for HttpApiAnswer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "simple" => Ok(Self::Simple),
            "iam" => Ok(Self::Iam),
            _ => Err("must be simple or iam".to_owned()),
        }
    }
}

impl FromStr for TokenManagement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "owners" => Ok(Self::Owners),
            "admins" => Ok(Self::Admins),
            _ => Err("must be owners or admins".to_owned()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn parsed<T: FromStr<Err: ToString>>(name: &'static str, default: &str) -> Result<T, ConfigError> {
    let text = variable(name);
    text.as_deref().unwrap_or(default).parse().map_err(|error: T::Err| ConfigError::Wrong(name, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_a_gateway_keeps_are_never_simple() {
        let checked = |authorizer_cache_seconds, http_api_answer| {
            let settings = Settings {
                table: String::new(),
                prefix: "pcl".parse().unwrap(),
                max_tokens_per_owner: 0,
                retention_days: 0,
                http_api_answer,
                token_management: TokenManagement::Owners,
                authorizer_cache_seconds,
                oidc: None,
            };
            settings.check_answers().map_err(|error| error.to_string())
        };
        for good in [checked(0, HttpApiAnswer::Simple), checked(0, HttpApiAnswer::Iam), checked(60, HttpApiAnswer::Iam)]
        {
            assert_eq!(good, Ok(()));
        }
        let refused = checked(1, HttpApiAnswer::Simple).unwrap_err();
        assert!(refused.starts_with("the environment variable PORTCULLIS_HTTP_API_ANSWER must be iam"), "{refused}");
    }
}
