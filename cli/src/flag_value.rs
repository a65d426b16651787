//! Parsers of flag values. Their errors say what a valid value is.

use std::net::IpAddr;

use portcullis::text::parse_duration;

/// Parses a whole number from `min`, and up to `max` if there is a maximum.
pub(crate) fn whole_number(text: &str, min: u32, max: Option<u32>) -> Result<u32, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Without a maximum, more digits than fit mean the largest number.
    let number = is_number.then(|| text.parse().unwrap_or(u32::MAX));
    number.filter(|number| (min..=max.unwrap_or(u32::MAX)).contains(number)).ok_or_else(|| match max {
        Some(max) => format!("must be a whole number from {min} to {max}"),
        None => format!("must be a whole number from {min}"),
    })
}

/// Parses a duration such as `30m`, in seconds.
pub(crate) fn duration(text: &str) -> Result<u32, String> {
    parse_duration(text).map_err(|invalid| invalid.to_string())
}

/// Parses an IP address.
pub(crate) fn ip_address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "must be an IPv4 or IPv6 address, as in 192.0.2.7".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_digits_only_and_is_within_its_limits() {
        assert_eq!(whole_number("1", 1, None), Ok(1));
        assert_eq!(whole_number("007", 1, Some(7)), Ok(7));
        assert_eq!(whole_number("99999999999999999999", 1, None), Ok(u32::MAX));
        for bad in ["", "0", "-1", "+1", "1.5", "x", " 1", "8", "99999999999999999999"] {
            assert_eq!(whole_number(bad, 1, Some(7)), Err("must be a whole number from 1 to 7".to_owned()), "{bad}");
        }
        assert_eq!(whole_number("0", 1, None), Err("must be a whole number from 1".to_owned()));
    }
}
