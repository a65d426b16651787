//! Request paths (`docs/adr/0006-reject-ambiguous-request-paths.md`) and the normalization of their names
//! (`docs/authorization.md`, Lookalike paths).

use unicode_normalization::UnicodeNormalization;

/// Characters without a visible form that the targets generate. Unicode has more.
const INVISIBLE: [char; 6] = ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];

/// The decoded names of a path without its leading slash; `None` if it is ambiguous. Exact for names of ASCII and of
/// the characters that the targets generate.
pub fn names(raw: &str) -> Option<Vec<String>> {
    let raw = raw.strip_suffix('/').unwrap_or(raw);
    if raw.is_empty() {
        return Some(Vec::new());
    }
    let names: Option<Vec<String>> =
        raw.split('/').map(|name| String::from_utf8(decoded(name.as_bytes())).ok()).collect();
    names.filter(|names| names.iter().all(|name| !has_second_reading(name) && !normalized(name).is_empty()))
}

/// Decodes percent-escapes once. A `%` without two hexadecimal digits stays.
pub fn decoded(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let [first, after @ ..] = rest {
        rest = after;
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

/// Whether two programs may read a decoded name differently.
pub fn has_second_reading(name: &str) -> bool {
    let compatible: String = name.nfkc().collect();
    [name, &compatible].into_iter().any(|name| {
        name.is_empty() || name == "." || name == ".." || name.chars().any(|c| c.is_control() || r"/\;?%*".contains(c))
    })
}

/// A name without what backends ignore: case, compatibility forms, invisible characters, and dots and white space at its
/// ends.
pub fn normalized(name: &str) -> String {
    let visible: String = name.nfkc().filter(|c| !INVISIBLE.contains(c)).collect();
    let lower: String = visible.to_lowercase().nfkc().collect();
    trimmed(&lower).to_owned()
}

/// A text without dots and white space at its ends.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c == '.' || c.is_whitespace())
}
