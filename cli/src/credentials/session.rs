//! Sessions of signed-in users. The claims are validated here; the service verifies the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use portcullis::clock::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::oidc_client::{Provider, TokenResponse};
use crate::CliError;
use crate::api::Credential;

/// Minimum remaining lifetime of a session in seconds, so that it does not expire during a request.
const MIN_SECONDS: i64 = 30;

/// A user's session at one service. It has no `Debug`, so it is never printed.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Session {
    /// Issuer of the ID token.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The `sub` claim.
    pub(crate) subject: String,
    /// In seconds since the Unix epoch.
    pub(crate) expires_at: i64,
    pub(crate) id_token: Zeroizing<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<Zeroizing<String>>,
}

/// Claims of an ID token that a client validates.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    sub: String,
    exp: i64,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Session {
    /// Creates a session from a token response, and checks the nonce, if one was sent.
    ///
    /// # Errors
    /// When there is no ID token, or its claims are invalid.
    pub(crate) fn from_tokens(
        provider: &Provider,
        tokens: TokenResponse,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, CliError> {
        let TokenResponse { id_token, refresh_token } = tokens;
        let id_token = id_token.ok_or_else(|| invalid("it is missing; request the scope openid"))?;
        let (issuer, client_id) = (provider.issuer().to_owned(), provider.client_id.clone());
        let Claims { sub: subject, exp: expires_at, .. } =
            Claims::validate(&id_token, &issuer, &client_id, nonce, now)?;
        Ok(Self { issuer, client_id, subject, expires_at, id_token, refresh_token })
    }

    /// The credential for requests.
    pub(crate) fn credential(&self) -> Credential {
        Credential::new(self.id_token.clone(), "portcullis login")
    }

    /// Replaces the ID token by one of the same user.
    pub(super) fn with_id_token(self, id_token: Zeroizing<String>, now: Timestamp) -> Result<Self, CliError> {
        let claims = Claims::validate(&id_token, &self.issuer, &self.client_id, None, now)?;
        if claims.sub != self.subject {
            return Err(invalid("it is for another user (sub)"));
        }
        Ok(Self { id_token, expires_at: claims.exp, ..self })
    }

    /// Whether it can still be used.
    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.expires_at > now.seconds() + MIN_SECONDS
    }
}

impl Claims {
    /// Validates the claims
    /// ([OpenID Connect Core](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)). The signature
    /// is not verified: the ID token came directly from the provider, over TLS.
    fn validate(
        jwt: &str,
        issuer: &str,
        client_id: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, CliError> {
        let payload = jwt.split('.').nth(1).and_then(|part| BASE64URL.decode(part).ok());
        let claims: Option<Self> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        let claims = claims.ok_or_else(|| invalid("it is malformed"))?;
        let is_for_client = match &claims.aud {
            Audience::One(one) => one == client_id,
            Audience::Many(many) => many.iter().any(|one| one == client_id),
        };
        if claims.iss != issuer {
            return Err(invalid("its iss is not the provider"));
        }
        if !is_for_client || claims.azp.as_ref().is_some_and(|azp| azp != client_id) {
            return Err(invalid("its aud or azp is not this client"));
        }
        if claims.exp <= now.seconds() {
            return Err(invalid("it has expired; check the clock of this machine"));
        }
        if nonce.is_some() && claims.nonce.as_deref() != nonce {
            return Err(invalid("its nonce does not match"));
        }
        Ok(claims)
    }
}

fn invalid(why: &str) -> CliError {
    CliError::sign_in(format!("invalid ID token from the provider: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut claims = json!({"iss": "https://id.example", "aud": "cli", "sub": "alice", "exp": 1000, "nonce": "n"});
        change(&mut claims);
        let jwt = format!("x.{}.x", BASE64URL.encode(claims.to_string()));
        let now = Timestamp::from_seconds(999);
        let checked = Claims::validate(&jwt, "https://id.example", "cli", Some("n"), now);
        checked.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn an_id_token_needs_the_right_iss_aud_azp_exp_and_nonce() {
        assert_eq!(checked(|_| {}), Ok(()));
        assert_eq!(checked(|claims| claims["aud"] = json!(["other", "cli"])), Ok(()));
        for (field, bad, why) in [
            ("iss", json!("https://id.example/"), "iss is not the provider"),
            ("iss", Value::Null, "malformed"),
            ("aud", json!("other"), "aud or azp is not"),
            ("aud", json!([]), "aud or azp is not"),
            ("azp", json!("other"), "aud or azp is not"),
            ("exp", json!(999), "has expired"),
            ("exp", json!("1000"), "malformed"),
            ("nonce", json!("m"), "nonce"),
            ("nonce", Value::Null, "nonce"),
            ("sub", Value::Null, "malformed"),
        ] {
            let error = checked(|claims| claims[field] = bad.clone()).unwrap_err();
            assert!(error.contains(why), "{field}={bad}: {error}");
        }
    }
}
