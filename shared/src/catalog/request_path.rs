//! The request path that the decision is about, from the ARN that API Gateway evaluates.
//!
//! Gateways, proxies and frameworks normalize unusual paths differently. Any path that two of them could read
//! differently is refused.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::fold::{compatibility_form, fold};
use crate::grants::resource::is_segment;

/// A request's path, decoded once: names separated by single slashes, without leading and trailing slashes. Empty
/// for the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath(String);

/// Error: the path can be read in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousPath;

impl RequestPath {
    /// Parses a path from an ARN, without its leading slash.
    ///
    /// One trailing slash is ignored, as API Gateway ignores it.
    ///
    /// # Errors
    /// For `.` and `..`, empty segments, encoded slashes, backslashes, `;`, `*`, `?`, control characters,
    /// double encoding and invalid UTF-8; for compatibility forms of these (NFKC); and for segments that
    /// consist of white space, dots and invisible characters.
    pub fn parse(raw: &str) -> Result<Self, AmbiguousPath> {
        let raw = raw.strip_suffix('/').unwrap_or(raw);
        if raw.is_empty() {
            return Ok(Self(String::new()));
        }
        let names: Vec<String> = raw.split('/').map(name).collect::<Result<_, _>>()?;
        Ok(Self(names.join("/")))
    }

    /// Builds a path from names, for paths that no client sent.
    pub(crate) fn from_names(names: &[String]) -> Self {
        Self(names.join("/"))
    }

    /// The whole path, as a resource name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first segment; empty for the root.
    #[must_use]
    pub fn first(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The segments; none for the root.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }
}

fn name(raw: &str) -> Result<String, AmbiguousPath> {
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| AmbiguousPath)?;
    // A `%` that remains is a broken escape or a double encoding, which is_segment refuses. The NFKC form is
    // checked too, for backends that normalize Unicode, and trimmed segments must not be empty.
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
    fn an_ambiguous_path_is_refused() {
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
            // Compatibility forms of these, and segments that a backend may trim to nothing.
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

    /// The path by a second implementation, for ASCII: names with escapes decoded once.
    fn documented(raw: &str) -> Option<String> {
        let raw = raw.strip_suffix('/').unwrap_or(raw);
        if raw.is_empty() {
            return Some(String::new());
        }
        let mut names = Vec::new();
        for raw in raw.split('/') {
            let (mut name, mut rest) = (String::new(), raw);
            while let Some(next) = rest.chars().next() {
                let escaped = rest.strip_prefix('%').and_then(|rest| rest.get(..2));
                let byte = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                name.push(byte.map_or(next, char::from));
                rest = &rest[if byte.is_some() { 3 } else { 1 }..];
            }
            if name.chars().all(|c| c == '.') || name.contains(['/', '%', '\\', '*']) || !name.is_ascii() {
                return None;
            }
            names.push(name);
        }
        Some(names.join("/"))
    }

    #[test]
    fn every_short_path_is_read_as_documented() {
        let mut raws = vec![String::new()];
        let mut last = raws.clone();
        for _ in 0..6 {
            let longer = |raw: &String| ["/", ".", "%", "2", "e", "f", "\\", "a", "*"].map(|c| format!("{raw}{c}"));
            last = last.iter().flat_map(longer).collect();
            raws.extend_from_slice(&last);
        }
        for raw in raws {
            let read = RequestPath::parse(&raw).ok().map(|path| path.0);
            assert_eq!(read, documented(&raw), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_a_parsed_path_changes_nothing(raw in "[a-zA-Z0-9/.%;é ~-]{0,30}") {
            if let Ok(path) = RequestPath::parse(&raw) {
                prop_assert_eq!(RequestPath::parse(path.as_str()).unwrap(), path);
            }
        }

        #[test]
        fn parsing_never_panics(raw: String) {
            let _ = RequestPath::parse(&raw);
        }
    }
}
