//! Query parameters of lists.

use std::fmt::Display;
use std::str::FromStr;

use portcullis::http::{FieldError, Problem};
use portcullis::store::MAX_PER_PAGE;
use portcullis::validation::ValidationError;

/// Default number of entries per page.
pub(crate) const DEFAULT_PER_PAGE: usize = 50;

/// The page that `limit` and `cursor` ask for: its size, and the decoded cursor.
pub(crate) fn page<C>(
    [limit, cursor]: [Option<&str>; 2],
    decode: impl FnOnce(&str) -> Result<C, ValidationError>,
) -> Result<(usize, Option<C>), Problem> {
    let limit = limit.map(|text| whole_number(text, MAX_PER_PAGE)).transpose();
    let after = cursor.map(decode).transpose();
    match (limit, after) {
        (Ok(limit), Ok(after)) => Ok((limit.unwrap_or(DEFAULT_PER_PAGE), after)),
        (limit, after) => {
            let results = [("limit", limit.err()), ("cursor", after.err())];
            let errors = results.into_iter().filter_map(|(field, invalid)| Some(FieldError::new(field, invalid?)));
            Err(Problem::invalid(errors.collect()))
        }
    }
}

/// Parses a whole number from 1 to `max`, digits only.
pub(crate) fn whole_number<T>(text: &str, max: T) -> Result<T, ValidationError>
where
    T: Copy + FromStr + PartialOrd + From<u8> + Display,
{
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number: &T| digits && *number >= T::from(1) && *number <= max);
    number.ok_or_else(|| ValidationError(format!("must be a whole number from 1 to {max}")))
}
