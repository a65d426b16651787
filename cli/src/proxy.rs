//! HTTP proxy settings of the environment, read as curl reads them. The HTTP client's own support is not used: it
//! ignores invalid settings, and in `NO_PROXY` does not support networks, spaces and subdomains of a bare domain.

use std::net::IpAddr;

use ipnet::IpNet;
use ureq::Proxy;

use crate::CliError;
use crate::config::variable;

/// Environment variables with the proxy URL; the first one that is set is used.
const VARIABLES: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];

/// The proxy for a host.
///
/// # Errors
/// When the setting is not a proxy URL. The message omits it, because it may contain a password.
pub(crate) fn for_host(host: &str) -> Result<Option<Proxy>, CliError> {
    let Some((name, url)) = first(&VARIABLES)? else { return Ok(None) };
    if first(&["no_proxy", "NO_PROXY"])?.is_some_and(|(_, list)| is_listed(host, &list)) {
        return Ok(None);
    }
    let proxy = Proxy::new(&url).ok().filter(has_valid_authority);
    let wrong = || CliError::usage(format!("{name} is not a proxy URL"));
    proxy.map(Some).ok_or_else(|| {
        wrong().with_hint("use a URL such as http://proxy.example.com:3128, with http, https, socks4 or socks5")
    })
}

fn first<'a>(names: &[&'a str]) -> Result<Option<(&'a str, String)>, CliError> {
    for name in names {
        if let Some(value) = variable(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// Whether a proxy has a host and, if any, a valid port. The HTTP client replaces an invalid port by the default.
fn has_valid_authority(proxy: &Proxy) -> bool {
    let Some(authority) = proxy.uri().authority() else { return false };
    let host_and_port = authority.as_str().rsplit('@').next().unwrap_or_default();
    let port = host_and_port.strip_prefix(authority.host()).unwrap_or_default();
    let is_port = |port: &str| port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    !authority.host().is_empty() && (port.is_empty() || is_port(port))
}

/// Whether `NO_PROXY` lists a host, as curl reads it (`lib/noproxy.c`): names including subdomains, addresses and
/// networks, or a single `*` for all hosts. Other entries with `*` or brackets match nothing; `/0` matches one address.
fn is_listed(host: &str, list: &str) -> bool {
    if list == "*" {
        return true;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ', '\t']).any(|entry| match address {
        Some(address) => entry.parse() == Ok(address) || entry.parse().is_ok_and(|network| contains(network, address)),
        None => is_in_domain(host, entry),
    })
}

fn contains(network: IpNet, address: IpAddr) -> bool {
    if network.prefix_len() == 0 { network.addr() == address } else { network.contains(&address) }
}

/// Whether a name equals a domain, which may begin with a dot, or is a subdomain of it.
fn is_in_domain(name: &str, domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let (name, domain) = (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
    let above = name.strip_suffix(&domain).filter(|_| !domain.is_empty());
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (list, host, listed) in [
            ("example.com", "example.com", true),
            ("example.com", "api.example.com", true),
            ("example.com", "a.b.EXAMPLE.com", true),
            ("Example.COM.", "example.com.", true),
            ("example.com", "notexample.com", false),
            ("example.com", "example.com.evil", false),
            ("example.com:80", "example.com", false),
            (".example.com", "example.com", true),
            (".example.com", "api.example.com", true),
            (".example.com", "notexample.com", false),
            ("..example.com", "api.example.com", false),
            ("*.example.com", "api.example.com", false),
            ("*.example.com", "example.com", false),
            ("*example.com", "example.com", false),
            ("a.example, b.example ,\tc.example", "b.example", true),
            ("a.example, b.example ,\tc.example", "c.example", true),
            ("a.example b.example", "b.example", true),
            ("a.example\nb.example", "b.example", false),
            ("a.example,, ,b.example", "b.example", true),
            ("*", "example.com", true),
            ("*", "192.0.2.1", true),
            ("*", "2001:db8::1", true),
            ("a.example, *", "example.com", false),
            ("*,a.example", "example.com", false),
            ("*,", "192.0.2.1", false),
            ("", "example.com", false),
            (" , .", "example.com", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.10", false),
            ("192.0.2.1:80", "192.0.2.1", false),
            (".192.0.2.1", "192.0.2.1", false),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.77/24", "192.0.2.1", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.1/32", "192.0.2.1", true),
            ("0.0.0.0/0", "192.0.2.1", false),
            ("192.0.2.1/0", "192.0.2.1", true),
            ("192.0.2.1/0", "192.0.2.2", false),
            ("192.0.2.0/33", "192.0.2.0", false),
            ("192.0.2.0/24", "192.0.2.0.example", false),
            ("::ffff:192.0.2.1", "192.0.2.1", false),
            ("2001:db8::1", "2001:0db8::0001", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", false),
            ("2001:db8::1/0", "2001:db8::1", true),
            ("[2001:db8::1]", "2001:db8::1", false),
            ("[2001:db8::]/32", "2001:db8::1", false),
            ("2", "192.0.2.2", false),
        ] {
            assert_eq!(is_listed(host, list), listed, "{host} in {list:?}");
        }
    }

    #[test]
    fn a_proxy_needs_a_host_and_a_valid_port() {
        let accepts = |text: &str| Proxy::new(text).ok().filter(has_valid_authority).is_some();
        for good in [
            "http://proxy",
            "proxy:3128",
            "https://u:p@proxy.example:1",
            "socks5://127.0.0.1:1080",
            "http://[::1]:3128/",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in ["http://proxy:99999", "http://proxy:x", "http://:80", "http://", "", "gopher://proxy", "a b"] {
            assert!(!accepts(bad), "{bad}");
        }
    }
}
