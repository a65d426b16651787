//! The proxy that a host is reached through, as the environment names it. The HTTP client reads these variables too,
//! but takes a setting that it cannot read for none, and of `NO_PROXY` neither networks nor blanks nor the subdomains
//! of a bare domain. What curl reads there is what people write.

use std::net::IpAddr;

use ipnet::IpNet;
use ureq::Proxy;

use crate::CliError;
use crate::config::variable;

/// The variables with a proxy; the first one that is set counts.
const VARIABLES: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];

/// The proxy for a host, if there is one.
///
/// # Errors
/// Where the setting is not the URL of a proxy. It is not repeated, as there may be a password in it.
pub(crate) fn of_host(host: &str) -> Result<Option<Proxy>, CliError> {
    let Some((name, url)) = first(&VARIABLES)? else { return Ok(None) };
    if first(&["no_proxy", "NO_PROXY"])?.is_some_and(|(_, list)| is_listed(host, &list)) {
        return Ok(None);
    }
    let proxy = Proxy::new(&url).ok().filter(has_place);
    let wrong = || CliError::usage(format!("{name} is not the URL of a proxy"));
    proxy.map(Some).ok_or_else(|| wrong().with_hint("as in http://proxy.example.com:3128; http, https or socks5"))
}

fn first<'a>(names: &[&'a str]) -> Result<Option<(&'a str, String)>, CliError> {
    for name in names {
        if let Some(value) = variable(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// Whether a proxy has a host, and if a port, then one that there is: the client takes the default for another.
fn has_place(proxy: &Proxy) -> bool {
    let Some(authority) = proxy.uri().authority() else { return false };
    let place = authority.as_str().rsplit('@').next().unwrap_or_default();
    let port = place.strip_prefix(authority.host()).unwrap_or_default();
    let is_port = |port: &str| port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    !authority.host().is_empty() && (port.is_empty() || is_port(port))
}

/// Whether `NO_PROXY` lists a host, as curl reads it (its `lib/noproxy.c`): names with their subdomains, addresses and
/// networks, or `*` alone for all. An entry with a `*` or in brackets matches nothing, and `/0` is the address itself.
fn is_listed(host: &str, list: &str) -> bool {
    if list == "*" {
        return true;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ', '\t']).any(|entry| match address {
        Some(address) => entry.parse() == Ok(address) || entry.parse().is_ok_and(|network| has(network, address)),
        None => is_within(host, entry),
    })
}

fn has(network: IpNet, address: IpAddr) -> bool {
    if network.prefix_len() == 0 { network.addr() == address } else { network.contains(&address) }
}

/// Whether a name is a domain, which may begin with a dot, or one below it.
fn is_within(name: &str, domain: &str) -> bool {
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
    fn no_proxy_lists_hosts_as_curl_reads_it() {
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
    fn a_proxy_has_a_host_and_a_port_that_there_is() {
        let takes = |text: &str| Proxy::new(text).ok().filter(has_place).is_some();
        for good in [
            "http://proxy",
            "proxy:3128",
            "https://u:p@proxy.example:1",
            "socks5://127.0.0.1:1080",
            "http://[::1]:3128/",
        ] {
            assert!(takes(good), "{good}");
        }
        for bad in ["http://proxy:99999", "http://proxy:x", "http://:80", "http://", "", "gopher://proxy", "a b"] {
            assert!(!takes(bad), "{bad}");
        }
    }
}
