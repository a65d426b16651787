//! The catalogs that people start from.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{document, file};
use crate::support::isolated_stack;

/// The files in a directory whose names end like this.
fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(file(directory)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(ending));
    files.sort();
    files
}

fn entries(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[test]
fn every_example_catalog_is_accepted_and_reads_back_the_same() {
    let stack = isolated_stack(|_| {});
    let own = {
        stack.put_catalog(&json!({}));
        entries(&stack.catalog().0["permissions"])
    };
    let mut catalogs = files("examples/catalogs", ".toml");
    assert_eq!(catalogs.len(), 5);
    catalogs.extend(files("infra", "/catalog.toml"));
    for catalog in catalogs {
        let written = document(&catalog);
        stack.put_catalog(&written);
        let (mut read, _) = stack.catalog();
        let shown = read["permissions"].as_object_mut().unwrap();
        // The built-in ones are part of every catalog, and listed in none.
        assert!(own.iter().all(|(permission, text)| shown.remove(permission).as_ref() == Some(text)));
        for part in ["strict", "permissions", "roles", "sessions"] {
            assert_eq!(read[part], written[part], "{part} of {}", catalog.display());
        }
        let routes = written.get("routes").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(read["routes"], routes, "{}", catalog.display());
    }
}

/// Each catalog is a starting point with a role of each kind for groups.
#[test]
fn every_example_catalog_gives_some_group_all_permissions() {
    let mut catalogs = files("examples/catalogs", ".toml");
    catalogs.extend(files("infra", "/catalog.toml"));
    for catalog in catalogs {
        let stack = isolated_stack(|_| {});
        let written = document(&catalog);
        stack.put_catalog(&written);
        let groups = entries(&written["sessions"]["groups"]);
        let all = |role: &Value| written["roles"][role.as_str().unwrap()]["permissions"] == json!(["*"]);
        let (group, _) = groups.iter().find(|(_, role)| all(role)).expect("a group of admins");
        let admin = stack.sign_in("root", &[group]);
        stack.get("/tokens").bearer(&admin).send().expect(200);
        stack.get("/catalog").bearer(&admin).send().expect(200);
    }
}
