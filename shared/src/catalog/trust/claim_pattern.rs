//! Claim patterns, in which `*` matches any run of characters except `/` and `:`.
//!
//! So `acme/*` matches every repository of acme, and a wildcard never matches a part that another party can
//! choose.

use std::fmt;

/// The characters that divide a claim into parts.
const BETWEEN: [char; 2] = ['/', ':'];

/// A pattern of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPattern(String);

impl ClaimPattern {
    /// The pattern with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether the pattern matches a claim.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let dividers = |text: &str| text.chars().filter(|c| BETWEEN.contains(c)).collect::<Vec<_>>();
        let mut parts = self.0.split(BETWEEN).zip(text.split(BETWEEN));
        dividers(&self.0) == dividers(text) && parts.all(|(pattern, part)| part_matches(pattern, part))
    }

    /// Whether the pattern matches a claim if case is ignored.
    pub(super) fn matches_without_case(&self, text: &str) -> bool {
        Self(self.0.to_lowercase()).matches(&text.to_lowercase())
    }

    /// Whether any text matches both patterns.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let dividers = |pattern: &Self| pattern.0.chars().filter(|c| BETWEEN.contains(c)).collect::<Vec<_>>();
        let mut parts = self.0.split(BETWEEN).zip(other.0.split(BETWEEN));
        dividers(self) == dividers(other) && parts.all(|(one, other)| parts_overlap(one, other))
    }

    /// The text before the first wildcard, or all of it if there is none.
    pub(super) fn literal_start(&self) -> &str {
        self.0.split('*').next().unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Matches one part: the literals between its wildcards must occur in order.
fn part_matches(pattern: &str, part: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == part;
    };
    let Some(part) = part.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = part.strip_suffix(end) else {
        return false;
    };
    // Taking each piece at its first occurrence leaves the most text for the rest.
    middle.split('*').all(|piece| {
        let found = left.split_once(piece);
        left = found.map_or("", |(_, after)| after);
        found.is_some()
    })
}

/// If both have wildcards, everything between the two ends can match, so only the ends have to agree.
fn parts_overlap(one: &str, other: &str) -> bool {
    let ends = |part| str::split_once(part, '*').zip(str::rsplit_once(part, '*'));
    match (ends(one), ends(other)) {
        (None, _) => part_matches(other, one),
        (_, None) => part_matches(one, other),
        (Some(((start, _), (_, end))), Some(((other_start, _), (_, other_end)))) => {
            (start.starts_with(other_start) || other_start.starts_with(start))
                && (end.ends_with(other_end) || other_end.ends_with(end))
        }
    }
}

impl fmt::Display for ClaimPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        ClaimPattern::new(pattern).matches(text)
    }

    #[test]
    fn a_wildcard_matches_any_run_of_characters_within_its_part() {
        for (pattern, text) in [
            ("refs/heads/main", "refs/heads/main"),
            ("refs/tags/v*", "refs/tags/v1.2"),
            ("refs/tags/v*", "refs/tags/v"),
            ("acme/*", "acme/billing"),
            ("*", "production"),
            ("*", ""),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme/billing:ref:refs/heads/main"),
            ("a*b*c", "abbc"),
            ("a*b*b", "ab-b"),
            ("*-*-*", "a-b-c"),
            ("**", "x"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_wildcard_never_matches_across_parts() {
        for (pattern, text) in [
            ("acme*", "acme-evil/billing"),
            ("acme/*", "acme/billing/x"),
            ("repo:acme/*:environment:production", "repo:acme/x:environment:evil:environment:production"),
            ("refs/heads/*", "refs/heads/feature/x"),
            ("*", "a/b"),
            ("a/b", "a:b"),
            ("a*a", "a"),
            ("a*b*b", "ab"),
            ("main", "Main"),
            ("", "x"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn two_patterns_overlap_only_if_both_of_their_ends_agree() {
        let overlap = |one, other| ClaimPattern::new(one).overlaps(&ClaimPattern::new(other));
        assert!(overlap("a*x", "ab*x"));
        assert!(overlap("a*x", "a*yx"));
        assert!(!overlap("a*x", "a*y"));
        assert!(!overlap("a*x", "b*x"));
    }

    proptest! {
        #[test]
        fn a_text_without_a_wildcard_matches_only_itself(text in "[a-c/:]{0,8}", other in "[a-c/:]{0,8}") {
            prop_assert_eq!(matches(&text, &other), text == other);
        }

        #[test]
        fn two_patterns_overlap_exactly_if_some_text_matches_both(
            one in "[ab*/]{0,5}", other in "[ab*/]{0,5}", texts in proptest::collection::vec("[ab/]{0,8}", 60)
        ) {
            let (a, b) = (ClaimPattern::new(&one), ClaimPattern::new(&other));
            prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
            // A candidate text: each wildcard matches what the other pattern has between its ends.
            let between = |part: &str| part.split_once('*').map(|(_, rest)| rest.rsplit_once('*').map_or("", |(it, _)| it).replace('*', ""));
            let joined = |(x, y): (&str, &str)| {
                let longer = |a: &str, b: &str| if a.len() > b.len() { a.to_owned() } else { b.to_owned() };
                match (between(x), between(y)) {
                    (None, _) => x.to_owned(),
                    (_, None) => y.to_owned(),
                    (Some(middle), Some(other_middle)) => {
                        let start = longer(x.split('*').next().unwrap(), y.split('*').next().unwrap());
                        let end = longer(x.rsplit('*').next().unwrap(), y.rsplit('*').next().unwrap());
                        format!("{start}{middle}{other_middle}{end}")
                    }
                }
            };
            let both = one.split('/').zip(other.split('/')).map(joined).collect::<Vec<_>>().join("/");
            if a.overlaps(&b) {
                prop_assert!(a.matches(&both) && b.matches(&both), "{both}");
            } else {
                for text in texts.iter().chain([&both]) {
                    prop_assert!(!(a.matches(text) && b.matches(text)), "{text}");
                }
            }
        }

        #[test]
        fn replacing_any_run_of_a_part_by_a_wildcard_still_matches(
            before in "[a-c/:]{0,6}", run in "[a-c]{0,4}", after in "[a-c/:]{0,6}"
        ) {
            let pattern = format!("{before}*{after}");
            let (within, beyond) = (format!("{before}{run}{after}"), format!("{before}{run}/{after}"));
            prop_assert!(matches(&pattern, &within));
            prop_assert!(!matches(&pattern, &beyond));
        }
    }
}
