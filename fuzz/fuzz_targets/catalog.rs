//! A catalog's document. Oracles: an accepted document reads the same again from what is stored and shown of it; each
//! of its routes matches a path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::catalog::{Catalog, RequestPath, Target};
use portcullis::json;

fuzz_target!(|bytes: &[u8]| {
    let plain = serde_json::from_slice::<serde_json::Value>(bytes);
    let read = json::read(bytes);
    assert_eq!(read.as_ref().ok().map(|(document, _)| document), plain.as_ref().ok());
    let Ok((document, _)) = read else { return };
    let catalog = match Catalog::read(&document) {
        Ok(catalog) => catalog,
        Err(issues) => {
            assert!(!issues.is_empty());
            return;
        }
    };
    let shown = catalog.to_document();
    assert_eq!(Catalog::read(&shown).as_ref(), Ok(&catalog));
    assert_eq!(Catalog::from_stored(&shown.to_string()).as_ref(), Some(&catalog));
    assert_eq!(catalog.to_document(), shown);
    // A catalog gives its own groups nothing new, and its own CI jobs neither.
    assert_eq!(catalog.new_group_permissions(&catalog).count(), 0);
    assert_eq!(catalog.new_trust_rules(&catalog).count(), 0);
    for route in catalog.routes() {
        let Some((method, pattern)) = route.pattern.split_once(" /") else { continue };
        // A path of the route: each parameter is its own value.
        let value = |part: &str| part.strip_prefix('{').map_or(part.to_owned(), |name| name.replace(['+', '}'], ""));
        let path = pattern.split('/').map(value).collect::<Vec<_>>().join("/");
        let method = if method == "ANY" { "GET" } else { method };
        let Ok(parsed) = RequestPath::parse(&escaped(&path)) else { continue };
        let (found, _) = catalog.route(Target::Http { method, path: &path }, &parsed).unwrap();
        assert_eq!(found.pattern, route.pattern);
    }
});

fn escaped(path: &str) -> String {
    path.bytes().map(|byte| if byte == b'/' { "/".to_owned() } else { format!("%{byte:02X}") }).collect()
}
