//! stub
use crate::clock::Timestamp;
use crate::config;
use crate::token::OwnerId;
/// s
#[derive(Clone, Debug)]
pub struct Sessions;
/// c
#[derive(Clone, Debug)]
pub struct Claims {
    /// o
    pub owner: OwnerId,
    /// g
    pub groups: Vec<String>,
    /// e
    pub expires_at: Timestamp,
}
/// r
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// m
    #[error("{0}")]
    Malformed(String),
    /// u
    #[error("{0}")]
    Unknown(String),
    /// e
    #[error("the session has expired")]
    Expired,
    /// x
    #[error("{0}")]
    Unavailable(String),
}
impl Sessions {
    /// n
    /// # Errors
    /// e
    pub fn new(_: config::Oidc) -> Result<Self, config::ConfigError> {
        Ok(Self)
    }
    /// v
    /// # Errors
    /// e
    pub async fn verify(&self, _: &str, _: Timestamp) -> Result<Claims, Refusal> {
        Err(Refusal::Unavailable(String::new()))
    }
}
/// l
#[must_use]
pub fn looks_like_jwt(text: &str) -> bool {
    text.split('.').count() == 3
}
