//! A permission: `resource:action`, in which either part may be `*`.

use std::fmt;
use std::str::FromStr;

use crate::text::{ensure_no_credential, redact};
use crate::validation::ValidationError;

/// Maximum length of a permission, in characters. With at most 50 of them, a token's permissions always fit
/// into the authorizer's response (8 KB).
const MAX_LENGTH: usize = 100;

/// A permission: `app:read`, `app:*`, `*:read` or `*`, which covers everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    resource: Part,
    action: Part,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Any,
    Named(String),
}

impl Permission {
    /// The permission that a request on a path beginning with `segment` requires. If no permission can name the
    /// segment (`~user`, `my app`, an empty or too long one, or one that a log would redact), a `*` is
    /// required. So a denial always names a permission that can be granted, and never a secret from a path.
    pub(crate) fn needed(segment: &str, action: &str) -> Self {
        let named = format!("{segment}:{action}").parse().ok().filter(|_| redact(segment) == segment);
        named.unwrap_or_else(|| Self { resource: Part::Any, action: Part::Named(action.to_owned()) })
    }

    /// A built-in permission, from valid parts.
    pub(crate) fn named(resource: &str, action: &str) -> Self {
        Self { resource: Part::Named(resource.to_owned()), action: Part::Named(action.to_owned()) }
    }

    /// Whether one of its parts is `*`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.resource == Part::Any || self.action == Part::Any
    }

    /// The first part, unless it is `*`.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        match &self.resource {
            Part::Any => None,
            Part::Named(name) => Some(name),
        }
    }

    /// The second part, unless it is `*`.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        match &self.action {
            Part::Any => None,
            Part::Named(name) => Some(name),
        }
    }

    /// Builds the permission from storage without re-validating it, so that stricter rules never make a stored
    /// record unreadable. `None` if it cannot be parsed.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { resource: Part::Any, action: Part::Any });
        }
        let (resource, action) = text.split_once(':')?;
        Some(Self { resource: Part::parse(resource)?, action: Part::parse(action)? })
    }

    /// Whether a holder of this permission also holds `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.resource.covers(&other.resource) && self.action.covers(&other.action)
    }
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let named = text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        named.then(|| Self::Named(text.to_owned()))
    }

    fn covers(&self, other: &Self) -> bool {
        *self == Self::Any || self == other
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::Named(name) => name,
        }
    }
}

impl FromStr for Permission {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        if text.len() > MAX_LENGTH {
            return Err(ValidationError::new(format!("must be at most {MAX_LENGTH} characters")));
        }
        ensure_no_credential(text)?;
        Self::from_stored(text).ok_or_else(|| {
            ValidationError::new(
                "must be resource:action, as in app:read; each part is * or a letter or digit and then letters, digits, '.', '_' and '-'",
            )
        })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.resource, &self.action) {
            (Part::Any, Part::Any) => f.write_str("*"),
            (resource, action) => {
                f.write_str(resource.as_str())?;
                f.write_str(":")?;
                f.write_str(action.as_str())
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::secret::plaintext::tests::secret;
    use proptest::prelude::*;

    pub(crate) fn permission(text: &str) -> Permission {
        text.parse().unwrap()
    }

    pub(crate) fn any_permission() -> impl Strategy<Value = Permission> {
        "(\\*|a|b|[a-z][a-z0-9.-]{0,6}):(\\*|read|write|[a-z]{1,6})".prop_map(|text| permission(&text))
    }

    #[test]
    fn a_permission_is_two_parts_and_a_colon() {
        for good in ["app:read", "*:read", "app:*", "*", "Helm-App.v2:get_all", "0:1"] {
            assert_eq!(permission(good).to_string(), good);
        }
        assert_eq!(permission("*:*").to_string(), "*");
        let long = format!("a:{}", "b".repeat(99));
        for bad in
            ["", ":", "a:", ":b", "a", "a b:c", "a:b:c", " a:b", "a:b ", "a:**", "a*:b", "-a:b", "ä:b", "a:b\n", &long]
        {
            assert!(bad.parse::<Permission>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_pasted_token_is_no_permission() {
        let token = secret("pcl", 7);
        let token = token.expose_secret();
        assert!(format!("{token}:read").parse::<Permission>().is_err());
        assert!(format!("app:{token}").parse::<Permission>().is_err());
    }

    #[test]
    fn a_wildcard_part_covers_any_value_of_that_part() {
        for (granted, asked, covered) in [
            ("app:read", "app:read", true),
            ("app:read", "app:write", false),
            ("app:read", "App:read", false),
            ("app:*", "app:read", true),
            ("app:*", "apps:read", false),
            ("*:read", "app:read", true),
            ("*:read", "app:write", false),
            ("*", "app:read", true),
            ("*", "*", true),
            ("app:*", "*:read", false),
            ("app:read", "app:*", false),
            ("*:read", "*", false),
        ] {
            assert_eq!(permission(granted).covers(&permission(asked)), covered, "{granted} ⊇ {asked}");
        }
    }

    #[test]
    fn a_path_that_no_permission_can_name_requires_a_wildcard() {
        let (long, token) = ("a".repeat(96), format!("pcl_{}", "a1".repeat(33)));
        for odd in ["", "~user", "my app", "a:b", "a:", "é", "*", &long, &token] {
            let needed = Permission::needed(odd, "read");
            assert!(permission("*:read").covers(&needed), "{odd:?}");
            assert!(!permission("app:*").covers(&needed), "{odd:?}");
            assert_eq!(needed.to_string(), "*:read");
        }
    }

    proptest! {
        #[test]
        fn a_printed_permission_parses_to_itself(permission in any_permission()) {
            prop_assert_eq!(permission.to_string().parse::<Permission>().unwrap(), permission);
        }

        #[test]
        fn covering_is_a_partial_order(a in any_permission(), b in any_permission(), c in any_permission()) {
            prop_assert!(a.covers(&a));
            prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c));
            prop_assert!(!(a.covers(&b) && b.covers(&a)) || a == b);
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = text.parse::<Permission>();
        }
    }
}
