//! Matching of IAM resource patterns.

use std::str::Chars;

/// Whether a pattern of this text matches the text alone: it has no `*`, `?` or policy variable (`${`).
pub(crate) fn is_literal(text: &str) -> bool {
    !text.contains(['*', '?']) && !text.contains("${")
}

/// Whether the pattern matches: `*` matches any run of characters, including slashes, and `?` any one
/// character.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to retry after a mismatch: behind the last star, which then takes one more character.
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

    /// Reference implementation, straight from the meaning of the two wildcards.
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
    fn a_star_matches_any_run_and_a_question_mark_one_character() {
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
        fn matching_agrees_with_the_reference_implementation(pattern in "[ab/*?]{0,8}", text in "[abü/*]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text), matches_by_definition(&pattern, &text));
        }
    }
}
