//! The usual percent-encodings of a path.

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

/// The usual encodings of the path with these names: raw, and encoded as little or as much as is usual. Most
/// paths have one.
pub(super) fn percent_encodings(names: &[String]) -> Vec<String> {
    let encoded =
        |set| names.iter().map(|name| utf8_percent_encode(name, set).to_string()).collect::<Vec<_>>().join("/");
    let mut encodings = vec![names.join("/")];
    for path in [encoded(PATH), encoded(UNRESERVED)] {
        if !encodings.contains(&path) {
            encodings.push(path);
        }
    }
    encodings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RequestPath;
    use proptest::prelude::*;

    #[test]
    fn a_path_has_the_encodings_that_clients_send() {
        let written = |path: &str| percent_encodings(&path.split('/').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(written("apps/a-b_c.d~e"), ["apps/a-b_c.d~e"]);
        assert_eq!(written("my app/ü"), ["my app/ü", "my%20app/%C3%BC"]);
        assert_eq!(written("users/a@b"), ["users/a@b", "users/a%40b"]);
        assert_eq!(written("a {b}@c"), ["a {b}@c", "a%20%7Bb%7D@c", "a%20%7Bb%7D%40c"]);
        assert_eq!(percent_encodings(&[]), [""]);
    }

    proptest! {
        #[test]
        fn every_encoding_decodes_to_the_same_path(raw in "[a-zA-Z0-9/.${}@!$&'()+,=:é~\"<>^`| -]{1,30}") {
            if let Ok(path) = RequestPath::parse(&raw) {
                let names: Vec<_> = path.names().map(str::to_owned).collect();
                for encoded in percent_encodings(&names) {
                    prop_assert_eq!(RequestPath::parse(&encoded), Ok(path.clone()));
                }
            }
        }
    }
}
