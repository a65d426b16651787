//! `portcullis whoami`

use crate::support::{json, stack, stderr, stdout};

#[test]
fn whoami_says_who_what_and_until_when() {
    let stack = stack();
    let said = stdout(&stack.portcullis(["whoami"]).assert().success());
    for line in ["principal", "token", "owner", "admin", "expires", "never", "* on *"] {
        assert!(said.contains(line), "{line} is missing in {said}");
    }
    let document = json(&stack.portcullis(["whoami", "--json"]).assert().success());
    assert_eq!((&document["owner"], &document["expires_at"]), (&"admin".into(), &serde_json::Value::Null));
}

#[test]
fn a_refused_credential_is_named_by_its_source_and_never_repeated() {
    let stack = stack();
    let unknown = stack.admin().replace(|c: char| c.is_ascii_digit(), "x");
    let assert = stack.with_token(&unknown, ["whoami"]).assert().code(3);
    let said = stderr(&assert);
    assert!(said.contains("PORTCULLIS_API_TOKEN") && !said.contains(&unknown), "{said}");
}
