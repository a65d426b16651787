//! Validated string types of a record.

use std::borrow::Cow;
use std::str::FromStr;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, WhiteSpace};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::{contains_credential, redact};
use crate::https_url::Url;
use crate::validation::{ValidationError, validated_string};

/// A token's name: 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName(String);

/// A token's description: up to 500 characters, on several lines if needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

/// A free-text comment on a revocation, with the rules of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment(String);

/// Why a token needs an approval: 1 to 500 characters, with the rules of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalReason(String);

/// The `https` URL of a page for people: up to 500 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(String);

/// Maximum length of a link, in characters.
const MAX_LINK_LENGTH: usize = 500;

/// Short form of the identity that was exchanged for a token: `github:acme/billing@refs/heads/main`. Up to 256
/// characters, for display only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance(String);

/// The owner of a token: 1 to 255 printable ASCII characters without leading and trailing space. Fits the
/// subjects of identity providers
/// ([OpenID Connect Core](https://openid.net/specs/openid-connect-core-1_0.html#IDToken): at most 255 ASCII characters), e-mail
/// addresses and team names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(String);

/// Maximum length of an owner, in characters.
const MAX_OWNER_LENGTH: usize = 255;

/// Error for a text without visible characters.
pub(crate) const BLANK: &str = "must not be blank";

/// Error for names of which one has no visible characters.
const BLANK_NAME: &str = "must not have a blank name between slashes";

/// Error for leading or trailing white space.
const SURROUNDING_SPACE: &str = "must not begin or end with white space";

/// Error for a text that contains a token.
const CREDENTIAL: &str = "must not contain an API token or a JWT";

impl FromStr for TokenName {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        length(text, 1, 100)?;
        if is_blank(text) {
            return Err(ValidationError::new(BLANK));
        }
        if text.chars().any(unprintable) {
            return Err(ValidationError::new("must be one line without control or invisible characters"));
        }
        ensure_no_credential(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Description {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        length(text, 0, 500)?;
        if !text.is_empty() && is_blank(text) {
            return Err(ValidationError::new(BLANK));
        }
        if text.chars().any(|c| unprintable(c) && c != '\n' && c != '\t') {
            return Err(ValidationError::new(
                "must not contain control or invisible characters other than line feed and tab",
            ));
        }
        ensure_no_credential(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Comment {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        text.parse().map(|Description(text)| Self(text))
    }
}

impl FromStr for ApprovalReason {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        length(text, 1, 500)?;
        text.parse().map(|Description(text)| Self(text))
    }
}

impl FromStr for Link {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        length(text, 1, MAX_LINK_LENGTH)?;
        if !Url::parse(text).is_some_and(|url| url.is_https()) {
            return Err(ValidationError::new(
                "must be an https URL of printable ASCII characters, without a user name, as in https://ci.example.com/runs/42",
            ));
        }
        ensure_no_credential(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for OwnerId {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        length(text, 1, MAX_OWNER_LENGTH)?;
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(ValidationError::new("must be printable ASCII"));
        }
        if has_outer_space(text) {
            return Err(ValidationError::new(SURROUNDING_SPACE));
        }
        ensure_no_credential(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl Provenance {
    /// Maximum length, in characters.
    const MAX_LENGTH: usize = 256;

    /// Builds the value from claims, which contain text that others chose, such as branch names. Characters
    /// that cannot be shown are replaced and long text is cut, so that one identity cannot look like another.
    #[must_use]
    pub fn shortened(text: &str) -> Self {
        let visible = |c| if unprintable(c) { char::REPLACEMENT_CHARACTER } else { c };
        let shown: String = redact(text).chars().map(visible).collect();
        if shown.chars().count() <= Self::MAX_LENGTH {
            return Self(shown);
        }
        let mut cut: String = shown.chars().take(Self::MAX_LENGTH - 1).collect();
        cut.push('…');
        Self(cut)
    }
}

/// The first characters of a text, with `…` if there are more.
pub(crate) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max).and_then(|(end, _)| text.get(..end)) {
        Some(shown) => format!("{shown}…").into(),
        None => text.into(),
    }
}

validated_string!(TokenName Description Comment ApprovalReason Link OwnerId Provenance);

fn length(text: &str, least: usize, most: usize) -> Result<(), ValidationError> {
    let count = text.chars().count();
    if (least..=most).contains(&count) {
        return Ok(());
    }
    Err(ValidationError::new(if least == 0 {
        format!("must be at most {most} characters; it has {count}")
    } else {
        format!("must be {least} to {most} characters; it has {count}")
    }))
}

/// Control characters, line and paragraph separators, zero-width characters and characters that change the text
/// direction: they could make one name look like another, or one log line like two. The joiners U+200C and
/// U+200D are allowed, because scripts and emoji need them.
#[must_use]
pub fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

/// Whether a text has no visible characters: only white space and characters that Unicode defines as invisible
/// ([UAX #44](https://www.unicode.org/reports/tr44/)), as well as U+2800 (a Braille pattern without dots) and
/// U+1D159 (a null notehead), which Unicode counts as symbols.
pub(crate) fn is_blank(text: &str) -> bool {
    let (spaces, ignorable) =
        (CodePointSetData::new::<WhiteSpace>(), CodePointSetData::new::<DefaultIgnorableCodePoint>());
    let categories = CodePointMapData::<GeneralCategory>::new();
    text.chars().all(|c| {
        matches!(c, '\u{2800}' | '\u{1d159}')
            || spaces.contains(c)
            || ignorable.contains(c)
            || matches!(categories.get(c), GeneralCategory::Control | GeneralCategory::Format)
    })
}

/// Whether a text has leading or trailing white space, which hides the difference between two names.
fn has_outer_space(text: &str) -> bool {
    text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace)
}

/// The rules that a name breaks: it must be visible, without leading and trailing white space, and contain no
/// token. An empty name breaks none.
pub(crate) fn name_issues(text: &str) -> impl Iterator<Item = &'static str> {
    let blank = is_blank(text);
    let broken = [
        (blank && !text.is_empty(), BLANK),
        (!blank && has_outer_space(text), SURROUNDING_SPACE),
        (contains_credential(text), CREDENTIAL),
    ];
    broken.into_iter().filter_map(|(broken, rule)| broken.then_some(rule))
}

/// The same for names separated by slashes, each of which must be visible.
pub(crate) fn path_issues(text: &str) -> impl Iterator<Item = &'static str> {
    let blank = text.contains('/') && text.split('/').any(|name| !name.is_empty() && is_blank(name));
    name_issues(text).chain(blank.then_some(BLANK_NAME))
}

/// Refuses a text that contains a token or a JWT, because it would be stored in plaintext.
pub(crate) fn ensure_no_credential(text: &str) -> Result<(), ValidationError> {
    if contains_credential(text) { Err(ValidationError::new(CREDENTIAL)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::plaintext::tests::secret;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_1_to_100_characters_on_one_line() {
        for good in ["x", "CI/CD \"deploy\" – früh \\o/ 🚀", &"ü".repeat(100)] {
            assert_eq!(good.parse::<TokenName>().unwrap().as_str(), good);
        }
        for bad in ["", " ", "a\nb", "a\0b", "\u{202e}evil", "a\u{2028}b", "\u{feff}", "a\u{200b}b", &"x".repeat(101)] {
            assert!(bad.parse::<TokenName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_description_is_at_most_500_characters_and_may_have_lines() {
        assert!("two\nlines\t.".parse::<Description>().is_ok());
        assert!("".parse::<Description>().is_ok());
        assert!("x".repeat(500).parse::<Description>().is_ok());
        assert!("x".repeat(501).parse::<Description>().is_err());
        assert!("\u{7}".parse::<Description>().is_err());
    }

    #[test]
    fn a_reason_is_1_to_500_characters_and_may_have_lines() {
        for good in ["x", "two\nlines", &"x".repeat(500)] {
            assert_eq!(good.parse::<ApprovalReason>().unwrap().as_str(), good);
        }
        for bad in ["", " ", "\u{7}", &"x".repeat(501), secret("pcl", 1).expose_secret()] {
            assert!(bad.parse::<ApprovalReason>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_link_is_an_https_url_of_at_most_500_characters() {
        let long = |count: usize| format!("https://ci.example.com/{}", "x".repeat(count - 23));
        for good in ["https://ci.example.com/runs/42?a=b#c", &long(500)] {
            assert_eq!(good.parse::<Link>().unwrap().as_str(), good);
        }
        let with_secret = format!("https://ci.example.com/{}", secret("pcl", 1).expose_secret());
        let bad =
            ["", "http://127.0.0.1/", "javascript:alert(1)", "https://", "https://a@b/", "https://a b/", "https://ü/"];
        for bad in bad.into_iter().chain([long(501).as_str(), &with_secret]) {
            assert!(bad.parse::<Link>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_text_without_visible_characters_is_blank() {
        let invisible = [
            "\u{3164}",
            "\u{2800}",
            "\u{1d159}",
            "\u{200d}",
            "\u{200c}\u{200d}",
            "\u{180e}",
            "\u{e0041}",
            "\u{115f}",
            "\u{fe0f}",
        ];
        for blank in [" ", "\u{3000}", " \u{3164} \u{2800}", "\u{206a}", "\u{fff9}"].into_iter().chain(invisible) {
            assert_eq!(blank.parse::<TokenName>().unwrap_err().0, BLANK, "{blank:?}");
            assert_eq!(blank.parse::<Description>().unwrap_err().0, BLANK, "{blank:?}");
            let visible = format!("{blank}x");
            assert_eq!(visible.parse::<TokenName>().is_ok(), !visible.chars().any(unprintable), "{visible:?}");
        }
        for visible in ["👩\u{200d}💻", "می\u{200c}خواهم", "\u{2801}", "\u{1d158}", "\u{1d15a}", "❤\u{fe0f}", "⠀x"]
        {
            assert!(visible.parse::<TokenName>().is_ok(), "{visible:?}");
        }
    }

    #[test]
    fn an_owner_is_1_to_255_printable_ascii_characters() {
        for good in
            ["alice@example.com", "auth0|5f7c", "repo:org/app:ref:refs/heads/main", r#"a "b" \ c"#, &"x".repeat(255)]
        {
            assert!(good.parse::<OwnerId>().is_ok(), "{good}");
        }
        for bad in ["", " ", " a", "a ", "ä", "a\n", "a\u{7f}", &"x".repeat(256)] {
            assert!(bad.parse::<OwnerId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_short_form_of_an_identity_is_one_line_without_secrets() {
        let via = |text: &str| Provenance::shortened(text).to_string();
        assert_eq!(via("github:acme/billing@refs/heads/main"), "github:acme/billing@refs/heads/main");
        // Dropping it would make the text look like another branch.
        assert_eq!(via("refs/heads/main\u{200b}"), "refs/heads/main\u{fffd}");
        assert_eq!(via("a\nb\u{202e}c\u{1b}[31m"), "a\u{fffd}b\u{fffd}c\u{fffd}[31m");
        assert!(!via(&format!("github:acme/x@pcl_{}", "a1".repeat(33))).contains(&"a1".repeat(20)));
        let long = via(&"ü".repeat(300));
        assert_eq!((long.chars().count(), long.chars().last()), (256, Some('…')));
    }

    #[test]
    fn a_pasted_token_is_never_stored_as_text() {
        let token = secret("pcl", 7);
        let token = token.expose_secret();
        let text = format!("see {token}");
        assert!(text.parse::<TokenName>().is_err());
        assert!(text.parse::<Description>().is_err());
        assert!(token.parse::<OwnerId>().is_err());
    }

    proptest! {
        #[test]
        fn a_random_subject_is_an_owner(text in "[0-9A-Za-z_-]{20,255}") {
            prop_assert!(text.parse::<OwnerId>().is_ok());
        }
    }
}
