//! What a sign-in leaves behind: a session. The service verifies its signature; what is checked here is that it is the
//! one that was asked for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use portcullis::clock::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::oidc_client::{Provider, Tokens};
use crate::CliError;
use crate::api::Credential;

/// A session that would end on its way is as good as ended.
const MIN_SECONDS: i64 = 30;

/// A person's session at one service. It prints nowhere.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Session {
    /// Who signed the person in, and for which client.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// Whom the provider takes the person for.
    pub(crate) subject: String,
    /// In seconds since 1970.
    pub(crate) expires_at: i64,
    pub(crate) id_token: Zeroizing<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<Zeroizing<String>>,
}

/// What a client looks at in an ID token.
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
    /// What a provider answered to a sign-in; with the nonce that was sent, if one was.
    ///
    /// # Errors
    /// Where it is not the answer to what was asked.
    pub(crate) fn from_tokens(
        provider: &Provider,
        tokens: Tokens,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, CliError> {
        let Tokens { id_token, refresh_token } = tokens;
        let id_token = id_token.ok_or_else(|| wrong("there is none; ask for the scope openid"))?;
        let (issuer, client_id) = (provider.issuer().to_owned(), provider.client_id.clone());
        let Claims { sub: subject, exp: expires_at, .. } =
            Claims::validate(&id_token, &issuer, &client_id, nonce, now)?;
        Ok(Self { issuer, client_id, subject, expires_at, id_token, refresh_token })
    }

    /// What a request carries.
    pub(crate) fn credential(&self) -> Credential {
        Credential::new(self.id_token.clone(), "the sign-in of portcullis login")
    }

    /// This session with a new ID token, of the same person.
    pub(super) fn with_id_token(self, id_token: Zeroizing<String>, now: Timestamp) -> Result<Self, CliError> {
        let claims = Claims::validate(&id_token, &self.issuer, &self.client_id, None, now)?;
        if claims.sub != self.subject {
            return Err(wrong("it is another person's"));
        }
        Ok(Self { id_token, expires_at: claims.exp, ..self })
    }

    /// Whether it can be used still.
    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.expires_at > now.seconds() + MIN_SECONDS
    }
}

impl Claims {
    /// [OpenID Connect](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation),
    /// without the signature: it came from the provider itself, over TLS.
    fn validate(
        jwt: &str,
        issuer: &str,
        client_id: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, CliError> {
        let payload = jwt.split('.').nth(1).and_then(|part| BASE64URL.decode(part).ok());
        let claims: Option<Self> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        let claims = claims.ok_or_else(|| wrong("it cannot be read"))?;
        let mine = match &claims.aud {
            Audience::One(one) => one == client_id,
            Audience::Many(many) => many.iter().any(|one| one == client_id),
        };
        if claims.iss != issuer {
            return Err(wrong("its iss is another provider's"));
        }
        if !mine || claims.azp.as_ref().is_some_and(|azp| azp != client_id) {
            return Err(wrong("its aud is another client's"));
        }
        if claims.exp <= now.seconds() {
            return Err(wrong("it has expired; is this machine's clock right?"));
        }
        if nonce.is_some() && claims.nonce.as_deref() != nonce {
            return Err(wrong("its nonce is not the one that was sent"));
        }
        Ok(claims)
    }
}

fn wrong(why: &str) -> CliError {
    CliError::SignIn(format!("the provider's ID token is not accepted: {why}"))
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
        checked.map(drop).map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_id_token_is_this_providers_for_this_client_and_this_question_and_has_not_expired() {
        assert_eq!(checked(|_| {}), Ok(()));
        assert_eq!(checked(|claims| claims["aud"] = json!(["other", "cli"])), Ok(()));
        for (field, bad, why) in [
            ("iss", json!("https://id.example/"), "another provider's"),
            ("iss", Value::Null, "cannot be read"),
            ("aud", json!("other"), "another client's"),
            ("aud", json!([]), "another client's"),
            ("azp", json!("other"), "another client's"),
            ("exp", json!(999), "has expired"),
            ("exp", json!("1000"), "cannot be read"),
            ("nonce", json!("m"), "nonce"),
            ("nonce", Value::Null, "nonce"),
            ("sub", Value::Null, "cannot be read"),
        ] {
            let said = checked(|claims| claims[field] = bad.clone()).unwrap_err();
            assert!(said.contains(why), "{field}={bad}: {said}");
        }
    }
}
