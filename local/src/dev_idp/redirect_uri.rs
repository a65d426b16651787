//! Redirect URI: a program on this machine, at any port and path
//! ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An `http` address on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RedirectUri {
    text: String,
    authority: String,
}

impl RedirectUri {
    /// `None` for any other address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        // The port is checked as text: `http` reads an empty or too large one as none.
        let port = authority.as_str().strip_prefix(authority.host())?;
        let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
        let port_is_one = port.is_empty() || port.strip_prefix(':').is_some_and(digits);
        let loopback = uri.scheme_str() == Some("http") && LOOPBACK.contains(&authority.host());
        let fits = loopback && port_is_one && !text.contains('#') && text.starts_with("http://");
        fits.then(|| Self { text: text.to_owned(), authority: authority.to_string() })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The host and the port, for display.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Its source in a content security policy, which cannot express an IPv6 address.
    pub(super) fn source(&self) -> String {
        if self.authority.starts_with('[') { "http:".to_owned() } else { format!("http://{}", self.authority) }
    }

    /// The URI with these query parameters added.
    pub(super) fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut uri = self.text.clone();
        let mut separator = if uri.contains('?') { '&' } else { '?' };
        for (name, value) in parameters {
            uri.push(separator);
            uri.push_str(name);
            uri.push('=');
            uri.extend(utf8_percent_encode(value, UNRESERVED));
            separator = '&';
        }
        uri
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_this_machine_is_reached_at_any_port_and_path() {
        for text in [
            "http://127.0.0.1",
            "http://127.0.0.1:1/",
            "http://127.0.0.1:65535/callback?a=b",
            "http://localhost:9050/console/",
            "http://[::1]:4711/x",
        ] {
            assert_eq!(RedirectUri::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn nothing_else_is_a_redirect_uri() {
        for text in [
            "",
            "/console/",
            "//127.0.0.1/",
            "127.0.0.1:80",
            "https://127.0.0.1/",
            "HTTPS://127.0.0.1/",
            "javascript://127.0.0.1/%0Aalert(1)",
            "http://evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://evil.example@127.0.0.1/",
            "http://127.0.0.1:1@evil.example/",
            "http://127.0.0.1\\@evil.example/",
            "http://127.0.0.1:\\@evil.example/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:/",
            "http://127.0.0.1:+1/",
            "http://127.0.0.2/",
            "http://0.0.0.0/",
            "http://2130706433/",
            "http://[::]/",
            "http://localhost.:1/",
            "http://127.0.0.1/#fragment",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\r\nx: y",
        ] {
            assert_eq!(RedirectUri::parse(text), None, "{text}");
        }
    }

    #[test]
    fn added_parameters_are_encoded_and_others_kept() {
        let uri = RedirectUri::parse("http://127.0.0.1:1/x?a=b").unwrap();
        assert_eq!(
            uri.with(&[("state", "ü&="), ("iss", "x:/")]),
            "http://127.0.0.1:1/x?a=b&state=%C3%BC%26%3D&iss=x%3A%2F"
        );
        assert_eq!(RedirectUri::parse("http://[::1]/").unwrap().with(&[("code", "c")]), "http://[::1]/?code=c");
    }

    #[test]
    fn a_content_security_policy_names_as_little_as_it_can() {
        let source = |text| RedirectUri::parse(text).unwrap().source();
        assert_eq!(source("http://127.0.0.1:4711/x"), "http://127.0.0.1:4711");
        assert_eq!(source("http://[::1]:4711/x"), "http:");
    }
}
