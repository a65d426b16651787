//! Sessions, and who may manage tokens.

use portcullis::authz::TokenManagement;
use serde_json::{Value, json};

use crate::support::{AuditLog, Stack, Token, isolated_stack, owner, with_resources};

fn me(stack: &Stack, session: &str) -> Value {
    stack.get("/me").bearer(session).send().expect(200).json()
}

fn create(stack: &Stack, session: &str, mut body: Value) -> crate::support::Response {
    body["name"] = json!("mine");
    stack.post("/tokens").bearer(session).json(&with_resources(body)).send()
}

#[test]
fn a_session_has_the_roles_of_its_groups() {
    let stack = isolated_stack(|_| {});
    let me = me(&stack, &stack.sign_in("alice", &["portcullis-viewer", "portcullis-cicd", "others"]));
    assert_eq!((&me["principal_type"], &me["owner"]), (&json!("session"), &json!("alice")));
    assert_eq!(me["roles"], json!(["cicd", "viewer"]));
    let own = json!({"permissions": ["tokens:read", "tokens:write"], "resources": ["tokens"]});
    assert_eq!(me["grants"].as_array().unwrap().last(), Some(&own));
    assert!(me["expires_at"].is_string() && me.get("token_id").is_none());
}

#[test]
fn the_grants_of_the_groups_decide() {
    let stack = isolated_stack(|_| {});
    let viewer = stack.sign_in("bob", &["portcullis-viewer"]);
    let without_roles = stack.sign_in("carol", &[]);
    stack.get("/demo/apps").bearer(&viewer).send().expect(200);
    let refused = stack.post("/demo/apps").bearer(&viewer).send().problem(403, "insufficient_scope");
    assert_eq!((&refused["permission"], &refused["roles"]), (&json!("apps:write"), &json!("admin deployer")));
    let refused = stack.get("/demo/apps").bearer(&without_roles).send().problem(403, "insufficient_scope");
    assert_eq!(refused["roles"], "", "who may not see the catalog");
    let principal = stack.get("/demo/apps").bearer(&viewer).send().json()["principal"].clone();
    assert_eq!((&principal["principal_type"], &principal["roles"]), (&json!("session"), &json!("viewer")));
    assert_eq!((&principal["owner"], &principal["principalId"]), (&json!("bob"), &json!("bob")));
}

#[test]
fn a_session_creates_tokens_within_its_own_grants() {
    let stack = isolated_stack(|_| {});
    let session = stack.sign_in("dave", &["portcullis-viewer"]);
    let token = Token::shown_in(&create(&stack, &session, json!({"permissions": ["apps:read"]})).expect(201));
    assert_eq!((&*token.owner, &token.view["created_by"]), ("dave", &json!("session:dave")));
    stack.get("/demo/apps").bearer(&token).send().expect(200);
    create(&stack, &session, json!({"permissions": ["apps:write"]})).problem(403, "exceeds_grants");
    create(&stack, &session, json!({"role": "admin"})).problem(403, "exceeds_grants");
    create(&stack, &session, json!({"permissions": ["apps:read"], "owner": owner()})).problem(403, "forbidden");
    // A token may outlive the session that created it.
    create(&stack, &session, json!({"permissions": ["apps:read"], "expires_at": null})).expect(201);
    let revoked = stack.post(&format!("{}/revoke", token.path())).bearer(&session).send().expect(200).json();
    assert_eq!(revoked["revoked_by"], "session:dave");
}

#[test]
fn a_session_lists_and_revokes_only_its_owners_tokens() {
    let stack = isolated_stack(|_| {});
    let (erin, frank) = (stack.sign_in("erin", &["portcullis-viewer"]), stack.sign_in("frank", &["portcullis-viewer"]));
    let token = Token::shown_in(&create(&stack, &erin, json!({"permissions": ["apps:read"]})).expect(201));
    stack.get(&token.path()).bearer(&frank).send().problem(404, "not_found");
    stack.delete(&token.path()).bearer(&frank).send().problem(404, "not_found");
    stack.post(&format!("{}/revoke", token.path())).bearer(&frank).send().problem(404, "not_found");
    let listed = |session: &str| stack.get("/tokens").bearer(session).send().expect(200).json()["tokens"].clone();
    assert_eq!(listed(&frank), json!([]));
    assert_eq!(listed(&erin)[0]["id"], token.id);
    let admin = stack.sign_in("gina", &["portcullis-admin"]);
    stack.delete(&token.path()).bearer(&admin).send().expect(204);
}

#[test]
fn an_expired_session_is_refused() {
    let stack = isolated_stack(|_| {});
    let session = stack.sign_in("henry", &["portcullis-admin"]);
    me(&stack, &session);
    // Eight hours, plus the minute of allowed clock skew.
    stack.advance_clock(8 * 3600 + 30);
    me(&stack, &session);
    stack.advance_clock(31);
    stack.get("/me").bearer(&session).send().problem(401, "invalid_token");
}

#[test]
fn a_session_is_only_a_bearer_credential_and_two_credentials_are_refused() {
    let stack = isolated_stack(|_| {});
    let session = stack.sign_in("ida", &["portcullis-admin"]);
    stack.get("/me").header("x-api-token", &session).send().problem(401, "invalid_token");
    stack.get("/me").bearer(&session).header("x-api-token", &stack.admin).send().problem(401, "invalid_token");
    stack.get("/me").bearer(&session).bearer(&session).send().problem(401, "invalid_token");
    for cut in [&session[..session.len() - 1], &format!("{session}A"), &session.replace('.', "..")] {
        stack.get("/me").bearer(cut).send().problem(401, "invalid_token");
    }
}

#[test]
fn a_change_of_groups_and_roles_applies_to_sessions_that_exist() {
    let stack = isolated_stack(|_| {});
    let session = stack.sign_in("jane", &["team"]);
    stack.get("/demo/apps").bearer(&session).send().expect(403);
    stack.put_catalog(&json!({
        "roles": {"dev": {"permissions": ["apps:read"]}}, "sessions": {"groups": {"team": "dev"}},
    }));
    stack.get("/demo/apps").bearer(&session).send().expect(200);
    stack.put_catalog(&json!({}));
    stack.get("/demo/apps").bearer(&session).send().expect(403);
}

#[test]
fn with_admins_management_only_admins_create_and_list_tokens() {
    let stack = isolated_stack(|options| options.settings.authz.token_management = TokenManagement::Admins);
    let viewer = stack.sign_in("kate", &["portcullis-viewer"]);
    let admin = stack.sign_in("luke", &["portcullis-admin"]);
    let owned = stack.create(json!({"permissions": ["tokens:read", "tokens:write"], "owner": "kate"}));
    let body = json!({"name": "x", "permissions": ["tokens:read"], "resources": ["*"]});
    for credential in [&*viewer, &owned.secret] {
        let needs_admin = |response: crate::support::Response| {
            assert_eq!(response.problem(403, "insufficient_scope")["permission"], "tokens:admin");
        };
        needs_admin(stack.get("/tokens").bearer(credential).send());
        needs_admin(stack.get(&owned.path()).bearer(credential).send());
        needs_admin(stack.post("/tokens").bearer(credential).json(&body).send());
        needs_admin(stack.post(&format!("{}/revoke", owned.path())).bearer(credential).send());
        needs_admin(stack.delete(&owned.path()).bearer(credential).send());
        needs_admin(stack.post("/explain").bearer(credential).json(&json!({})).send());
        stack.get("/me").bearer(credential).send().expect(200);
    }
    assert_eq!(me(&stack, &viewer)["grants"], json!([{"permissions": ["*:read"], "resources": ["*"]}]));
    stack.post("/tokens").bearer(&admin).json(&body).send().expect(201);
    stack.get("/tokens").bearer(&admin).send().expect(200);
}

#[test]
fn a_session_in_a_path_or_field_is_neither_logged_nor_stored() {
    let audit_log = AuditLog::default();
    let writer = audit_log.clone();
    let stack = isolated_stack(move |options| options.audit_log = Box::new(writer));
    let session = stack.sign_in("mary", &["portcullis-viewer"]);
    // It is longer than a path may be; both logs still have a line.
    stack.get(&format!("/demo/apps/{session}/x")).bearer(&session).send().expect(403);
    let refused = create(&stack, &session, json!({"permissions": ["apps:read"], "description": session}));
    assert_eq!(refused.offending_fields(), ["description"]);
    let logged = format!("{:?}\n{:?}", audit_log.take(), stack.access_log());
    for part in session.split('.') {
        assert!(!logged.contains(&part[..20]), "{logged}");
    }
    assert!(logged.contains("/apps/[redacted]/x"), "{logged}");
}

#[test]
fn a_random_subject_and_a_random_token_name_are_not_taken_for_secrets() {
    let stack = isolated_stack(|_| {});
    // From Dex, 256 random bits in base64url, hexadecimal after a separator, and the longest one.
    for subject in [
        "ChUxMDM0NTY3ODkwMTIzNDU2Nzg5MDESBmdvb2dsZQxyzABCDEFGHIJKL",
        "h7Kd0sQeXvB2nZ4mW8tYc1LpRfUaJ6gOi9T3yNbMqEw",
        "idp_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        &"Ab1".repeat(85),
    ] {
        let session = stack.sign_in(subject, &["portcullis-admin"]);
        assert_eq!(me(&stack, &session)["owner"], subject);
        let resource = "files/file_9f86d081884c7d659a2feaa0c55ad015";
        let made = create(&stack, &session, json!({ "permissions": ["apps:read"], "resources": [resource] }));
        assert_eq!(made.expect(201).json()["grants"][0]["resources"], json!([resource]));
    }
}
