//! Hiding whatever looks like a token in text that people wrote: a path, a name, a field.

use std::borrow::Cow;

/// From this many letters and digits behind a `_` on, a word is taken for a token, whole
/// or cut. A whole one has 65; no id (16) is ever hidden.
const SUSPICIOUS: usize = 32;
/// How much of it stays: the public id.
const SHOWN: usize = 16;

/// The text with whatever looks like a token cut down to its public id.
///
/// A token is recognised by `_` (or `%5F`, its percent-encoding) and 32 or more letters
/// and digits: any deployment's prefix, and also one that was cut or doubled.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut redacted = String::new();
    let mut rest = text;
    while let Some((before, word, after)) = next_suspicious(rest) {
        redacted.push_str(before);
        redacted.extend(word.chars().take(SHOWN));
        redacted.push_str("[redacted]");
        rest = after;
    }
    if redacted.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(redacted + rest) }
}

/// Splits before and after the next suspicious run of letters and digits.
fn next_suspicious(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(after_separator) {
        let begin = from + start;
        let tail = text.get(begin..)?;
        let length = tail.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if length >= SUSPICIOUS {
            let (word, after) = tail.split_at(length);
            return Some((text.get(..begin)?, word, after));
        }
        from = begin;
    }
    None
}

/// Where the text goes on behind its first `_` or `%5F`.
fn after_separator(text: &str) -> Option<usize> {
    let plain = text.find('_').map(|at| at + 1);
    let encoded = text.to_ascii_uppercase().find("%5F").map(|at| at + 3);
    match (plain, encoded) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "pcl_0123456789abcdefSECRETSECRETSECRETSECRETSECRETSECRETSECRETx123456";

    #[test]
    fn ordinary_text_is_left_as_it_is() {
        for text in ["", "/apps/billing_api/builds", "GitHub Actions", "a_b_c", "über_größe", "%5Fx"] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn a_token_keeps_only_its_id() {
        assert_eq!(redact(TOKEN), "pcl_0123456789abcdef[redacted]");
        let encoded = TOKEN.replace('_', "%5f");
        assert_eq!(redact(&encoded), "pcl%5f0123456789abcdef[redacted]");
        let twice = format!("/x/{TOKEN}/y/{TOKEN}/z");
        assert_eq!(redact(&twice), "/x/pcl_0123456789abcdef[redacted]/y/pcl_0123456789abcdef[redacted]/z");
    }

    proptest! {
        #[test]
        fn no_secret_survives_whatever_stands_around_it(before in "\\PC{0,20}", after in "\\PC{0,20}") {
            let text = format!("{before}{TOKEN}{after}");
            prop_assert!(!redact(&text).contains("SECRETSECRET"));
        }
    }
}
