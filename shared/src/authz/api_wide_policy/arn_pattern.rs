//! IAM's patterns, as far as a policy's resources go.

use std::str::Chars;

/// Whether a text holds what a pattern would not take literally: `*`, `?`, or a policy
/// variable's `${`.
pub(crate) fn is_literal(text: &str) -> bool {
    !text.contains(['*', '?']) && !text.contains("${")
}

/// Whether the pattern matches: `*` is any run of characters, slashes included, and `?` is
/// any one.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on if it fails from here: behind the last star, which then takes one
    // character more.
    let mut retry = None;
    loop {
        let mut rest = text.clone();
        match (pattern.next(), rest.next()) {
            (Some('*'), _) => retry = Some((pattern.clone(), text.clone())),
            (Some('?'), Some(_)) => text = rest,
            (Some(wanted), Some(found)) if wanted == found => text = rest,
            (None, None) => return true,
            _ => {
                let Some((after, mut from)): Option<(Chars<'_>, Chars<'_>)> = retry else { return false };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (after.clone(), from.clone());
                retry = Some((after, from));
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, written as what the two wildcards mean.
    pub(crate) fn matches_by_definition(pattern: &str, text: &str) -> bool {
        let Some(first) = pattern.chars().next() else { return text.is_empty() };
        let rest = &pattern[first.len_utf8()..];
        let one = text.chars().next();
        let shorter = one.map(|one| &text[one.len_utf8()..]);
        match first {
            '*' => {
                matches_by_definition(rest, text) || shorter.is_some_and(|text| matches_by_definition(pattern, text))
            }
            '?' => shorter.is_some_and(|text| matches_by_definition(rest, text)),
            _ => one == Some(first) && shorter.is_some_and(|text| matches_by_definition(rest, text)),
        }
    }

    #[test]
    fn a_star_is_any_run_of_characters_and_a_question_mark_is_one() {
        for (pattern, text, expected) in [
            ("a/*", "a/", true),
            ("a/*", "a/b/c", true),
            ("a/*", "a", false),
            ("a/?*", "a/", false),
            ("a/?*", "a/b", true),
            ("*/./*", "GET/./x", true),
            ("*/..", "GET/a/...", false),
            ("*ab", "aab", true),
            ("", "", true),
            ("*", "", true),
            ("?", "ü", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_the_wildcards_mean(pattern in "[ab/*?]{0,8}", text in "[abü/*]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text), matches_by_definition(&pattern, &text));
        }
    }
}
