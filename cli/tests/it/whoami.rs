//! `portcullis whoami`

use crate::support::{json, stack, stderr, stdout};

#[test]
fn whoami_shows_owner_grants_and_expiry() {
    let stack = stack();
    let printed = stdout(&stack.portcullis(["whoami"]).assert().success());
    for line in ["principal", "token", "owner", "admin", "expires", "never", "* on *"] {
        assert!(printed.contains(line), "{line} is missing in {printed}");
    }
    let document = json(&stack.portcullis(["whoami", "--json"]).assert().success());
    assert_eq!((&document["owner"], &document["expires_at"]), (&"admin".into(), &serde_json::Value::Null));
}

#[test]
fn a_rejected_credential_is_named_by_its_source() {
    let stack = stack();
    let unknown = stack.admin().replace(|c: char| c.is_ascii_digit(), "x");
    let assert = stack.with_token(&unknown, ["whoami"]).assert().code(3);
    let printed = stderr(&assert);
    assert!(printed.contains("PORTCULLIS_API_TOKEN") && !printed.contains(&unknown), "{printed}");
}
