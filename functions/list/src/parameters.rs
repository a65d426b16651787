//! Numbers in a query.

use std::fmt::Display;
use std::str::FromStr;

use portcullis::validation::ValidationError;

/// How many entries a page has, if it is not said otherwise.
pub(crate) const PER_PAGE: usize = 50;

/// A whole number from 1 on, in digits.
pub(crate) fn whole_number<T>(text: &str, most: T) -> Result<T, ValidationError>
where
    T: Copy + FromStr + PartialOrd + From<u8> + Display,
{
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number: &T| digits && *number >= T::from(1) && *number <= most);
    number.ok_or_else(|| ValidationError(format!("must be a whole number from 1 to {most}")))
}
