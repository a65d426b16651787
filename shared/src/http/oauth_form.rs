//! Forms of the OAuth calls, which contain a secret, and their errors
//! ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).

use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;
use zeroize::Zeroizing;

use super::response::json_with_content_type;

/// Maximum size of a form, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// The known fields of a form. A field without a value counts as absent
/// ([RFC 6749, 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
pub struct Form {
    secret_name: &'static str,
    secret: Option<Zeroizing<String>>,
    others: Vec<(String, String)>,
}

/// Error of an OAuth call.
#[derive(Debug, Serialize, thiserror::Error)]
#[error("{error}: {error_description}")]
pub struct OAuthError {
    error: &'static str,
    error_description: String,
}

impl Form {
    /// Reads a form with the secret in the field `secret_name`, and the known other fields. Each may be given
    /// once, and those of `repeatable` more often.
    ///
    /// White space around the secret is removed, because files end in a newline.
    ///
    /// # Errors
    /// Names the field that is repeated.
    pub fn read(
        body: &Body,
        secret_name: &'static str,
        known: &[&str],
        repeatable: &[&str],
    ) -> Result<Self, OAuthError> {
        if body.len() > MAX_BYTES {
            return Err(OAuthError::new(format!("The body may have at most {MAX_BYTES} bytes.")));
        }
        let mut form = Self { secret_name, secret: None, others: Vec::new() };
        for (name, value) in form_urlencoded::parse(body.as_ref()) {
            let value = Zeroizing::new(value.into_owned());
            let doubled = if name == secret_name {
                let value = value.trim();
                !value.is_empty() && form.secret.replace(Zeroizing::new(value.to_owned())).is_some()
            } else if !value.is_empty() && (known.contains(&&*name) || repeatable.contains(&&*name)) {
                let doubled = !repeatable.contains(&&*name) && form.field(&name).is_some();
                form.others.push((name.clone().into_owned(), value.to_string()));
                doubled
            } else {
                // Unknown fields are ignored (RFC 6749): clients often send `client_id` everywhere.
                false
            };
            if doubled {
                return Err(OAuthError::new(format!("{name} must be given once.")));
            }
        }
        Ok(form)
    }

    /// The secret.
    ///
    /// # Errors
    /// When it is missing.
    pub fn secret(&self) -> Result<&str, OAuthError> {
        let missing = || {
            OAuthError::new(format!("{} is required, in a form (application/x-www-form-urlencoded).", self.secret_name))
        };
        self.secret.as_deref().map(String::as_str).ok_or_else(missing)
    }

    /// All values of a field.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.others.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of another field, if given.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).next()
    }
}

impl OAuthError {
    /// An `invalid_request` error with a description.
    pub fn new(description: impl Into<String>) -> Self {
        Self { error: "invalid_request", error_description: description.into() }
    }

    /// The same error with another code.
    pub fn with_code(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, error_description: description.into() }
    }

    /// Converts to a response with status 400.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        json_with_content_type(StatusCode::BAD_REQUEST, &self, HeaderValue::from_static("application/json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> Result<Form, OAuthError> {
        Form::read(&Body::Text(body.to_owned()), "token", &["token_type_hint"], &["resource"])
    }

    fn read(body: &str) -> Result<String, String> {
        form(body).and_then(|form| form.secret().map(str::to_owned)).map_err(|error| error.error_description)
    }

    #[test]
    fn a_form_has_one_token_and_unknown_fields_are_ignored() {
        assert_eq!(read("token=a%20b&token_type_hint=access_token").as_deref(), Ok("a b"));
        assert_eq!(read("client_id=x&token=a&colour=red&colour=blue").as_deref(), Ok("a"));
        for (body, why) in [
            ("", "token is required"),
            ("token_type_hint=x", "token is required"),
            ("token=a&token=a", "token must be given once"),
            ("token=a&token_type_hint=x&token_type_hint=x", "token_type_hint must be given once"),
            ("{\"token\":\"a\"}", "token is required"),
        ] {
            assert!(read(body).unwrap_err().contains(why), "{body}");
        }
    }

    #[test]
    fn a_parameter_without_a_value_counts_as_absent() {
        for empty in ["token", "token=", "token=&token=", "token=%20%0D%0A%09"] {
            assert!(read(empty).unwrap_err().contains("token is required"), "{empty}");
        }
        assert_eq!(read("token=&token=a&token=%0A").as_deref(), Ok("a"));
        let form = form("token_type_hint=&token_type_hint=x&token_type_hint=&resource=&resource=a&resource=b").unwrap();
        assert_eq!(form.field("token_type_hint"), Some("x"));
        assert_eq!(form.fields("resource").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn white_space_around_a_token_is_removed() {
        assert_eq!(read("token=+%09a%20b%0D%0A").as_deref(), Ok("a b"));
    }
}
