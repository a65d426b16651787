//! Hiding whatever looks like a token in text that people wrote: a path, a name, a field.

use std::borrow::Cow;

/// Behind a `_`, from this many letters and digits on, a word is taken for a token, whole
/// or cut. A whole one has 65; an id (16) is never hidden.
const BEHIND_A_SEPARATOR: usize = 32;
/// How much of such a word stays: the public id.
const SHOWN: usize = 16;
/// Anywhere, from this many letters and digits on, a word that has letters of both cases is
/// taken for a secret: 43 drawn characters always have, a hexadecimal digest never has.
const ANYWHERE: usize = 40;

/// How `{"` begins in base64url, and with it the header of every JWT.
const OBJECT: &str = "eyJ";
/// What each of a JWT's first two parts has at least, besides.
const LEAST_OF_A_PART: usize = 10;

/// The text without what looks like a session, and without what looks like a token: behind a `_` (or `%5F`, its
/// percent-encoding) only the public id is left of it, and elsewhere nothing.
///
/// Any deployment's prefix is recognised, and also a token that was cut, doubled or
/// stripped of its prefix. Someone who takes pains to disguise their own token, letter by
/// letter, is not stopped.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    match without_sessions(text) {
        Some(left) => Cow::Owned(without_tokens(&left).into_owned()),
        None => without_tokens(text),
    }
}

/// The text without sessions, which are JWTs: two parts or more that begin as a JSON object
/// does in base64url, with a dot between them. `None` if there is none.
fn without_sessions(text: &str) -> Option<String> {
    let base64url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut left = String::new();
    let mut rest = text;
    while let Some(from) = rest.find(OBJECT) {
        let (before, candidate) = rest.split_at(from);
        left.push_str(before);
        let run = position(candidate.as_bytes(), 0, |byte| !base64url(byte) && *byte != b'.');
        let (run, after_run) = candidate.split_at(run.unwrap_or(candidate.len()));
        let mut parts = run.split('.').map(str::len);
        let is_session = parts.next().is_some_and(|length| length >= OBJECT.len() + LEAST_OF_A_PART)
            && parts.next().is_some_and(|length| length >= LEAST_OF_A_PART);
        // One that is none may still have one behind it.
        let (kept, after) = if is_session { ("[redacted]", after_run) } else { candidate.split_at(OBJECT.len()) };
        left.push_str(kept);
        rest = after;
    }
    (rest.len() < text.len()).then(|| left + rest)
}

fn without_tokens(text: &str) -> Cow<'_, str> {
    let mut redacted = String::new();
    let mut copied = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(from) = position(bytes, at, u8::is_ascii_alphanumeric) {
        let to = position(bytes, from, |byte| !byte.is_ascii_alphanumeric()).unwrap_or(bytes.len());
        if let Some(hidden) = hidden(bytes, from, to) {
            // Letters and digits are one byte each, so no character is cut.
            redacted.push_str(text.get(copied..hidden).unwrap_or_default());
            redacted.push_str("[redacted]");
            copied = to;
        }
        at = to;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    redacted.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(redacted)
}

/// From where on the run of letters and digits has to be hidden, if it has.
fn hidden(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let run = bytes.get(from..to)?;
    let before = from.checked_sub(1).and_then(|at| bytes.get(at));
    let word = match before {
        Some(b'_') => Some(from),
        Some(b'%') if run.get(..2).is_some_and(|code| code.eq_ignore_ascii_case(b"5F")) => Some(from + 2),
        _ => None,
    };
    match word {
        Some(word) if to - word >= BEHIND_A_SEPARATOR => Some(word + SHOWN),
        _ => {
            let mixed = run.iter().any(u8::is_ascii_lowercase) && run.iter().any(u8::is_ascii_uppercase);
            (run.len() >= ANYWHERE && mixed).then_some(from)
        }
    }
}

fn position(bytes: &[u8], from: usize, wanted: impl Fn(&u8) -> bool) -> Option<usize> {
    bytes.get(from..)?.iter().position(wanted).map(|offset| from + offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "pcl_0123456789abcdefSECRETSECRETSECRETSECRETSECRETSECRETSECRETx123456";

    #[test]
    fn ordinary_text_is_left_as_it_is() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for text in ["", "/apps/billing_api/builds", "GitHub Actions", "a_b_c", "über_größe", "%5Fx", "_", "%", digest]
        {
            assert_eq!(redact(text), text);
        }
        assert_eq!(redact(&format!("/blobs/sha256:{digest}")), format!("/blobs/sha256:{digest}"));
    }

    #[test]
    fn a_token_keeps_only_its_id() {
        assert_eq!(redact(TOKEN), "pcl_0123456789abcdef[redacted]");
        assert_eq!(redact(&TOKEN.replace('_', "%5f")), "pcl%5f0123456789abcdef[redacted]");
        let twice = format!("/x/{TOKEN}/y/{TOKEN}/z");
        assert_eq!(redact(&twice), "/x/pcl_0123456789abcdef[redacted]/y/pcl_0123456789abcdef[redacted]/z");
    }

    #[test]
    fn a_token_without_its_separator_keeps_nothing() {
        for disguised in
            [TOKEN.replace('_', "-"), TOKEN.replace('_', "%255f"), TOKEN.replace("pcl_", ""), TOKEN.replace('_', "")]
        {
            assert!(!redact(&disguised).contains("SECRET"), "{disguised}");
        }
    }

    #[test]
    fn a_session_does_not_hide_behind_what_begins_like_one() {
        let part = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii1fLV8tXy1fIn0";
        for before in ["eyJ.", "eyJx.", "eyJeyJ.eyJx.a.", "eyJeyJ"] {
            let redacted = redact(&format!("{before}{part}.{part}.a-b_c-d")).into_owned();
            assert!(!redacted.contains("hbGci") && !redacted.contains("a-b_c-d"), "{redacted}");
        }
    }

    #[test]
    fn of_a_session_nothing_is_left_wherever_it_stands() {
        let part = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii1fLV8tXy1fIn0";
        for (jwt, hidden) in [
            (format!("{part}.{part}.a-b_c-d_e-f_g"), true),
            (format!("{part}.{part}."), true),
            (format!("{part}.{part}"), true),
            (format!("{part}.{}.sig", "x-".repeat(30)), true),
            ("eyJ.eyJ.x".to_owned(), false),
            ("eyJhbGciOi.txt".to_owned(), false),
        ] {
            for (before, after) in [("", ""), ("/apps/", "/x"), ("ü ", "?q"), ("eyJ ", " eyJ"), ("key=", ";")] {
                let text = format!("{before}{jwt}{after}");
                let expected = if hidden { format!("{before}[redacted]{after}") } else { text.clone() };
                assert_eq!(redact(&text), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn no_secret_survives_whatever_stands_around_it(before in "\\PC{0,20}", after in "\\PC{0,20}") {
            let text = format!("{before}{TOKEN}{after}");
            prop_assert!(!redact(&text).contains("SECRETSECRET"));
        }

        #[test]
        fn what_was_redacted_is_not_redacted_again(text in "([a-zA-Z0-9_%-]{0,80}|\\PC{0,40})") {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once), once.as_str());
        }
    }
}
