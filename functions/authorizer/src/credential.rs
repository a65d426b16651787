//! The credential of a request: one bearer token, in one header.

use crate::Event;

/// The credential that a request presents.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PresentedCredential<'a> {
    /// The value after `Bearer`: a token or a session.
    Bearer(&'a str),
    /// The value of `x-api-token`: a token only.
    ApiToken(&'a str),
    /// No usable credential, and the reason.
    Absent(&'static str),
}

impl<'a> PresentedCredential<'a> {
    /// Reads `Authorization: Bearer …` ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750#section-2.1))
    /// or `x-api-token: …`. Both, or one of them twice, is refused: the gateway and the backend
    /// might pick different ones.
    pub(crate) fn from_event(event: &'a Event) -> Self {
        if event.is_token() {
            // The event does not say which header it came from.
            return match event.authorization_token() {
                Some(value) if value.contains(' ') => bearer(value),
                Some(value) => Self::Bearer(value),
                None => Self::Absent("no credential"),
            };
        }
        let mut authorization = event.header("authorization");
        let mut api_token = event.header("x-api-token");
        match (authorization.next(), api_token.next()) {
            (None, None) => Self::Absent("no credential"),
            (Some(value), None) if authorization.next().is_none() => bearer(value),
            (None, Some(value)) if api_token.next().is_none() => Self::ApiToken(value),
            _ => Self::Absent("two credentials"),
        }
    }
}

/// The scheme's case does not matter
/// ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-11.1)).
fn bearer(value: &str) -> PresentedCredential<'_> {
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            PresentedCredential::Bearer(token.trim_matches(' '))
        }
        _ => PresentedCredential::Absent("not a bearer token"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn presented(event: &Value) -> String {
        let event: Event = serde_json::from_str(&event.to_string()).unwrap();
        match PresentedCredential::from_event(&event) {
            PresentedCredential::Bearer(token) | PresentedCredential::ApiToken(token) => format!("one: {token}"),
            PresentedCredential::Absent(why) => why.to_owned(),
        }
    }

    fn headers(pairs: &[(&str, &[&str])]) -> Value {
        let many: serde_json::Map<_, _> =
            pairs.iter().map(|(name, values)| ((*name).to_owned(), json!(values))).collect();
        let last: serde_json::Map<_, _> =
            pairs.iter().filter_map(|(name, values)| Some(((*name).to_owned(), json!(values.last()?)))).collect();
        json!({"type": "REQUEST", "headers": last, "multiValueHeaders": many})
    }

    #[test]
    fn a_bearer_token_is_read_whatever_the_schemes_and_the_headers_case() {
        for (name, value) in [
            ("Authorization", "Bearer t"),
            ("authorization", "bearer t"),
            ("AUTHORIZATION", "BEARER t"),
            ("Authorization", "Bearer   t "),
            ("x-api-token", "t"),
            ("X-Api-Token", "t"),
        ] {
            assert_eq!(presented(&headers(&[(name, &[value])])), "one: t", "{name}: {value}");
            assert_eq!(presented(&json!({"version": "2.0", "headers": {name: value}})), "one: t", "{name}: {value}");
        }
    }

    #[test]
    fn a_token_authorizer_reads_either_header() {
        for value in ["Bearer t", "t", "bearer  t"] {
            assert_eq!(presented(&json!({"type": "TOKEN", "authorizationToken": value})), "one: t");
        }
        assert_eq!(presented(&json!({"type": "TOKEN", "authorizationToken": "Basic t"})), "not a bearer token");
        assert_eq!(presented(&json!({"type": "TOKEN"})), "no credential");
    }

    #[test]
    fn no_credential_is_nothing() {
        for event in [
            json!({}),
            json!({"headers": null}),
            json!({"headers": []}),
            headers(&[]),
            headers(&[("accept", &["*/*"])]),
        ] {
            assert_eq!(presented(&event), "no credential", "{event}");
        }
    }

    #[test]
    fn two_credentials_are_none() {
        for event in [
            headers(&[("Authorization", &["Bearer t"]), ("x-api-token", &["t"])]),
            headers(&[("Authorization", &["Bearer t", "Bearer t"])]),
            headers(&[("Authorization", &["Bearer t"]), ("authorization", &["Bearer t"])]),
            headers(&[("x-api-token", &["t", "t"])]),
            headers(&[("Authorization", &["Bearer t", "Bearer t"]), ("x-api-token", &["t"])]),
            headers(&[("Authorization", &[""]), ("x-api-token", &["t"])]),
        ] {
            assert_eq!(presented(&event), "two credentials", "{event}");
        }
    }

    #[test]
    fn another_scheme_is_no_bearer_token() {
        for value in ["", "Bearer", "Basic dTpw", "t", "Bearer\tt", "BearerX t", " Bearer t", "Bearer, t"] {
            assert_eq!(presented(&headers(&[("Authorization", &[value])])), "not a bearer token", "{value:?}");
        }
    }

    #[test]
    fn a_header_that_is_no_string_is_no_token() {
        assert_eq!(presented(&json!({"headers": {"authorization": 7}})), "not a bearer token");
        assert_eq!(presented(&json!({"multiValueHeaders": {"x-api-token": [null]}})), "one: ");
    }
}
