use super::*;
use crate::authz::api_wide_policy::regions::allowed_paths;
use crate::authz::{AuthzContext, Settings};
use crate::catalog::Catalog;
use crate::grants::Grant;

const STAGE: &str = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/v1";

fn policy(grants: &[(&[&str], &[&str])], document: &str, path: &str) -> Result<ApiWidePolicy, CompileError> {
    let grant = |(permissions, resources): &(&[&str], &[&str])| Grant {
        permissions: permissions.iter().map(|text| text.parse().unwrap()).collect(),
        resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
    };
    let grants = grants.iter().map(grant).collect::<Vec<_>>().into();
    let catalog = Catalog::read(&serde_json::from_str(document).unwrap()).unwrap();
    let rules = AuthzContext::new(&catalog, &Settings::default());
    ApiWidePolicy::new(&allowed_paths(&grants, &rules)?, &Arn::parse(&format!("{STAGE}/{path}")).unwrap())
}

/// The allow patterns, without the stage prefix.
fn allowed(grants: &[(&[&str], &[&str])], document: &str) -> Vec<String> {
    let policy = policy(grants, document, "GET/x").unwrap();
    policy.allow.iter().map(|pattern| pattern.strip_prefix(STAGE).unwrap().to_owned()).collect()
}

#[test]
fn an_api_wide_policy_allows_what_both_grants_allow() {
    let catalog = r#"{"permissions": {"build:create": ""}, "routes": [
        {"match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}"}]}"#;
    let grants: &[(&[&str], &[&str])] = &[(&["apps:read"], &["apps/billing"]), (&["build:create"], &["app/billing"])];
    let policy = policy(grants, catalog, "GET/apps/billing").unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&policy.document()).unwrap());
}

#[test]
fn each_extent_has_exact_patterns() {
    assert_eq!(allowed(&[(&["a:write"], &["a/*"])], "{}"), ["/DELETE/a/?*", "/PATCH/a/?*", "/POST/a/?*", "/PUT/a/?*"]);
    assert_eq!(allowed(&[(&["*:*"], &["*"])], "{}"), ["/*"]);
    let root = allowed(&[(&["*:read"], &["*"])], "{}");
    assert_eq!(root, ["/GET", "/GET/*", "/HEAD", "/HEAD/*", "/OPTIONS", "/OPTIONS/*"]);
    let exact = r#"{"strict": true, "permissions": {"a:see": ""}, "routes": [
        {"match": "HEAD /", "permission": "a:see"}, {"match": "POST /a", "permission": "a:see"}]}"#;
    assert_eq!(allowed(&[(&["a:see"], &["*"])], exact), ["/HEAD", "/HEAD/", "/POST/a", "/POST/a/"]);
}

#[test]
fn encoded_names_get_a_pattern_for_each_usual_spelling() {
    let of = |resource: &str| {
        let all = allowed(&[(&["*:read"], &[resource])], "{}");
        all.into_iter().filter(|pattern| pattern.starts_with("/GET") && !pattern.ends_with("/*")).collect::<Vec<_>>()
    };
    assert_eq!(of("my app"), ["/GET/my app", "/GET/my%20app"]);
    assert_eq!(of("u/a@b"), ["/GET/u/a@b", "/GET/u/a%40b"]);
    // Text that IAM would read as a variable is always encoded.
    assert_eq!(of("${aws:x}"), ["/GET/$%7Baws:x%7D", "/GET/%24%7Baws%3Ax%7D"]);
}

#[test]
fn a_principal_without_grants_is_denied_everything() {
    let nothing = policy(&[], "{}", "GET/x").unwrap();
    let statement = &nothing.document()["Statement"][0];
    assert_eq!((&statement["Effect"], &statement["Resource"]), (&json!("Deny"), &json!([format!("{STAGE}/*")])));
}

#[test]
fn literal_paths_need_no_guard() {
    let strict = r#"{"strict": true, "permissions": {"a:see": ""}, "routes": [
        {"match": "GET /apps/{app}", "permission": "a:see", "resource": "app/{app}"}]}"#;
    let exact = policy(&[(&["a:see"], &["app/billing"])], strict, "GET/x").unwrap();
    assert_eq!((exact.allow.len(), exact.deny.len()), (4, 0));
}

#[test]
fn a_path_longer_than_a_pattern_may_be_makes_no_policy() {
    let long = "x".repeat(300);
    let catalog = format!(
        r#"{{"strict": true, "permissions": {{"a:see": ""}}, "routes": [
            {{"match": "GET /{long}/{{rest+}}", "permission": "a:see", "resource": "{{rest}}"}}]}}"#
    );
    let longest = |resource: &str| {
        let policy = policy(&[(&["a:see"], &[resource])], &catalog, "GET/x")?;
        Ok(policy.allow.iter().map(String::len).max())
    };
    let room = 512 - format!("{STAGE}/HEAD/{long}//*").len();
    assert_eq!(longest(&"y".repeat(room)), Ok(Some(512)));
    assert_eq!(longest(&"y".repeat(room + 1)), Err(CompileError::LongPattern));
    // The limit applies to the encoded form.
    assert_eq!(longest(&"ü".repeat(room / 3)), Err(CompileError::LongPattern));
}

#[test]
fn an_unusual_spelling_is_added_to_the_policy_it_causes() {
    let arn = |path: &str| format!("{STAGE}/{path}");
    let settled = |path: &str, allowed: bool| {
        let mut policy = policy(&[(&["apps:read"], &["apps/v1.2"])], "{}", path).unwrap();
        policy.pin_request(&Arn::parse(&arn(path)).unwrap(), allowed).map(|()| policy)
    };
    let alias = settled("GET/app%73/v1.2", true).unwrap();
    assert!(alias.allows(&arn("GET/app%73/v1.2")) && !alias.allows(&arn("GET/app%73/v1.3")));
    // Neither the guard nor a wildcard sent by the client is ever overridden.
    assert_eq!(settled("GET/apps/v1%2e2", true).unwrap_err(), CompileError::Guarded);
    assert_eq!(settled("GET/app%73/${x}", true).unwrap_err(), CompileError::Guarded);
    let odd = settled("GET/apps/v1.2/*", false).unwrap();
    assert!(!odd.allows(&arn("GET/apps/v1.2/*")) && odd.allows(&arn("GET/apps/v1.2/xy")));
}
