//! Sign-in form: name, groups and lifetime of the session.

use crate::gateway::query_parameters;
use lambda_http::Body;
use portcullis::http::{JsonFields, MAX_BYTES, Problem};
use portcullis::text::{OwnerId, contains_credential, unprintable};
use portcullis::validation::ValidationError;
use serde_json::json;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Fields of the form.
pub(super) const FIELDS: [&str; 3] = ["name", "groups", "expires_in"];
const KNOWN: &str = "name, groups, expires_in";
const MAX_GROUPS: usize = 50;
/// Eight hours, a working day.
const DEFAULT_EXPIRES_IN: u32 = 28_800;
const MAX_EXPIRES_IN: u32 = 86_400;

/// The requested session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignInForm {
    pub(super) owner: OwnerId,
    pub(super) groups: Vec<Group>,
    /// In seconds.
    pub(super) expires_in: u32,
}

/// Name of a group: 1 to 128 visible characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group(pub(super) String);

impl SignInForm {
    /// Reads a form.
    ///
    /// # Errors
    /// 400 with all invalid fields; 413 if it is too large.
    pub(super) fn read(form: &[u8]) -> Result<Self, Problem> {
        if form.len() > MAX_BYTES {
            return Err(Problem::body_too_large(MAX_BYTES));
        }
        Self::from_parameters(&query_parameters(&String::from_utf8_lossy(form)))
    }

    /// Reads the fields from a form with further fields.
    ///
    /// # Errors
    /// 400 with all invalid fields.
    pub(super) fn from_parameters(form: &BTreeMap<String, Vec<String>>) -> Result<Self, Problem> {
        let mut fields = JsonFields::read(&Body::Text(to_json(form)))?;
        let owner = fields.required("name");
        let groups = fields.list("groups", MAX_GROUPS).unwrap_or_default();
        let expires_in = fields.optional_with("expires_in", seconds).unwrap_or(DEFAULT_EXPIRES_IN);
        fields.finish(KNOWN)?;
        // finish() has already refused a missing name.
        let owner = owner.ok_or_else(Problem::internal)?;
        Ok(Self { owner, groups, expires_in })
    }
}

/// The form as a JSON object. A field that was sent twice is in it twice; an empty one is left out,
/// except the name.
fn to_json(form: &BTreeMap<String, Vec<String>>) -> String {
    let all = form.iter().flat_map(|(field, values)| values.iter().map(move |value| (field, value)));
    let members = all.filter_map(|(field, value)| {
        let value = match field.as_str() {
            "groups" => {
                let groups: Vec<_> = value.split([',', ' ', '\r', '\n']).filter(|group| !group.is_empty()).collect();
                (!groups.is_empty()).then(|| json!(groups))
            }
            "expires_in" => (!value.is_empty()).then(|| json!(value)),
            _ => Some(json!(value)),
        };
        Some(format!("{}:{}", json!(field), value?))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn seconds(text: &str) -> Result<u32, ValidationError> {
    let seconds = text.parse().ok().filter(|seconds| (1..=MAX_EXPIRES_IN).contains(seconds));
    seconds.ok_or_else(|| ValidationError(format!("must be a whole number of seconds from 1 to {MAX_EXPIRES_IN}")))
}

impl FromStr for Group {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let length = text.chars().count();
        if !(1..=128).contains(&length) {
            return Err(ValidationError(format!("must be 1 to 128 characters; it has {length}")));
        }
        if text.chars().any(unprintable) {
            return Err(ValidationError("must not hold control and invisible characters".to_owned()));
        }
        if contains_credential(text) {
            return Err(ValidationError("must not contain an API token or a JWT".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str) -> Result<(String, Vec<String>, u32), Vec<String>> {
        match SignInForm::read(form.as_bytes()) {
            Ok(SignInForm { owner, groups, expires_in }) => {
                Ok((owner.to_string(), groups.into_iter().map(|group| group.0).collect(), expires_in))
            }
            Err(problem) => {
                let problem = json!(problem);
                let errors = problem["errors"].as_array().cloned().unwrap_or_default();
                let sentence = |error: &serde_json::Value| {
                    format!("{} {}", error["field"].as_str().unwrap(), error["message"].as_str().unwrap())
                };
                Err(errors.iter().map(sentence).collect())
            }
        }
    }

    fn groups(form: &str) -> Vec<String> {
        read(&format!("name=a&groups={form}")).unwrap().1
    }

    #[test]
    fn a_name_is_enough_and_lasts_eight_hours() {
        let alice = ("alice".to_owned(), vec![], 28_800);
        assert_eq!(read("name=alice"), Ok(alice.clone()));
        assert_eq!(read("name=alice&groups=&expires_in="), Ok(alice.clone()));
        assert_eq!(read("groups=+%2C+&name=%61lice"), Ok(alice));
        assert_eq!(read("name=a%40b&expires_in=86400").unwrap().2, 86_400);
        assert_eq!(read("name=a&expires_in=1").unwrap().2, 1);
    }

    #[test]
    fn groups_are_separated_by_commas_or_spaces() {
        assert_eq!(groups("portcullis-admin,other"), ["portcullis-admin", "other"]);
        assert_eq!(groups("+b%2C%2Ca++b%0D%0Ac+"), ["b", "a", "c"]);
        assert_eq!(groups("%C3%BC/x:%3Cy%3E"), ["ü/x:<y>"]);
        assert_eq!(groups(&"x".repeat(128)).len(), 1);
        assert_eq!(groups(&(1..=50).map(|n| n.to_string()).collect::<Vec<_>>().join(",")).len(), 50);
    }

    #[test]
    fn every_offending_field_is_named_at_once() {
        let form = "name=%C3%BC&groups=ok,%01,%FF&expires_in=0&role=admin";
        assert_eq!(
            read(form).unwrap_err(),
            [
                "name must be printable ASCII",
                "groups[1] must not hold control and invisible characters",
                "groups[2] must not hold control and invisible characters",
                "expires_in must be a whole number of seconds from 1 to 86400",
                "role is unknown; use one of name, groups, expires_in",
            ]
        );
        assert_eq!(read("").unwrap_err(), ["name is required"]);
        assert_eq!(read("name=").unwrap_err(), ["name must be 1 to 255 characters; it has 0"]);
    }

    #[test]
    fn oversized_and_duplicate_fields_are_refused() {
        let many = (1..=51).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        for (form, about) in [
            ("name=a&name=b".to_owned(), "name must be given once"),
            ("name=a&groups=x&groups=y".to_owned(), "groups must be given once"),
            (format!("name=a&groups={many}"), "groups must have 1 to 50 entries; it has 51"),
            (format!("name=a&groups={}", "x".repeat(129)), "groups[0] must be 1 to 128 characters; it has 129"),
            (format!("name={}", "x".repeat(256)), "name must be 1 to 255 characters; it has 256"),
        ] {
            assert_eq!(read(&form).unwrap_err(), [about], "{form}");
        }
        for seconds in ["86401", "-1", "1.5", "1h", "99999999999"] {
            assert!(read(&format!("name=a&expires_in={seconds}")).is_err(), "{seconds}");
        }
        let long = format!("name=a{}", "&".repeat(MAX_BYTES));
        assert!(read(&long).is_err(), "the form is measured, not what it means");
    }

    #[test]
    fn a_pasted_token_is_never_signed() {
        let token = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJhbGljZSJ9", "c2lnbmF0dXJl"].join(".");
        assert!(read(&format!("name={token}")).is_err());
        let errors = read(&format!("name=a&groups={token}&{token}=x")).unwrap_err();
        assert_eq!(errors.len(), 2);
        assert!(!errors.concat().contains("c2lnbmF0dXJl"), "{errors:?}");
    }
}
