//! The page's middle: creating, using, tracking and replacing tokens.

use serde_json::{Value, json};

use super::{ROLES, admin, cicd, rack_gateway, with_role};
use crate::scenarios::{DAY, assert_rejected, catalog, create, listed, on_everything, revoke, seconds};
use crate::support::with_good_checksum;

/// "Enter a descriptive name", "Select the appropriate role", "Copy the token immediately -
/// it won't be shown again"
#[test]
fn a_token_is_created_with_a_name_and_a_role_and_not_shown_again() {
    let stack = rack_gateway();
    let rosa = admin(&stack);
    let token = create(&stack, &rosa, &with_role("ci-production-deploy", "cicd"));
    let shown = listed(&stack, &rosa, &token);
    assert_eq!((&shown["name"], &shown["role"]), (&json!("ci-production-deploy"), &json!("cicd")));
    // The whole response but for the token, which no later response contains.
    assert_eq!(shown, token.view);
    assert_eq!(stack.get(&token.path()).bearer(&rosa).send().expect(200).json(), token.view);
    let refused = stack.post("/tokens").bearer(&rosa).json(&with_role("x", "root")).send();
    assert_eq!(refused.offending_fields(), ["role"]);
}

/// "Include the token in the Authorization header"
#[test]
fn the_token_is_included_in_the_authorization_header() {
    let stack = rack_gateway();
    let token = cicd(&stack);
    let header = format!("Bearer {}", token.secret);
    stack.get("/demo/apps").header("Authorization", header).send().expect(200);
    // A token with another prefix is unknown.
    let other = with_good_checksum(&format!("pcl_{}", &token.secret[4..token.secret.len() - 6]));
    stack.get("/demo/apps").bearer(other).send().problem(401, "invalid_token");
}

/// "API token management is admin-only"
#[test]
fn api_token_management_is_admin_only() {
    let stack = rack_gateway();
    let (rosa, token) = (admin(&stack), cicd(&stack));
    let people = ["rack-viewers", "rack-ops", "rack-deployers"].map(|group| stack.sign_in("pat", &[group]));
    let tokens = ROLES[..4].iter().map(|role| create(&stack, &rosa, &with_role("x", role)).secret);
    for by in people.into_iter().chain(tokens) {
        for (method, path) in [
            ("POST", "/tokens".to_owned()),
            ("GET", "/tokens".to_owned()),
            ("GET", token.path()),
            ("DELETE", token.path()),
            ("POST", format!("{}/revoke", token.path())),
        ] {
            let response = stack.request(method, &path).bearer(&by).json(&with_role("x", "viewer")).send();
            assert_eq!(response.problem(403, "insufficient_scope")["permission"], "tokens:admin");
        }
    }
    listed(&stack, &rosa, &token);
    let admins = create(&stack, &rosa, &with_role("automation", "admin"));
    listed(&stack, &admins, &token);
}

/// "Revoke by ID"
#[test]
fn a_token_is_revoked_by_its_id() {
    let stack = rack_gateway();
    let (rosa, kept, deleted, left) = (admin(&stack), cicd(&stack), cicd(&stack), cicd(&stack));
    revoke(&stack, &rosa, &kept);
    stack.delete(&deleted.path()).bearer(&rosa).send().expect(204);
    for token in [&kept, &deleted] {
        assert_rejected(&stack, token, "/demo/apps");
    }
    assert_eq!(listed(&stack, &rosa, &kept)["revoked_by"], "session:rosa");
    stack.get("/demo/apps").bearer(&left).send().expect(200);
}

/// "Each token tracks: name, permissions, created_by, created_at, last_used_at: Last
/// successful use"
#[test]
fn each_token_tracks_its_name_permissions_creation_and_last_use() {
    let stack = rack_gateway();
    let (first, rosa) = (cicd(&stack), admin(&stack));
    stack.advance_clock(3600);
    let token = create(&stack, &rosa, &with_role("github-actions-main", "cicd"));
    let shown = || listed(&stack, &rosa, &token);
    assert_eq!((&shown()["name"], &shown()["created_by"]), (&json!("github-actions-main"), &json!("session:rosa")));
    assert_eq!(shown()["grants"], on_everything(&catalog("rack-gateway")["roles"]["cicd"]["permissions"]));
    let apart = seconds(&shown()["created_at"]) - seconds(&first.view["created_at"]);
    assert!((3600..3660).contains(&apart), "{apart}");

    stack.post("/demo/apps/myapp/restart").bearer(&token).send().expect(403);
    assert_eq!(shown()["last_used_at"], Value::Null, "that was no successful use");
    let used = || {
        stack.get("/demo/apps").bearer(&token).send().expect(200);
        seconds(&shown()["last_used_at"])
    };
    let once = used();
    stack.advance_clock(600);
    assert!((600..660).contains(&(used() - once)));
    // A token created with a token has that token as its creator.
    let admins = create(&stack, &rosa, &with_role("automation", "admin"));
    assert_eq!(create(&stack, &admins, &with_role("x", "viewer")).view["created_by"], format!("token:{}", admins.id));
}

/// "Create new token with same role", "Verify systems work with new token", "Delete old token"
#[test]
fn a_token_is_replaced_by_a_new_one_with_the_same_role() {
    let stack = rack_gateway();
    let (old, new) = (cicd(&stack), cicd(&stack));
    let deploy = |token| stack.post("/demo/apps/myapp/releases").bearer(token).send().status;
    assert_eq!((deploy(&old), deploy(&new)), (200, 200));
    stack.delete(&old.path()).bearer(admin(&stack)).send().expect(204);
    assert_eq!((deploy(&old), deploy(&new)), (401, 200));
}

/// "Tokens not used in 90+ days should be reviewed"
#[test]
fn the_list_tells_which_tokens_were_not_used_in_90_days() {
    let stack = rack_gateway();
    let (idle, busy) = (cicd(&stack), cicd(&stack));
    let usage = |token| stack.get("/demo/apps").bearer(token).send().expect(200);
    usage(&idle);
    stack.advance_clock(91 * DAY);
    let now = seconds(&cicd(&stack).view["created_at"]);
    usage(&busy);
    let rosa = admin(&stack);
    let days = |token| (now - seconds(&listed(&stack, &rosa, token)["last_used_at"])) / DAY;
    assert!(days(&idle) >= 90 && days(&busy) <= 0);
}
