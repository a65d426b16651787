//! What an exchange is asked for, in a form
//! ([RFC 8693, 2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.1)).

use lambda_http::{Request, RequestExt as _};
use portcullis::grants::{Grants, Permission};
use portcullis::http::{Form, OAuthError};

/// The grant type of an exchange.
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What is exchanged: an ID token, or any JWT, which is the same here.
const IDENTITIES: [&str; 2] = ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];
/// What it is exchanged for.
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const KNOWN: [&str; 5] = ["grant_type", "subject_token_type", "requested_token_type", "scope", "actor_token"];
/// What names the service that the token is to be for.
const TARGETS: [&str; 2] = ["audience", "resource"];

/// A form that asks for an exchange.
pub(crate) struct Asked {
    form: Form,
    scope: Vec<Permission>,
}

impl Asked {
    pub(crate) fn read(request: &Request) -> Result<Self, OAuthError> {
        // An identity that stands in a URL is in somebody's log already.
        if request.query_string_parameters_ref().is_some_and(|query| !query.is_empty()) {
            return Err(OAuthError::new("There must be no query: subject_token stands in the body, in a form."));
        }
        let form = Form::read(request.body(), "subject_token", &KNOWN, &TARGETS)?;
        match form.field("grant_type") {
            None => return Err(OAuthError::new(format!("grant_type is required: {EXCHANGE}."))),
            Some(EXCHANGE) => {}
            Some(_) => {
                return Err(OAuthError::coded("unsupported_grant_type", format!("grant_type must be {EXCHANGE}.")));
            }
        }
        if !form.field("subject_token_type").is_some_and(|given| IDENTITIES.contains(&given)) {
            return Err(OAuthError::new(format!("subject_token_type must be {}.", IDENTITIES.join(" or "))));
        }
        if form.field("requested_token_type").is_some_and(|given| given != ACCESS_TOKEN) {
            return Err(OAuthError::new(format!("requested_token_type must be {ACCESS_TOKEN}, or left out.")));
        }
        if form.field("actor_token").is_some() {
            return Err(OAuthError::new("actor_token is not taken: a job acts for itself."));
        }
        let scope = form.field("scope").unwrap_or_default().split(' ').filter(|text| !text.is_empty());
        let scope = scope.map(str::parse).collect::<Result<_, _>>().map_err(|invalid| {
            OAuthError::coded(
                "invalid_scope",
                format!("scope must be permissions with spaces between: each {invalid}."),
            )
        })?;
        Ok(Self { form, scope })
    }

    pub(crate) fn subject_token(&self) -> Result<&str, OAuthError> {
        self.form.secret()
    }

    /// Refuses what is to be for another service
    /// ([RFC 8693, 2.2.2](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.2)). This one is known by
    /// its own URL, and by the audience of the trust rule that takes the identity: it is what the job
    /// asked its CI system for. Audiences of other rules are nothing to learn here.
    pub(crate) fn ensure_for_this_service(&self, own_url: &str, audience: &str) -> Result<(), OAuthError> {
        for name in TARGETS {
            let is_own = |target: &str| target == audience || target.strip_suffix('/').unwrap_or(target) == own_url;
            if !self.form.fields(name).all(is_own) {
                let description = format!("{name} is another service. Leave it out, or make it {own_url}.");
                return Err(OAuthError::coded("invalid_target", description));
            }
        }
        Ok(())
    }

    /// What a rule grants, or of it what was asked for by `scope`.
    pub(crate) fn restricted_to(&self, grants: &Grants) -> Result<Grants, OAuthError> {
        if self.scope.is_empty() {
            return Ok(grants.clone());
        }
        grants.restricted_to(&self.scope).map_err(|beyond| {
            let beyond: Vec<_> = beyond.iter().map(ToString::to_string).collect();
            OAuthError::coded("invalid_scope", format!("The trust rule does not give {}.", beyond.join(", ")))
        })
    }
}
