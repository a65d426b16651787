//! Request to the authorization endpoint, with its PKCE challenge.

use super::oauth::{OAuthError, Parameters, Scope};
use super::redirect_uri::RedirectUri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest as _, Sha256};

/// The parts of an authorization request that its code stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthorizationRequest {
    pub(super) redirect_uri: RedirectUri,
    pub(super) scope: Scope,
    pub(super) nonce: Option<String>,
    /// Digest of the client's verifier, 43 characters.
    challenge: String,
}

impl AuthorizationRequest {
    pub(super) fn read(sent: &Parameters, redirect_uri: &RedirectUri) -> Result<Self, OAuthError> {
        sent.once("state")?;
        match sent.required("response_type", "response_type must be code.")? {
            "code" => {}
            _ => {
                let description = "response_type must be code.";
                return Err(OAuthError { error: "unsupported_response_type", description });
            }
        }
        let challenge = sent.required("code_challenge", "code_challenge is required (PKCE).")?;
        if sent.once("code_challenge_method")? != Some("S256") {
            return Err(OAuthError::invalid("code_challenge_method must be S256."));
        }
        if BASE64URL.decode(challenge).ok().is_none_or(|digest| digest.len() != 32) {
            return Err(OAuthError::invalid("code_challenge must be a SHA-256 in base64url, 43 characters."));
        }
        let (redirect_uri, challenge) = (redirect_uri.clone(), challenge.to_owned());
        let nonce = sent.once("nonce")?.map(str::to_owned);
        Ok(Self { redirect_uri, scope: sent.scope()?, nonce, challenge })
    }

    /// Whether the verifier matches the challenge.
    pub(super) fn is_verified_by(&self, verifier: &str) -> bool {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let fits = (43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved);
        fits && BASE64URL.encode(Sha256::digest(verifier)) == self.challenge
    }
}
