//! Time, passed as an argument: only [`Clock::system`] reads the system clock.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};

/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Prints and serializes as RFC 3339 with a `Z`, with milliseconds only if they are not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A day in seconds.
pub const DAY_SECONDS: i64 = 86_400;

/// The last second of the year 9999, RFC 3339's maximum.
const LAST_SECOND: i64 = 253_402_300_799;

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LAST_SECOND * 1000 + 999))
    }

    /// From seconds since the epoch.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Parses RFC 3339, with any offset; a fraction is truncated to milliseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The parser accepts any character between date and time.
        let has_divider = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| has_divider)?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self::from_millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment, truncated to whole seconds.
    #[must_use]
    pub fn truncated_to_seconds(self) -> Self {
        Self::from_seconds(self.seconds())
    }

    /// This moment plus a number of seconds, at most the end of the year 9999.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_millis(self.0.saturating_add(seconds.saturating_mul(1000)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .ok_or(fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
    }
}

/// A day in UTC: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn from_timestamp(at: Timestamp) -> Self {
        Self(at.seconds().div_euclid(DAY_SECONDS))
    }

    /// The day this many days earlier.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(i64::from(days)))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = OffsetDateTime::UNIX_EPOCH.date();
        epoch.checked_add(Duration::days(self.0)).unwrap_or(Date::MAX).fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Source of the current time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's time")]
    pub fn system() -> Self {
        Self::from_fn(|| {
            let millis = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
            Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
        })
    }

    /// A clock for tests.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Measures durations with a monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_as_rfc_3339_in_utc() {
        assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_millis(1_700_000_000_120).to_string(), "2023-11-14T22:13:20.12Z");
    }

    #[test]
    fn a_printed_timestamp_parses_to_itself() {
        for millis in [0, 1_700_000_000_120, 253_402_300_799_999] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }
        for no_time in ["yesterday", "2027-01-15 08:00:00Z", "2027-01-15x08:00:00Z", "2027-01-15T08:00:00"] {
            assert_eq!(Timestamp::parse(no_time), None, "{no_time}");
        }
        let offset = Timestamp::parse("2027-01-15T09:30:00.123999+01:30");
        assert_eq!(offset, Some(Timestamp::from_millis(1_800_000_000_123)));
    }

    #[test]
    fn a_timestamp_stays_within_the_range_of_rfc_3339() {
        assert_eq!(Timestamp::from_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_seconds(i64::MIN).to_string(), "1970-01-01T00:00:00Z");
        let end = Timestamp::from_seconds(0).plus_seconds(i64::MAX);
        assert_eq!(end.to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_day_prints_as_an_iso_8601_date() {
        assert_eq!(Day::from_timestamp(Timestamp::from_seconds(1_795_651_199)).to_string(), "2026-11-25");
        assert_eq!(Day::from_timestamp(Timestamp::from_seconds(1_795_651_200)).to_string(), "2026-11-26");
    }
}
