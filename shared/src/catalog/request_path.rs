//! The path that decides: the one in the ARN that API Gateway evaluates.
//!
//! Gateways, proxies and frameworks differ in what they make of odd paths. Whatever could
//! make two of them read different names is refused, instead of guessing which is right.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::fold::{compatibility_form, fold};
use crate::grants::resource::is_segment;

/// A request's path, decoded once: its names divided by single slashes, without a slash at
/// either end. Empty for the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath(String);

/// The path can be read in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousPath;

impl RequestPath {
    /// Reads a path as it stands in an ARN, without its leading slash.
    ///
    /// One slash at the end is ignored, as API Gateway ignores it.
    ///
    /// # Errors
    /// For `.` and `..`, empty names, encoded or backward slashes, `;`, `*`, `?`, control
    /// characters, double encoding, and what is not UTF-8; for compatibility forms of these (NFKC); and
    /// for names of white space, dots and invisible characters alone.
    pub fn parse(raw: &str) -> Result<Self, AmbiguousPath> {
        let raw = raw.strip_suffix('/').unwrap_or(raw);
        if raw.is_empty() {
            return Ok(Self(String::new()));
        }
        let names: Vec<String> = raw.split('/').map(name).collect::<Result<_, _>>()?;
        Ok(Self(names.join("/")))
    }

    /// A path of these names, which nobody sent.
    pub(crate) fn of(names: &[String]) -> Self {
        Self(names.join("/"))
    }

    /// The whole path, as the name of a resource.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first name; empty for the root.
    #[must_use]
    pub fn first(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// Its names; none for the root.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }
}

fn name(raw: &str) -> Result<String, AmbiguousPath> {
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| AmbiguousPath)?;
    // A `%` that is left is a broken escape or a double encoding: is_segment refuses both. A backend
    // that normalises Unicode must not find in it what is refused here, nor one that trims names nothing.
    let good = is_segment(&decoded) && is_segment(&compatibility_form(&decoded)) && !fold(&decoded).is_empty();
    if good { Ok(decoded.into_owned()) } else { Err(AmbiguousPath) }
}

impl fmt::Display for RequestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_decoded_once() {
        for (raw, read) in [
            ("", ""),
            ("/", ""),
            ("apps", "apps"),
            ("apps/billing/", "apps/billing"),
            ("apps/my%20app", "apps/my app"),
            ("apps/b%C3%BCro", "apps/büro"),
            ("Apps/Billing", "Apps/Billing"),
            ("a/b:c@d,e+f=g$h!", "a/b:c@d,e+f=g$h!"),
        ] {
            assert_eq!(RequestPath::parse(raw).unwrap().as_str(), read, "{raw}");
        }
    }

    #[test]
    fn a_path_that_two_programs_could_read_differently_is_refused() {
        for raw in [
            "..",
            ".",
            "a/../b",
            "a/./b",
            "a/..",
            "%2e%2e/b",
            "a/%2E./b",
            ".%2e",
            "//",
            "a//b",
            "/a",
            "a//",
            "a%2Fb",
            "a%2fb",
            "a\\b",
            "a%5Cb",
            "a;x/b",
            "a/..;/b",
            "a%3Bx",
            "a%252e",
            "a%25",
            "a%",
            "a%2",
            "a%zz",
            "100%",
            "a*",
            "*",
            "a/?",
            "a%2A",
            "a%3F",
            "a\0b",
            "a%00",
            "a%0d%0a",
            "a\nb",
            "a%7f",
            "a\u{85}b",
            "a%ff",
            "a%c0%ae",
            // Compatibility forms of these, and names of which a backend may leave nothing.
            "a%EF%BC%8Fb",
            "a/%EF%BC%8E%EF%BC%8E/b",
            "a%EF%BC%9Bx",
            "a%EF%BC%9Fx",
            "a%EF%BC%BCb",
            "a%EF%BC%85b",
            "a%E2%84%80",
            "a/...",
            "a/%20",
            "a/%20/b",
            "a/%E2%80%8B",
            "a/.%E2%80%8B",
            "a/%C2%A0",
            "a/%E3%85%A4",
        ] {
            assert_eq!(RequestPath::parse(raw), Err(AmbiguousPath), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn a_path_that_was_read_is_read_the_same_again(raw in "[a-zA-Z0-9/.%;é ~-]{0,30}") {
            if let Ok(path) = RequestPath::parse(&raw) {
                prop_assert_eq!(RequestPath::parse(path.as_str()).unwrap(), path);
            }
        }

        #[test]
        fn nothing_that_is_sent_panics(raw: String) {
            let _ = RequestPath::parse(&raw);
        }
    }
}
