//! A form with a secret in it, as the OAuth calls have it, and their errors
//! ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).

use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;
use zeroize::Zeroizing;

use super::with_type;

/// The most bytes of a form.
const MOST_BYTES: usize = 16 * 1024;

/// The known fields of a form, each given once.
pub struct Form {
    secret: Zeroizing<String>,
    others: Vec<(String, String)>,
}

/// Why a form was not taken.
#[derive(Debug, Serialize, thiserror::Error)]
#[error("{error}: {error_description}")]
pub struct FormError {
    error: &'static str,
    error_description: String,
}

impl Form {
    /// Reads a form that has a secret in a field of this name, and of its other fields those that
    /// are known here.
    ///
    /// # Errors
    /// Says what is missing or doubled.
    pub fn read(body: &Body, secret: &str, known: &[&str]) -> Result<Self, FormError> {
        if body.len() > MOST_BYTES {
            return Err(FormError::new(format!("The body may have at most {MOST_BYTES} bytes.")));
        }
        let mut found = None;
        let mut others: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body.as_ref()) {
            // As RFC 6749 has it: clients send what they send everywhere, `client_id` above all.
            if name != secret && !known.contains(&&*name) {
                continue;
            }
            let doubled = if name == secret {
                found.replace(Zeroizing::new(value.into_owned())).is_some()
            } else {
                let doubled = others.iter().any(|(other, _)| *other == name);
                others.push((name.clone().into_owned(), value.into_owned()));
                doubled
            };
            if doubled {
                return Err(FormError::new(format!("{name} must be given once.")));
            }
        }
        match found {
            Some(secret) => Ok(Self { secret, others }),
            None => {
                Err(FormError::new(format!("{secret} is required, in a form (application/x-www-form-urlencoded).")))
            }
        }
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Another field, if it was given.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.others.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl FormError {
    /// `invalid_request`, for the person who sent it.
    pub fn new(description: impl Into<String>) -> Self {
        Self { error: "invalid_request", error_description: description.into() }
    }

    /// With another code.
    pub fn coded(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, error_description: description.into() }
    }

    /// 400
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        with_type(StatusCode::BAD_REQUEST, &self, HeaderValue::from_static("application/json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<String, String> {
        let form = Form::read(&Body::Text(body.to_owned()), "token", &["token_type_hint"]);
        form.map(|form| form.secret().to_owned()).map_err(|error| error.error_description)
    }

    #[test]
    fn a_form_has_its_token_once_and_what_is_unknown_is_ignored() {
        assert_eq!(read("token=a%20b&token_type_hint=access_token").as_deref(), Ok("a b"));
        assert_eq!(read("token=").as_deref(), Ok(""));
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
}
