//! Folding of names that a backend may treat as equal.
//!
//! Many web servers and frameworks ignore the case of a path, normalize Unicode, or drop trailing blanks and
//! dots. Then a client could reach a route under another spelling that the catalog does not list.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::uts46::Uts46MapperBorrowed;

/// Removes what such backends ignore: case, compatibility forms (NFKC), invisible characters, and leading and
/// trailing dots and white space. A backend may treat names that fold to the same text as equal.
///
/// Uses the mapping of [UTS #46](https://www.unicode.org/reports/tr46/#Processing), which maps case and
/// compatibility forms and drops ignorable characters. Joiners and disallowed characters are dropped too. Letters with
/// the same upper case become the same: `ς` and `σ`, `ß` and `ss`, the Turkish `İ`, `ı` and `i`.
pub(crate) fn fold(name: &str) -> String {
    let mapped: String = if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        let compatible = compatibility_form(name);
        let mapper = Uts46MapperBorrowed::new();
        let dropped = |c: char| matches!(c, '\u{200c}' | '\u{200d}' | '\u{307}' | char::REPLACEMENT_CHARACTER);
        let mapped = mapper.map_normalize(compatible.chars()).filter(|c| !dropped(*c));
        // The mapping keeps a few letters that differ in lower case only.
        mapped.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
    };
    mapped.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned()
}

/// What is left of a folded path without each file extension that its last name may have.
pub(crate) fn stems(path: &str) -> impl Iterator<Item = &str> {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let dots = path.match_indices('.').filter(move |(dot, _)| *dot > last);
    dots.filter_map(|(dot, _)| path.get(..dot)).map(str::trim_end)
}

/// The NFKC form of a name ([UAX #15](https://www.unicode.org/reports/tr15/)).
pub(super) fn compatibility_form(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_backend_may_treat_as_equal_fold_to_the_same() {
        for name in [
            "env",
            "ENV",
            "Env",
            "env.",
            "env..",
            ".env",
            "env ",
            " env",
            "env\u{a0}",
            "env\u{3000}",
            "env . ",
            "env\u{200b}",
            "e\u{200d}nv",
            "\u{feff}env",
            "en\u{ad}v",
            "env\u{2060}",
            "env\u{3164}",
            "env\u{202e}",
            "ｅｎｖ",
            "ＥＮＶ",
            "𝐞𝐧𝐯",
            "ⓔⓝⓥ",
            "env\u{fe0f}",
            "env。",
        ] {
            assert_eq!(fold(name), "env", "{name:?}");
        }
        assert_eq!(fold("BÜRO"), fold("bu\u{308}ro"));
        assert_eq!(fold("\u{212a}ey"), "key", "the Kelvin sign");
        assert_eq!(fold("ﬁle"), "file");
        assert_eq!((fold("admİn"), fold("admın")), ("admin".to_owned(), "admin".to_owned()));
        for (one, other) in [("ΟΔΟΣ", "οδος"), ("οδοσ", "οδος"), ("STRASSE", "straße"), ("STRAẞE", "straße")]
        {
            assert_eq!(fold(one), fold(other));
        }
        assert_eq!((fold("v⒈"), fold("env․json")), ("v1".to_owned(), "env.json".to_owned()));
    }

    #[test]
    fn every_letter_folds_to_the_same_in_lower_and_in_upper_case() {
        let letters = (char::MIN..=char::MAX).map(String::from);
        for letter in letters.filter(|text| text.to_lowercase() != *text || text.to_uppercase() != *text) {
            for made in [letter.to_lowercase(), letter.to_uppercase()] {
                assert_eq!(fold(&made), fold(&letter), "{made} for {letter}");
            }
        }
    }

    #[test]
    fn different_names_stay_different() {
        for name in ["envs", "en v", "e.nv", "env-", "env_", "enw", "éñv", "env.json", "en-v"] {
            assert_ne!(fold(name), "env", "{name:?}");
        }
        for name in ["", ".", "...", " ", "\u{200b}", "\u{3164}"] {
            assert_eq!(fold(name), "", "{name:?}");
        }
        assert_eq!(fold("\0"), "\0");
    }
}
