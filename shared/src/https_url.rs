//! URLs that are safe to send credentials to or fetch keys from.

use std::net::IpAddr;

/// An `https` URL, or `http` on a loopback address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Parses a URL; `None` if it is neither `https` nor loopback, or could be read as another host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Self(text.to_owned());
        let (scheme, authority) = url.origin().split_once("://")?;
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        // Text before an @ looks like a host but is not one.
        let good = printable && !url.host().is_empty() && !authority.contains('@');
        (good && (scheme == "https" || scheme == "http" && url.is_loopback())).then_some(url)
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        let after = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0.get(after..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(self.0.len(), |at| after + at);
        self.0.get(..end).unwrap_or_default()
    }

    /// The host; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.origin().split_once("://").map_or("", |(_, authority)| authority);
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// Whether the host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.host().trim_start_matches('[').trim_end_matches(']').parse();
        self.host() == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// The URL as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL with a path appended.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        Self(format!("{}{path}", self.0.trim_end_matches('/')))
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}
