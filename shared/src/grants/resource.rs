//! A resource: a path-like name, or a pattern of names.

use std::fmt;
use std::str::FromStr;

use crate::text::path_issues;
use crate::validation::ValidationError;

/// Maximum length of a resource, in characters.
const MAX_LENGTH: usize = 256;

/// The resource of a grant: `app/billing` (itself and all below), `app/*` (only what is below), or `*`
/// (everything).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// `*`
    All,
    /// `app/billing`
    Subtree(String),
    /// `app/*`, stored without the `/*`
    Descendants(String),
}

impl Resource {
    /// Builds the resource from storage without re-validating it, so that stricter rules never make a stored
    /// record unreadable.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        match (text, text.strip_suffix("/*")) {
            ("*", _) => Self::All,
            (_, Some(root)) => Self::Descendants(root.to_owned()),
            (root, None) => Self::Subtree(root.to_owned()),
        }
    }

    /// Whether the resource covers this name.
    #[must_use]
    pub fn covers_name(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Subtree(root) => name == root || is_below(name, root),
            Self::Descendants(root) => is_below(name, root),
        }
    }

    /// Whether the resource covers everything that `other` covers.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (_, Self::All) => false,
            (_, Self::Subtree(root)) => self.covers_name(root),
            (Self::Subtree(mine) | Self::Descendants(mine), Self::Descendants(root)) => {
                root == mine || is_below(root, mine)
            }
        }
    }
}

fn is_below(name: &str, root: &str) -> bool {
    name.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

impl FromStr for Resource {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let count = text.chars().count();
        if !(1..=MAX_LENGTH).contains(&count) {
            return Err(ValidationError::new(format!("must be 1 to {MAX_LENGTH} characters; it has {count}")));
        }
        let name = text.strip_suffix("/*").unwrap_or(text);
        if text != "*" && !name.split('/').all(is_segment) {
            return Err(ValidationError::new(
                "must be a path such as apps/billing or apps/*: no slash at the start or end, no double slashes, no '.' or '..', and none of \\ ; ? % * or control characters in a name",
            ));
        }
        path_issues(name).next().map_or_else(|| Ok(Self::from_stored(text)), |issue| Err(ValidationError::new(issue)))
    }
}

/// Whether a text may be a segment of a resource or of a request's decoded path: only if every backend reads it
/// as the same name.
pub(crate) fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && !segment.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ';' | '?' | '%' | '*'))
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Subtree(root) => f.write_str(root),
            Self::Descendants(root) => write!(f, "{root}/*"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn resource(text: &str) -> Resource {
        text.parse().unwrap()
    }

    pub(crate) fn any_resource() -> impl Strategy<Value = Resource> {
        "\\*|[ab](/[ab]){0,3}(/\\*)?".prop_map(|text| resource(&text))
    }

    fn any_name() -> impl Strategy<Value = String> {
        "[ab](/[ab]){0,4}"
    }

    #[test]
    fn a_resource_is_names_divided_by_single_slashes() {
        for good in ["*", "app", "app/billing", "app/*", "App/My Büro/v1.2", "a/b/c/*", "..."] {
            assert_eq!(resource(good).to_string(), good);
        }
        let long = "x".repeat(257);
        for bad in [
            "",
            "/",
            "/app",
            "app/",
            "a//b",
            "a/../b",
            "./a",
            "a/*/b",
            "*/a",
            "a*",
            "a\\b",
            "a;b",
            "a%2fb",
            "a\n",
            "/*",
            " app",
            "app ",
            " ",
            "app /*",
            "\u{3000}app/x",
            "app/x\u{a0}",
            "\u{3164}",
            "\u{200b}\u{2800}/*",
            "app/\u{200d}/x",
            "app/ /x",
            &long,
        ] {
            assert!(bad.parse::<Resource>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_resource_covers_itself_and_all_below_a_star_only_all_below() {
        for (granted, name, covered) in [
            ("app/billing", "app/billing", true),
            ("app/billing", "app/billing/builds", true),
            ("app/billing", "app/billing2", false),
            ("app/billing", "app", false),
            ("app/billing", "App/billing", false),
            ("app/*", "app/billing", true),
            ("app/*", "app/billing/builds/7", true),
            ("app/*", "app", false),
            ("app/*", "apple/x", false),
            ("*", "", true),
            ("*", "anything/at/all", true),
            ("app", "", false),
        ] {
            assert_eq!(resource(granted).covers_name(name), covered, "{granted} on {name}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_resource_parses_to_itself(resource in any_resource()) {
            prop_assert_eq!(resource.to_string().parse::<Resource>().unwrap(), resource);
        }

        #[test]
        fn covering_means_covering_every_name(a in any_resource(), b in any_resource(), name in any_name()) {
            prop_assert!(!(a.covers(&b) && b.covers_name(&name)) || a.covers_name(&name), "{a} {b} {name}");
        }

        #[test]
        fn an_uncovered_resource_has_an_uncovered_name(a in any_resource(), b in any_resource()) {
            prop_assume!(!a.covers(&b));
            // The names that tell two patterns apart: the root, and one level below it.
            let witnesses = match &b {
                Resource::All => vec![String::new()],
                Resource::Subtree(root) => vec![root.clone(), format!("{root}/z")],
                Resource::Descendants(root) => vec![format!("{root}/z")],
            };
            prop_assert!(witnesses.iter().any(|name| b.covers_name(name) && !a.covers_name(name)), "{a} {b}");
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = text.parse::<Resource>();
        }
    }
}
