//! Origin check: only programs on this machine and the sign-in's own page may call the sign-in. Pages
//! of other sites, which run in browsers on this machine too, are refused.

use crate::gateway::IncomingRequest;
use http::header::{AsHeaderName, HOST, ORIGIN};
use http::{HeaderMap, Method};
use std::net::SocketAddr;

/// The names of this server.
pub(super) struct OriginCheck {
    hosts: Vec<String>,
}

impl OriginCheck {
    pub(super) fn new(address: SocketAddr) -> Self {
        let port = address.port();
        let mut hosts = vec![
            address.to_string(),
            format!("localhost:{port}"),
            format!("127.0.0.1:{port}"),
            format!("[::1]:{port}"),
        ];
        // The default port of `http`.
        let short: Vec<_> = hosts.iter().filter_map(|host| host.strip_suffix(":80")).map(str::to_owned).collect();
        hosts.extend(short);
        Self { hosts }
    }

    /// The reason to refuse a request, if there is one.
    pub(super) fn refusal(&self, incoming: &IncomingRequest) -> Option<&'static str> {
        let headers = &incoming.headers;
        // DNS rebinding: a foreign name that resolves to this machine makes a foreign page
        // same-origin, but the Host header still has the foreign name.
        let host = only(headers, HOST).filter(|host| self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)));
        let Some(host) = host else {
            return Some("This URL does not name this machine. Use the URL that is printed at the start.");
        };
        if incoming.method != Method::POST {
            return None;
        }
        // Another port of this machine is another origin, but `same-site` to browsers.
        let ours = format!("http://{host}");
        let foreign = headers.contains_key(ORIGIN)
            && !only(headers, ORIGIN).is_some_and(|origin| origin.eq_ignore_ascii_case(&ours));
        let crossed = headers.contains_key("sec-fetch-site")
            && !only(headers, "sec-fetch-site").is_some_and(|site| matches!(site, "same-origin" | "none"));
        (foreign || crossed).then_some(
            "Other sites cannot sign you in. Sign in from the console or with the command `portcullis login`.",
        )
    }
}

/// The value of a header that occurs once.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::fixture::get;
    use http::HeaderName;

    const HOST: &str = "host";
    const ORIGIN: &str = "origin";
    const SITE: &str = "sec-fetch-site";

    fn refused_at(address: &str, method: Method, headers: &[(&str, &str)]) -> bool {
        let mut incoming = get("/dev/sign-in");
        incoming.method = method;
        for (name, value) in headers {
            incoming.headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        OriginCheck::new(address.parse().unwrap()).refusal(&incoming).is_some()
    }

    fn refused(method: Method, headers: &[(&str, &str)]) -> bool {
        refused_at("127.0.0.2:9050", method, headers)
    }

    #[test]
    fn only_loopback_hosts_are_answered() {
        for host in ["127.0.0.2:9050", "127.0.0.1:9050", "localhost:9050", "LocalHost:9050", "[::1]:9050"] {
            assert!(!refused(Method::GET, &[(HOST, host)]), "{host}");
        }
        for host in [
            "",
            "localhost",
            "localhost:80",
            "localhost:9051",
            "127.0.0.3:9050",
            "evil.example:9050",
            "localhost.evil.example:9050",
            "evil.example",
            "localhost:9050.",
            "a@localhost:9050",
        ] {
            for method in [Method::GET, Method::POST] {
                assert!(refused(method, &[(HOST, host)]), "{host}");
            }
        }
        assert!(refused(Method::GET, &[]));
        assert!(refused(Method::GET, &[(HOST, "localhost:9050"), (HOST, "evil.example")]));
        assert!(!refused_at("127.0.0.1:80", Method::GET, &[(HOST, "localhost")]));
    }

    #[test]
    fn another_sites_page_cannot_post() {
        let host = (HOST, "localhost:9050");
        for good in [
            &[][..],
            &[(ORIGIN, "http://localhost:9050")],
            &[(ORIGIN, "http://localhost:9050"), (SITE, "same-origin")],
            &[(SITE, "none")],
        ] {
            assert!(!refused(Method::POST, &[&[host], good].concat()), "{good:?}");
        }
        for bad in [
            &[(ORIGIN, "http://evil.example")][..],
            &[(ORIGIN, "null")],
            &[(ORIGIN, "")],
            &[(ORIGIN, "https://localhost:9050")],
            &[(ORIGIN, "http://localhost:3000")],
            &[(ORIGIN, "http://127.0.0.1:9050")],
            &[(ORIGIN, "http://localhost:9050"), (ORIGIN, "http://evil.example")],
            &[(ORIGIN, "http://localhost:9050"), (SITE, "cross-site")],
            &[(SITE, "cross-site")],
            &[(SITE, "same-site")],
            &[(SITE, "same-origin"), (SITE, "cross-site")],
        ] {
            assert!(refused(Method::POST, &[&[host], bad].concat()), "{bad:?}");
        }
    }

    #[test]
    fn any_site_may_link_to_the_page() {
        let headers = [(HOST, "localhost:9050"), (ORIGIN, "http://evil.example"), (SITE, "cross-site")];
        assert!(!refused(Method::GET, &headers));
    }
}
