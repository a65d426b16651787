//! What a client asks the authorization endpoint for, PKCE's challenge included.

use super::oauth::{OAuthError, Parameters, Scope};
use super::redirect_uri::RedirectUri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest as _, Sha256};

/// What a client asked for, as far as the code has to remember it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthorizationRequest {
    pub(super) redirect_uri: RedirectUri,
    pub(super) scope: Scope,
    pub(super) nonce: Option<String>,
    /// 43 characters, made of the verifier that only the client knows.
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
        let challenge = sent.required("code_challenge", "code_challenge must be there (PKCE).")?;
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

    /// Whether somebody knows what the challenge was made of.
    pub(super) fn is_proved_by(&self, verifier: &str) -> bool {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let fits = (43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved);
        fits && BASE64URL.encode(Sha256::digest(verifier)) == self.challenge
    }
}
