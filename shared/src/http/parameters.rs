//! Query parameters of lists.

use std::fmt::Display;
use std::str::FromStr;

use super::FieldError;
use crate::store::MAX_PER_PAGE;
use crate::validation::ValidationError;

/// Default number of entries per page.
pub const DEFAULT_PER_PAGE: usize = 50;

/// The page that `limit` and `cursor` ask for: its size, and the decoded cursor.
///
/// # Errors
/// One for each of them that is invalid.
pub fn page<C>(
    [limit, cursor]: [Option<&str>; 2],
    decode: impl FnOnce(&str) -> Result<C, ValidationError>,
) -> Result<(usize, Option<C>), Vec<FieldError>> {
    let limit = limit.map(|text| whole_number(text, MAX_PER_PAGE)).transpose();
    let after = cursor.map(decode).transpose();
    match (limit, after) {
        (Ok(limit), Ok(after)) => Ok((limit.unwrap_or(DEFAULT_PER_PAGE), after)),
        (limit, after) => {
            let results = [("limit", limit.err()), ("cursor", after.err())];
            let errors = results.into_iter().filter_map(|(field, invalid)| Some(FieldError::new(field, invalid?)));
            Err(errors.collect())
        }
    }
}

/// Parses a whole number from 1 to `max`, digits only.
///
/// # Errors
/// Names the range.
pub fn whole_number<T>(text: &str, max: T) -> Result<T, ValidationError>
where
    T: Copy + FromStr + PartialOrd + From<u8> + Display,
{
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number: &T| digits && *number >= T::from(1) && *number <= max);
    number.ok_or_else(|| ValidationError(format!("must be a whole number from 1 to {max}")))
}
