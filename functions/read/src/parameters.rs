//! Numeric query parameters.

use std::fmt::Display;
use std::str::FromStr;

use portcullis::validation::ValidationError;

/// Default number of entries per page.
pub(crate) const DEFAULT_PER_PAGE: usize = 50;

/// Parses a whole number from 1 to `max`, digits only.
pub(crate) fn whole_number<T>(text: &str, max: T) -> Result<T, ValidationError>
where
    T: Copy + FromStr + PartialOrd + From<u8> + Display,
{
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number: &T| digits && *number >= T::from(1) && *number <= max);
    number.ok_or_else(|| ValidationError(format!("must be a whole number from 1 to {max}")))
}
