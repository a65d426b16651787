//! Form of a token exchange request
//! ([RFC 8693, 2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.1)).

use lambda_http::{Request, RequestExt as _};
use portcullis::grants::{Grants, Permission};
use portcullis::http::{Form, OAuthError};

/// Grant type of a token exchange.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// Accepted token types of the subject token, which mean the same here.
const SUBJECT_TOKEN_TYPES: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];
/// Token type of the issued token.
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const KNOWN: [&str; 5] = ["grant_type", "subject_token_type", "requested_token_type", "scope", "actor_token"];
/// Fields that name the service to issue the token for.
const TARGETS: [&str; 2] = ["audience", "resource"];

/// A token exchange request.
pub(crate) struct TokenExchangeRequest {
    form: Form,
    scope: Vec<Permission>,
}

impl TokenExchangeRequest {
    pub(crate) fn read(request: &Request) -> Result<Self, OAuthError> {
        // URLs are logged, so an identity in one counts as leaked.
        if request.query_string_parameters_ref().is_some_and(|query| !query.is_empty()) {
            return Err(OAuthError::new("Send subject_token in the form body, not in the query."));
        }
        let form = Form::read(request.body(), "subject_token", &KNOWN, &TARGETS)?;
        match form.field("grant_type") {
            None => return Err(OAuthError::new(format!("grant_type is required: {GRANT_TYPE}."))),
            Some(GRANT_TYPE) => {}
            Some(_) => {
                return Err(OAuthError::with_code(
                    "unsupported_grant_type",
                    format!("grant_type must be {GRANT_TYPE}."),
                ));
            }
        }
        if !form.field("subject_token_type").is_some_and(|given| SUBJECT_TOKEN_TYPES.contains(&given)) {
            return Err(OAuthError::new(format!("subject_token_type must be {}.", SUBJECT_TOKEN_TYPES.join(" or "))));
        }
        if form.field("requested_token_type").is_some_and(|given| given != ACCESS_TOKEN) {
            return Err(OAuthError::new(format!("requested_token_type must be {ACCESS_TOKEN}, or left out.")));
        }
        if form.field("actor_token").is_some() {
            return Err(OAuthError::new("actor_token is not supported."));
        }
        let scope = form.field("scope").unwrap_or_default().split(' ').filter(|text| !text.is_empty());
        let scope = scope.map(str::parse).collect::<Result<_, _>>().map_err(|invalid| {
            OAuthError::with_code(
                "invalid_scope",
                format!("scope must be permissions separated by spaces: each {invalid}."),
            )
        })?;
        Ok(Self { form, scope })
    }

    pub(crate) fn subject_token(&self) -> Result<&str, OAuthError> {
        self.form.secret()
    }

    /// Refuses a request for another service
    /// ([RFC 8693, 2.2.2](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.2)). This service is named
    /// by its own URL or by the audience of the matching trust rule. Audiences of other rules are
    /// not accepted, so that callers cannot discover them.
    pub(crate) fn ensure_for_this_service(&self, own_url: &str, audience: &str) -> Result<(), OAuthError> {
        for name in TARGETS {
            let is_own = |target: &str| target == audience || target.strip_suffix('/').unwrap_or(target) == own_url;
            if !self.form.fields(name).all(is_own) {
                let description = format!("{name} names another service. Leave it out, or set it to {own_url}.");
                return Err(OAuthError::with_code("invalid_target", description));
            }
        }
        Ok(())
    }

    /// A rule's grants, restricted to `scope` if it is given.
    pub(crate) fn restrict_to_scope(&self, grants: &Grants) -> Result<Grants, OAuthError> {
        if self.scope.is_empty() {
            return Ok(grants.clone());
        }
        grants.restricted_to(&self.scope).map_err(|uncovered| {
            let uncovered: Vec<_> = uncovered.iter().map(ToString::to_string).collect();
            OAuthError::with_code("invalid_scope", format!("The trust rule does not grant {}.", uncovered.join(", ")))
        })
    }
}
