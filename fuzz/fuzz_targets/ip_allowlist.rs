//! The IP ranges of a token. Oracle: the bits of the addresses, and each of the 256 addresses of a network.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::fuzz_target;
use portcullis::grants::{IpAllowlist, Network};

type Range = (u8, u8);

fuzz_target!(|input: (Vec<Range>, Vec<Range>, &str, [u8; 16])| {
    let (held, asked, text, address) = input;
    let ((held, parsed), (asked, parsed_asked)) = (ranges(&held), ranges(&asked));
    let mut exceeds = asked.is_empty() && !held.is_empty();
    for last in 0..=255 {
        let v4 = Ipv4Addr::new(10, 0, 0, last);
        let allowed = contains(&held, last);
        assert_eq!(parsed.contains(Some(v4.into())), allowed, "{v4} in {held:?}");
        assert_eq!(parsed.contains(Some(v4.to_ipv6_mapped().into())), allowed, "{v4} mapped, in {held:?}");
        exceeds |= contains(&asked, last) && !allowed;
    }
    assert_eq!(parsed.contains(None), held.is_empty());
    assert_eq!(parsed.contains(Some(Ipv4Addr::new(10, 0, 1, 0).into())), held.is_empty());
    assert_eq!(parsed.uncovered(&parsed_asked) == Some(Vec::new()), !exceeds, "{asked:?} within {held:?}");

    let Ok(network) = text.parse::<Network>() else { return };
    assert_eq!(network.to_string().parse(), Ok(network));
    let address = Ipv6Addr::from(address);
    let allowed = IpAllowlist::from(vec![network]).contains(Some(address.into()));
    assert_eq!(allowed, has_prefix(&network.to_string(), address.to_canonical()), "{address} in {network}");
});

/// Whether one of the ranges of `10.0.0.0/24` has the address with this last byte. Without ranges, all have it.
fn contains(ranges: &[Range], last: u8) -> bool {
    let in_range = |(start, bits): &Range| u32::from(last ^ start) >> (8 - bits) == 0;
    ranges.is_empty() || ranges.iter().any(in_range)
}

/// Ranges of up to 256 addresses, without host bits, and the same list as Portcullis reads it.
fn ranges(input: &[Range]) -> (Vec<Range>, IpAllowlist) {
    let cut = |(start, bits): &Range| (((u32::from(*start) >> (8 - bits % 9)) << (8 - bits % 9)) as u8, bits % 9);
    let ranges: Vec<_> = input.iter().take(8).map(cut).collect();
    let networks =
        ranges.iter().map(|(start, bits)| format!("10.0.0.{start}/{}", 24 + bits).parse::<Network>().unwrap());
    let list = IpAllowlist::from(networks.collect::<Vec<_>>());
    (ranges, list)
}

/// Whether an address has the first bits of a network.
fn has_prefix(network: &str, address: IpAddr) -> bool {
    let (start, bits) = network.split_once('/').unwrap_or((network, "128"));
    let bits = bits.parse::<usize>().unwrap();
    match (start.parse::<IpAddr>().unwrap(), address) {
        (IpAddr::V4(start), IpAddr::V4(address)) => bits_of(&start.octets(), bits) == bits_of(&address.octets(), bits),
        (IpAddr::V6(start), IpAddr::V6(address)) => bits_of(&start.octets(), bits) == bits_of(&address.octets(), bits),
        _ => false,
    }
}

fn bits_of(octets: &[u8], count: usize) -> String {
    octets.iter().map(|octet| format!("{octet:08b}")).collect::<String>().chars().take(count).collect()
}
