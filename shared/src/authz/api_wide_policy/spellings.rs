//! The usual spellings of a path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that clients leave unencoded in a single value.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Further characters that clients may leave unencoded in a path
/// ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-3.3)).
const PATH: &AsciiSet = &UNRESERVED
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The usual spellings of the path with these names: raw, and encoded as little or as much as is usual. Most
/// paths have one spelling.
pub(super) fn spellings(names: &[String]) -> Vec<String> {
    let encoded =
        |set| names.iter().map(|name| utf8_percent_encode(name, set).to_string()).collect::<Vec<_>>().join("/");
    let mut spellings = vec![names.join("/")];
    for spelling in [encoded(PATH), encoded(UNRESERVED)] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RequestPath;
    use proptest::prelude::*;

    #[test]
    fn a_path_has_the_spellings_that_clients_send() {
        let written = |path: &str| spellings(&path.split('/').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(written("apps/a-b_c.d~e"), ["apps/a-b_c.d~e"]);
        assert_eq!(written("my app/ü"), ["my app/ü", "my%20app/%C3%BC"]);
        assert_eq!(written("users/a@b"), ["users/a@b", "users/a%40b"]);
        assert_eq!(written("a {b}@c"), ["a {b}@c", "a%20%7Bb%7D@c", "a%20%7Bb%7D%40c"]);
        assert_eq!(spellings(&[]), [""]);
    }

    proptest! {
        #[test]
        fn every_spelling_decodes_to_the_same_path(raw in "[a-zA-Z0-9/.${}@!$&'()+,=:é~\"<>^`| -]{1,30}") {
            if let Ok(path) = RequestPath::parse(&raw) {
                let names: Vec<_> = path.names().map(str::to_owned).collect();
                for spelling in spellings(&names) {
                    prop_assert_eq!(RequestPath::parse(&spelling), Ok(path.clone()));
                }
            }
        }
    }
}
