//! The path of a request. Oracle: a second implementation, exact for ASCII; parse and print agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::catalog::RequestPath;
use portcullis_fuzz::path::{decoded, has_second_reading, names};

fuzz_target!(|raw: &str| {
    let parsed = RequestPath::parse(raw);
    let read = raw.strip_suffix('/').unwrap_or(raw);
    let plain = |name: &str| decoded(name.as_bytes()).is_ascii();
    if read.split('/').all(plain) {
        let expected = names(raw);
        let parsed = parsed.as_ref().ok().map(|path| path.names().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parsed, expected);
    }
    let Ok(path) = parsed else { return };
    for (name, raw) in path.names().zip(read.split('/')) {
        assert_eq!(name.as_bytes(), decoded(raw.as_bytes()));
        assert!(!has_second_reading(name), "{name:?}");
    }
    assert_eq!(path.as_str(), path.names().collect::<Vec<_>>().join("/"));
    assert_eq!(path.first(), path.names().next().unwrap_or_default());
    // A decoded path is its own decoding, with or without a trailing slash.
    assert_eq!(RequestPath::parse(path.as_str()).as_ref(), Ok(&path));
    assert_eq!(RequestPath::parse(&format!("{path}/")).as_ref(), Ok(&path));
    let escaped: String = path.as_str().bytes().map(|byte| escape(byte)).collect();
    assert_eq!(RequestPath::parse(&escaped), Ok(path));
});

fn escape(byte: u8) -> String {
    if byte == b'/' { "/".to_owned() } else { format!("%{byte:02X}") }
}
