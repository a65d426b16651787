//! Counts in messages.

use std::fmt::Display;

/// The count and the noun: `1 day`, `2 days`. The plural must end in `s`.
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!([0_u32, 1, 2].map(|count| counted(count, "day")), ["0 days", "1 day", "2 days"]);
    }
}
