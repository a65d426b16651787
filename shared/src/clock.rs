//! Time, as an argument: only [`Clock::system`] reads the machine's clock.

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};

/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// It prints and serialises as RFC 3339 with a `Z`, to the second where it has no
/// fraction and to the millisecond where it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// The last second that RFC 3339's four-digit year can express.
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

    /// From RFC 3339, with any offset; a fraction is cut to milliseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The parser takes any character between date and time.
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

    /// The same moment without its fraction of a second.
    #[must_use]
    pub fn truncated_to_seconds(self) -> Self {
        Self::from_seconds(self.seconds())
    }

    /// This moment and so many seconds more; stops at the year 9999.
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
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a time as RFC 3339 writes it"))
    }
}

/// A day in UTC: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(at.seconds().div_euclid(DAY_SECONDS))
    }

    /// So many days before.
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

/// Where "now" comes from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's time")]
    pub fn system() -> Self {
        Self::from_fn(|| {
            let millis = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
            Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
        })
    }

    /// A clock of the caller's own, for tests.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present moment.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_as_rfc_3339_in_utc() {
        assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_millis(1_700_000_000_120).to_string(), "2023-11-14T22:13:20.12Z");
    }

    #[test]
    fn a_timestamp_reads_back_as_it_printed_itself() {
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
    fn a_timestamp_never_leaves_the_years_that_rfc_3339_can_print() {
        assert_eq!(Timestamp::from_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_seconds(i64::MIN).to_string(), "1970-01-01T00:00:00Z");
        let end = Timestamp::from_seconds(0).plus_seconds(i64::MAX);
        assert_eq!(end.to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_day_is_written_as_people_do() {
        assert_eq!(Day::of(Timestamp::from_seconds(1_795_651_199)).to_string(), "2026-11-25");
        assert_eq!(Day::of(Timestamp::from_seconds(1_795_651_200)).to_string(), "2026-11-26");
    }
}
