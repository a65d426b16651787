//! What grants allow, and what their holder may delegate. Oracle: every permission on every name of a small world, tried
//! one by one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::grants::{Permission, Resource};
use portcullis_fuzz::grants::{ACTIONS, GrantInput, GrantText, NAMES, grants};

fuzz_target!(|input: (Vec<GrantInput>, Vec<GrantInput>, &str)| {
    let (held, asked, text) = input;
    let ((held, parsed), (asked, parsed_asked)) = (grants(&held), grants(&asked));
    let allow =
        |grants: &[GrantText], permission: &str, name: &str| grants.iter().any(|grant| grant.allows(permission, name));
    let mut exceeds = false;
    for permission in &*PERMISSIONS {
        let needed: Permission = permission.parse().unwrap();
        assert_eq!(parsed.has_permission(&needed), held.iter().any(|grant| grant.has(permission)));
        for name in &*PATHS {
            let allowed = allow(&held, permission, name);
            assert_eq!(parsed.allows(&needed, name), allowed, "{permission} on {name:?} by {held:?}");
            exceeds |= !allowed && allow(&asked, permission, name);
        }
    }
    let uncovered = parsed.uncovered(&parsed_asked);
    // A permission without resources is refused too, although it allows nothing.
    let complete = asked.iter().all(|grant| !grant.resources.is_empty());
    assert!(!exceeds || !uncovered.is_empty(), "{held:?} cannot delegate {asked:?}");
    assert!(exceeds || !complete || uncovered.is_empty(), "{held:?} may delegate {asked:?}: {uncovered:?}");
    if let Ok(permission) = text.parse::<Permission>() {
        assert_eq!(permission.to_string().parse(), Ok(permission));
    }
    if let Ok(resource) = text.parse::<Resource>() {
        assert_eq!(resource.to_string(), text);
        assert_eq!(Resource::from_stored(text), resource);
    }
});

/// Every permission without wildcards, and some that no grant names.
static PERMISSIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let with_actions = |name| ACTIONS.into_iter().chain(["other"]).map(move |action| format!("{name}:{action}"));
    NAMES.into_iter().chain(["other"]).flat_map(with_actions).collect()
});

/// The root, and every path of up to two names, with and without a name that no grant has behind it.
static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let one: Vec<_> = NAMES.into_iter().chain(["other"]).map(str::to_owned).collect();
    let two: Vec<_> = one.iter().flat_map(|first| one.iter().map(move |second| format!("{first}/{second}"))).collect();
    let three = two.iter().map(|path| format!("{path}/other")).collect();
    [vec![String::new()], one.clone(), two.clone(), three].concat()
});
