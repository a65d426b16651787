//! The stages to flush, as the operator lists them: `rest:a1b2c3d4e5/v1,http:f6g7h8/$default`.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const MAX_ID_LENGTH: usize = 64;
const MAX_NAME_LENGTH: usize = 128;
/// The only stage name of HTTP APIs with characters beyond letters, digits, `-` and `_`.
const DEFAULT_STAGE: &str = "$default";

/// Characters to encode in a path segment: everything that RFC 3986 reserves.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Stages of APIs without duplicates, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stages(Vec<Stage>);

/// A stage of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    kind: Kind,
    api: String,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rest,
    Http,
}

impl Stages {
    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over the stages.
    pub fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.0.iter()
    }
}

impl Stage {
    /// Path of the stage's authorizer cache in API Gateway's control plane.
    pub(super) fn path(&self) -> String {
        let above = match self.kind {
            Kind::Rest => "/restapis",
            Kind::Http => "/v2/apis",
        };
        let name = utf8_percent_encode(&self.name, RESERVED);
        format!("{above}/{}/stages/{name}/cache/authorizers", self.api)
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let kind = match kind {
            "rest" => Kind::Rest,
            "http" => Kind::Http,
            _ => return None,
        };
        let (api, name) = rest.split_once('/')?;
        (is_id(api) && (is_name(name) || kind == Kind::Http && name == DEFAULT_STAGE)).then(|| Self {
            kind,
            api: api.to_owned(),
            name: name.to_owned(),
        })
    }
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_NAME_LENGTH).contains(&text.len()) && text.bytes().all(fits)
}

impl FromStr for Stages {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut stages = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
            let stage = Stage::parse(entry).ok_or_else(|| {
                format!(
                    "must be a comma separated list of rest:<api id>/<stage> and http:<api id>/<stage>, \
                     and {entry:?} is neither"
                )
            })?;
            if !stages.contains(&stage) {
                stages.push(stage);
            }
        }
        Ok(Self(stages))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Rest => "rest",
            Kind::Http => "http",
        };
        write!(f, "{kind}:{}/{}", self.api, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        text.parse::<Stages>().unwrap().iter().map(Stage::path).collect()
    }

    #[test]
    fn rest_and_http_apis_have_different_paths() {
        assert_eq!(
            paths("rest:a1b2c3d4e5/v1, http:f6g7h8i9j0/$default,http:f6g7h8i9j0/Prod_2-x"),
            [
                "/restapis/a1b2c3d4e5/stages/v1/cache/authorizers",
                "/v2/apis/f6g7h8i9j0/stages/%24default/cache/authorizers",
                "/v2/apis/f6g7h8i9j0/stages/Prod_2-x/cache/authorizers",
            ]
        );
    }

    #[test]
    fn an_empty_list_has_no_stages_and_duplicates_are_dropped() {
        for nothing in ["", " ", "\n"] {
            assert!(nothing.parse::<Stages>().unwrap().is_empty(), "{nothing:?}");
        }
        assert!(Stages::default().is_empty());
        assert_eq!(paths("rest:a/v1,http:a/v1,rest:a/v1").len(), 2);
        assert!(!"rest:a/v1".parse::<Stages>().unwrap().is_empty());
    }

    #[test]
    fn a_stage_prints_as_it_was_written() {
        let text = "http:f6g7h8i9j0/$default";
        let stages: Stages = text.parse().unwrap();
        assert_eq!(stages.iter().map(ToString::to_string).collect::<Vec<_>>(), [text]);
    }

    #[test]
    fn ids_and_names_have_maximum_lengths() {
        let stage = |id: usize, name: usize| format!("rest:{}/{}", "a".repeat(id), "v".repeat(name));
        assert_eq!(paths(&stage(MAX_ID_LENGTH, MAX_NAME_LENGTH)).len(), 1);
        for (id, name) in [(MAX_ID_LENGTH + 1, 1), (1, MAX_NAME_LENGTH + 1), (0, 1), (1, 0)] {
            assert!(stage(id, name).parse::<Stages>().is_err(), "{id} {name}");
        }
    }

    #[test]
    fn an_invalid_stage_is_rejected_by_name() {
        for wrong in [
            "a1b2c3/v1",
            "rest:a1b2c3",
            "ws:a1b2c3/v1",
            "REST:a1b2c3/v1",
            "rest:A1B2C3/v1",
            "rest:a-b/v1",
            "rest:a1b2c3/v1/x",
            "rest:a1b2c3/..",
            "rest:a1b2c3/v 1",
            "rest:a1b2c3/v1?x",
            "rest:a1b2c3/%24default",
            "rest:a1b2c3/é",
            // Only HTTP APIs have `$default`, and no other name with a dollar.
            "rest:a1b2c3/$default",
            "http:a1b2c3/$other",
        ] {
            for text in [wrong.to_owned(), format!("rest:abc/v1,{wrong}"), format!("{wrong},rest:abc/v1")] {
                let error = text.parse::<Stages>().unwrap_err();
                assert!(error.contains("rest:<api id>/<stage>") && error.contains(&format!("{wrong:?} is")), "{error}");
            }
        }
        for gap in [",", "rest:abc/v1,", ",rest:abc/v1", "rest:abc/v1,,rest:abc/v2"] {
            assert!(gap.parse::<Stages>().unwrap_err().contains("\"\" is neither"), "{gap}");
        }
    }
}
