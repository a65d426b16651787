//! The IP ranges from which a token may be used, in CIDR notation
//! ([RFC 4632](https://www.rfc-editor.org/rfc/rfc4632#section-3.1),
//! [RFC 4291](https://www.rfc-editor.org/rfc/rfc4291#section-2.3)).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

use crate::validation::ValidationError;

/// Maximum number of networks of a token.
pub const MAX_NETWORKS: usize = 50;

/// Prefix length of IPv4-mapped IPv6 addresses (`::ffff:0:0/96`), in bits.
const MAPPED_BITS: u8 = 96;

/// A network: `192.0.2.0/24`, `2001:db8::/32`, or a single address. An IPv4-mapped IPv6 network becomes the
/// IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// The networks from which a token may be used; empty means anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpAllowlist(Vec<Network>);

impl FromStr for Network {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let address = text.parse::<IpAddr>().map(IpNet::from).ok();
        let net = address.or_else(|| text.parse().ok()).ok_or_else(|| {
            ValidationError::new("must be an address or a network, as in 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32")
        })?;
        // Host bits are refused: either the one address or the network may be meant.
        if net.trunc() != net {
            let (address, network) = (net.addr(), net.trunc());
            return Err(ValidationError::new(format!(
                "has bits set beyond its first {} bits: write {network} for the network, or {address} for the one address",
                net.prefix_len()
            )));
        }
        Ok(Self(unmapped(net)))
    }
}

/// The IPv4 network of an IPv4-mapped IPv6 network. A wider IPv6 network (`::/0`) stays IPv6 and contains no
/// IPv4 address.
fn unmapped(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(MAPPED_BITS));
    v4.and_then(|(v4, bits)| Ipv4Net::new(v4, bits).ok()).map_or(net, IpNet::V4)
}

impl fmt::Display for Network {
    /// Prints a single address without its prefix length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

impl IpAllowlist {
    /// Iterates over the networks in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Network> {
        self.0.iter()
    }

    /// Whether any address is allowed.
    #[must_use]
    pub fn is_unrestricted(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a client with this address is allowed. An IPv4-mapped IPv6 address counts as its IPv4 address;
    /// an unknown address is in no network.
    #[must_use]
    pub fn contains(&self, from: Option<IpAddr>) -> bool {
        self.is_unrestricted()
            || from.is_some_and(|address| self.0.iter().any(|net| net.0.contains(&address.to_canonical())))
    }

    /// The networks of `asked` that are not entirely within these; empty if `asked` is at least as restricted.
    /// `None` if `asked` is unrestricted and these are not.
    #[must_use]
    pub fn uncovered(&self, asked: &Self) -> Option<Vec<Network>> {
        if self.is_unrestricted() {
            return Some(Vec::new());
        }
        if asked.is_unrestricted() {
            return None;
        }
        // Aggregated, so that two halves cover the whole.
        let held = IpNet::aggregate(&self.0.iter().map(|net| net.0).collect());
        let lacks = |net: &&Network| !held.iter().any(|held| held.contains(&net.0));
        Some(asked.0.iter().filter(lacks).copied().collect())
    }
}

impl From<Vec<Network>> for IpAllowlist {
    fn from(networks: Vec<Network>) -> Self {
        Self(networks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses(list: &[&str]) -> IpAllowlist {
        list.iter().map(|text| text.parse().unwrap()).collect::<Vec<Network>>().into()
    }

    fn allow(list: &[&str], from: &str) -> bool {
        addresses(list).contains(Some(from.parse().unwrap()))
    }

    #[test]
    fn a_network_is_an_address_or_cidr_of_either_family() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1"),
            ("::/0", "::/0"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::ffff:c000:207", "192.0.2.7"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn an_invalid_network_is_refused_with_suggestions() {
        let refused = |text: &str| text.parse::<Network>().unwrap_err().0;
        for text in ["", " ", "x", "192.0.2", "192.0.2.0/", "192.0.2.0/33", "::/129", "192.0.2.7 ", "10.0.0.0/8,::1"] {
            assert!(refused(text).starts_with("must be an address or a network"), "{text}");
        }
        for text in ["010.0.0.1", "1.2.3.4/255.255.255.0", "fe80::1%eth0", "[::1]"] {
            assert!(refused(text).starts_with("must be an address or a network"), "{text}");
        }
        assert_eq!(
            refused("192.0.2.7/24"),
            "has bits set beyond its first 24 bits: write 192.0.2.0/24 for the network, or 192.0.2.7 for the one address"
        );
        assert!(refused("::ffff:0:0/95").contains("beyond its first 95"));
    }

    #[test]
    fn only_addresses_in_the_networks_are_allowed() {
        let list = ["192.0.2.0/24", "2001:db8::/32"];
        for good in ["192.0.2.0", "192.0.2.255", "2001:db8::1", "::ffff:192.0.2.7"] {
            assert!(allow(&list, good), "{good}");
        }
        for bad in ["192.0.3.0", "192.0.1.255", "2001:db9::", "::ffff:192.0.3.1", "::192.0.2.7", "::1"] {
            assert!(!allow(&list, bad), "{bad}");
        }
        assert!(allow(&["::ffff:192.0.2.0/120"], "192.0.2.7"));
        assert!(!allow(&["::/0"], "192.0.2.7"), "::/0 contains no IPv4 address");
    }

    #[test]
    fn an_unknown_address_is_in_no_network() {
        assert!(!addresses(&["0.0.0.0/0", "::/0"]).contains(None));
        assert!(IpAllowlist::default().contains(None));
    }

    #[test]
    fn networks_outside_the_list_are_uncovered() {
        let held = addresses(&["10.0.0.0/9", "10.128.0.0/9", "2001:db8::/32"]);
        let lacking = |asked: &[&str]| {
            held.uncovered(&addresses(asked)).map(|nets| nets.iter().map(Network::to_string).collect::<Vec<_>>())
        };
        assert_eq!(lacking(&["10.1.2.3", "2001:db8:1::/48"]), Some(vec![]));
        assert_eq!(lacking(&["10.0.0.0/8"]), Some(vec![]), "two halves are the whole");
        assert_eq!(
            lacking(&["10.0.0.0/7", "10.0.0.0/8", "::/0"]),
            Some(vec!["10.0.0.0/7".to_owned(), "::/0".to_owned()])
        );
        assert_eq!(lacking(&[]), None);
        assert_eq!(IpAllowlist::default().uncovered(&IpAllowlist::default()), Some(vec![]));
    }

    fn any_network() -> impl Strategy<Value = Network> {
        prop_oneof![
            // Few bits vary, so that networks overlap often.
            (0_u8..4, 0_u8..=32)
                .prop_map(|(high, bits)| Network(IpNet::new([high << 6, 0, 0, 0].into(), bits).unwrap().trunc())),
            (0_u16..4, 0_u8..=128).prop_map(|(high, bits)| {
                Network(IpNet::new([high << 14, 0, 0, 0, 0, 0, 0, 1].into(), bits).unwrap().trunc())
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_covering_list_allows_every_address_of_the_other(
            held in prop::collection::vec(any_network(), 0..4), asked in prop::collection::vec(any_network(), 0..4),
            high in any::<u8>(), low in any::<u8>(), v6 in any::<bool>(),
        ) {
            let (held, asked) = (IpAllowlist(held), IpAllowlist(asked));
            let from: IpAddr = if v6 { [u16::from(high) << 8, 0, 0, 0, 0, 0, 0, low.into()].into() } else { [high, 0, 0, low].into() };
            if held.uncovered(&asked).is_some_and(|lacking| lacking.is_empty()) && asked.contains(Some(from)) {
                prop_assert!(held.contains(Some(from)));
            }
        }

        #[test]
        fn a_printed_network_parses_to_itself(net in any_network()) {
            prop_assume!(unmapped(net.0) == net.0);
            prop_assert_eq!(net.to_string().parse::<Network>().unwrap(), net);
        }
    }
}
