//! Parsing of a token's expiry: `expires_in` or `expires_at`.

use crate::clock::{DAY_SECONDS, Timestamp};
use crate::validation::ValidationError;

/// Maximum lifetime, in days; a token that never expires has no expiry instead.
const MAX_LIFETIME_DAYS: i64 = 36_500;

/// Parses a lifetime such as `30d`: a whole number and `s`, `m`, `h` or `d`, from 1 second to 36500 days.
///
/// # Errors
/// Names the expected form, or the limit.
pub fn parse_expires_in(text: &str, now: Timestamp) -> Result<Timestamp, ValidationError> {
    Ok(now.truncated_to_seconds().plus_seconds(seconds(text, "must be a whole number and s, m, h or d, as in 30d")?))
}

/// Parses a duration such as `15m`, in seconds: a whole number and `s`, `m` or `h`.
///
/// # Errors
/// Names the expected form, or the limit.
pub fn parse_duration(text: &str) -> Result<u32, ValidationError> {
    let form = "must be a whole number and s, m or h, as in 15m";
    if text.ends_with('d') {
        return Err(ValidationError::new(form));
    }
    let too_long = |_| ValidationError::new(format!("must be at most {} seconds", u32::MAX));
    seconds(text, form).and_then(|seconds| u32::try_from(seconds).map_err(too_long))
}

fn seconds(text: &str, form: &str) -> Result<i64, ValidationError> {
    let form = || ValidationError::new(form);
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => DAY_SECONDS,
        _ => return Err(form()),
    };
    let (digits, _) = text.split_at(text.len() - 1);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(form());
    }
    // More digits than fit exceed the limit in any unit.
    let seconds = digits.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(unit);
    if !(1..=MAX_LIFETIME_DAYS * DAY_SECONDS).contains(&seconds) {
        return Err(ValidationError::new(format!("must be at least 1s and at most {MAX_LIFETIME_DAYS}d")));
    }
    Ok(seconds)
}

/// Parses any RFC 3339 time in the future, at most 36500 days away, such as `2027-01-31T12:00:00Z`. A fraction
/// of a second is truncated.
///
/// # Errors
/// Names the expected form, or the limit.
pub fn parse_expires_at(text: &str, now: Timestamp) -> Result<Timestamp, ValidationError> {
    let form =
        || ValidationError::new("must be an RFC 3339 time, as in 2027-01-31T12:00:00Z or 2027-01-31T12:00:00+01:00");
    let at = Timestamp::parse(text).ok_or_else(form)?.truncated_to_seconds();
    // RFC 3339 has leap seconds; POSIX time (and DynamoDB's TTL) does not. Rounding one would silently change
    // the requested time.
    if text.get(17..19) == Some("60") {
        return Err(ValidationError::new("must not be a leap second; the second before it is :59"));
    }
    if at <= now.truncated_to_seconds() {
        return Err(ValidationError::new("must be in the future"));
    }
    if at > now.plus_seconds(MAX_LIFETIME_DAYS * DAY_SECONDS) {
        return Err(ValidationError::new(format!(
            "must be at most {MAX_LIFETIME_DAYS} days away; use null for no expiry"
        )));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000; // 2027-01-15T08:00:00Z

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW * 1000 + 456)
    }

    #[test]
    fn a_lifetime_is_a_whole_number_and_a_unit() {
        for (text, seconds) in [("1s", 1), ("90m", 5400), ("12h", 43_200), ("30d", 2_592_000), ("007d", 604_800)] {
            assert_eq!(parse_expires_in(text, now()).unwrap().seconds(), NOW + seconds, "{text}");
        }
        for bad in ["", "30", "d", "-1d", "+1d", "1.5d", "1 d", "30D", "30w", "1d2h", "٣d", "0x1s", "é"] {
            assert_eq!(
                parse_expires_in(bad, now()).unwrap_err().0,
                "must be a whole number and s, m, h or d, as in 30d",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_lifetime_is_at_least_a_second_and_at_most_36500_days() {
        assert!(parse_expires_in("36500d", now()).is_ok());
        for bad in ["0s", "0d", "36501d", "999999999d", "99999999999999999999999999s"] {
            assert_eq!(parse_expires_in(bad, now()).unwrap_err().0, "must be at least 1s and at most 36500d", "{bad}");
        }
    }

    #[test]
    fn a_duration_is_a_whole_number_and_s_m_or_h() {
        for (text, seconds) in [("90s", 90), ("015m", 900), ("24h", 86_400)] {
            assert_eq!(parse_duration(text).unwrap(), seconds, "{text}");
        }
        for bad in ["", "15", "1d", "1 m", "15m\n"] {
            assert_eq!(parse_duration(bad).unwrap_err().0, "must be a whole number and s, m or h, as in 15m", "{bad}");
        }
    }

    #[test]
    fn an_expiry_is_an_rfc_3339_time_in_the_future() {
        assert_eq!(parse_expires_at("2027-01-15T08:00:01Z", now()).unwrap().seconds(), NOW + 1);
        assert_eq!(parse_expires_at("2028-02-29t23:59:59z", now()).unwrap().to_string(), "2028-02-29T23:59:59Z");
        // As JavaScript's toISOString, Python's isoformat and Go's RFC3339Nano format it.
        for (text, at) in [
            ("2026-12-28T20:00:13.041Z", "2026-12-28T20:00:13Z"),
            ("2026-12-28T20:00:13.041999+00:00", "2026-12-28T20:00:13Z"),
            ("2026-12-28T20:00:13+00:00", "2026-12-28T20:00:13Z"),
            ("2026-12-28T20:00:13-00:00", "2026-12-28T20:00:13Z"),
            ("2026-12-28T20:00:13.999999999+05:30", "2026-12-28T14:30:13Z"),
            ("2026-12-28t23:59:59.9-08:00", "2026-12-29T07:59:59Z"),
        ] {
            let now = Timestamp::from_seconds(NOW - 20 * DAY_SECONDS);
            assert_eq!(parse_expires_at(text, now).unwrap().to_string(), at, "{text}");
        }
        for (bad, why) in [
            ("2027-01-15T08:00:00Z", "future"),
            ("2020-01-01T00:00:00Z", "future"),
            ("2027-01-15T08:00:00.999Z", "future"),
            ("2027-01-15T09:00:00+01:00", "future"),
            ("2030-01-01T00:00:00+24:00", "RFC 3339"),
            ("2030-01-01T00:00:00+01", "RFC 3339"),
            ("2030-01-01T00:00:00 00:00", "RFC 3339"),
            ("2030-01-01T00:00:00", "RFC 3339"),
            ("10000-01-01T00:00:00Z", "RFC 3339"),
            ("9999-12-31T23:59:59Z", "36500 days"),
            ("2028-06-30T23:59:60Z", "leap second"),
            ("2028-07-01T00:59:60+01:00", "leap second"),
            ("2027-02-29T00:00:00Z", "RFC 3339"),
            ("2028-01-01", "RFC 3339"),
            ("2028-01-01 00:00:00Z", "RFC 3339"),
            ("2028-01-01x00:00:00Z", "RFC 3339"),
            ("tomorrow", "RFC 3339"),
            ("", "RFC 3339"),
        ] {
            let error = parse_expires_at(bad, now()).unwrap_err();
            assert!(error.0.contains(why), "{bad}: {error}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text: String) {
            let _ = parse_expires_in(&text, now());
            let _ = parse_expires_at(&text, now());
            let _ = parse_expires_in(&format!("{text}d"), now());
        }

        #[test]
        fn offset_and_fraction_do_not_change_the_parsed_second(
            seconds in NOW + 1..NOW + 3_000_000_000, fraction in "(\\.[0-9]{1,9})?", minutes in -1439..=1439_i64,
        ) {
            let at = Timestamp::from_seconds(seconds);
            let there = at.plus_seconds(minutes * 60).to_string();
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            let text = format!("{}{fraction}{sign}{hours:02}:{rest:02}", there.trim_end_matches('Z'));
            prop_assert_eq!(parse_expires_at(&text, now()).unwrap(), at);
        }

        #[test]
        fn a_printed_timestamp_parses_to_itself(seconds in NOW + 1..NOW + 3_000_000_000) {
            let at = Timestamp::from_seconds(seconds);
            prop_assert_eq!(parse_expires_at(&at.to_string(), now()).unwrap(), at);
        }
    }
}
