//! "API Tokens" of Rack Gateway, a gateway in front of Convox racks:
//! <https://docspring.github.io/rack-gateway/security/authentication/api-tokens>, with
//! `examples/catalogs/rack-gateway.toml`. Tokens begin with `rgw`, and only admins manage
//! them.
//!
//! Its page in the console is followed in `tests/browser/seeds.test.mjs`; the command in
//! `cli/tests`, and the workflow in `examples/ci`, whose steps are run there.
//!
//! Out of scope: "MFA", "Idle timeout" and "Logout" of sessions are up to the identity provider.
//! "Tokens should only be used over HTTPS" is up to
//! the gateway, which serves only HTTPS.
//!
//! Different on purpose: the random component is base62 with a checksum, not base64url, and
//! its first part is the token's ID, which is a number on the page.

mod management;
mod security;

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::authz::TokenManagement;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    DAY, allowed, assert_rejected, catalog, create, deployment, each_role_allows_its_routes, on_everything, routes,
};
use crate::support::{AuditLog, Stack, Token, isolated_stack};

const ROLES: [&str; 5] = ["viewer", "ops", "deployer", "cicd", "admin"];

fn rack_gateway() -> Stack {
    logged().0
}

/// With its audit log.
fn logged() -> (Stack, AuditLog) {
    let log = AuditLog::default();
    let sink = log.clone();
    let stack = deployment("rack-gateway", |options| {
        options.settings.prefix = "rgw".parse().unwrap();
        options.settings.authz.token_management = TokenManagement::Admins;
        options.audit_log = Box::new(sink);
    });
    log.take();
    (stack, log)
}

fn admin(stack: &Stack) -> String {
    stack.sign_in("rosa", &["rack-admins"])
}

fn with_role(name: &str, role: &str) -> Value {
    json!({ "name": name, "role": role, "resources": ["*"], "expires_at": null })
}

fn cicd(stack: &Stack) -> Token {
    create(stack, admin(stack), &with_role("ci-production-deploy", "cicd"))
}

/// "Unlike sessions, tokens are long-lived and don't require interactive login": "Lifetime:
/// Until deleted"
#[test]
fn a_token_is_valid_until_it_is_deleted_and_a_session_is_not() {
    let stack = rack_gateway();
    let (rosa, token) = (admin(&stack), cicd(&stack));
    stack.get("/demo/apps").bearer(&rosa).send().expect(200);
    stack.advance_clock(2 * 365 * DAY);
    stack.get("/demo/apps").bearer(&rosa).send().problem(401, "invalid_token");
    stack.get("/demo/apps").bearer(&token).send().expect(200);
    stack.delete(&token.path()).bearer(admin(&stack)).send().expect(204);
    assert_rejected(&stack, &token, "/demo/apps");
}

/// "Format: rgw_<random>", "Random: 32 bytes"
#[test]
fn a_token_is_rgw_and_a_random_component_of_32_bytes() {
    let stack = rack_gateway();
    let [one, other] = [cicd(&stack), cicd(&stack)].map(|token| {
        let random = token.secret.strip_prefix("rgw_").expect("the prefix comes first").to_owned();
        // Between the id and the checksum.
        random[16..random.len() - 6].to_owned()
    });
    assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(one.len() as f64 * 62_f64.log2() >= 256.0);
    assert_eq!(one.len(), other.len());
    let alike = one.bytes().zip(other.bytes()).filter(|(one, other)| one == other).count();
    assert!(alike < 20, "{alike} of {} characters are the same", one.len());
}

/// "API tokens are hashed before storage", "Database: SHA-256 hash of full token"
#[test]
fn the_database_has_the_sha_256_of_the_full_token_and_nothing_else_of_it() {
    let (stack, log) = logged();
    let token = cicd(&stack);
    for secret in [&token.secret, &stack.admin] {
        stack.get("/demo/apps").bearer(secret).send().expect(200);
    }
    let table = stack.table();
    let digest = Sha256::digest(token.secret.as_bytes()).to_vec();
    let secrets = table.iter().filter_map(|item| item.get("secrets")?.as_m().ok()?.get("digest"));
    assert_eq!(secrets.filter(|stored| **stored == AttributeValue::B(Blob::new(digest.clone()))).count(), 1);

    let written = [bytes(&table), json!(log.take()).to_string().into(), json!(stack.access_log()).to_string().into()];
    for secret in [&token.secret, &stack.admin] {
        let (id, secret) = secret["rgw_".len()..].split_at(16);
        for written in &written {
            let has = |part: &str| written.windows(part.len()).any(|window| window == part.as_bytes());
            assert!(has(id), "it is where a secret would be found");
            assert!(!has(&secret[..12]) && !has(&secret[secret.len() - 12..]));
        }
    }
}

/// All text of the table's items.
fn bytes(table: &[HashMap<String, AttributeValue>]) -> Vec<u8> {
    fn add(value: &AttributeValue, bytes: &mut Vec<u8>) {
        match value {
            AttributeValue::S(text) | AttributeValue::N(text) => bytes.extend(text.as_bytes()),
            AttributeValue::B(blob) => bytes.extend(blob.as_ref()),
            AttributeValue::L(list) => list.iter().for_each(|value| add(value, bytes)),
            AttributeValue::M(map) => map.iter().for_each(|(name, value)| {
                bytes.extend(name.as_bytes());
                add(value, bytes);
            }),
            AttributeValue::Bool(_) | AttributeValue::Null(_) => {}
            other => panic!("{other:?} has not been looked into"),
        }
        bytes.push(b'\n');
    }
    let mut bytes = Vec::new();
    table.iter().for_each(|item| add(&AttributeValue::M(item.clone()), &mut bytes));
    bytes
}

/// "API tokens store explicit permissions. Roles are a shortcut at creation time"
#[test]
fn roles_are_a_shortcut_for_explicit_permissions_at_creation_time() {
    let stack = rack_gateway();
    let before = ROLES.map(|role| (role, create(&stack, admin(&stack), &with_role(role, role))));
    let mut changed = catalog("rack-gateway");
    for (role, token) in &before {
        assert_eq!(token.view["grants"], on_everything(&changed["roles"][role]["permissions"]), "{role}");
    }
    changed["roles"]["cicd"]["permissions"] = json!(["app:read"]);
    stack.put_catalog(&changed);
    let after = cicd(&stack);
    let build = |token| stack.post("/demo/apps/myapp/builds").bearer(token).send().status;
    assert_eq!((build(&before[3].1), build(&after)), (200, 403));
}

/// "viewer: Read-only access", "ops: Restart, exec, view env", "deployer: Full deploy
/// capabilities", "cicd: Minimal deploy + approval", "admin: All operations"
#[test]
fn each_role_allows_its_row_of_the_table() {
    let rows = [
        ("GET /apps", "viewer ops deployer cicd admin"),
        ("POST /apps", "admin"),
        ("GET /apps/{app}", "viewer ops deployer cicd admin"),
        ("PUT /apps/{app}", "deployer admin"),
        ("DELETE /apps/{app}", "admin"),
        ("POST /apps/{app}/restart", "ops deployer admin"),
        ("GET /apps/{app}/services", "viewer ops deployer cicd admin"),
        ("PUT /apps/{app}/services/{service}", "deployer admin"),
        ("GET /apps/{app}/logs", "viewer ops deployer admin"),
        ("GET /apps/{app}/environment", "ops deployer admin"),
        ("PUT /apps/{app}/environment", "deployer admin"),
        ("POST /apps/{app}/exec", "ops deployer admin"),
        ("GET /apps/{app}/processes", "viewer ops deployer admin"),
        ("POST /apps/{app}/processes", "ops deployer admin"),
        ("GET /apps/{app}/processes/{process}", "viewer ops deployer admin"),
        ("DELETE /apps/{app}/processes/{process}", "ops deployer admin"),
        ("POST /apps/{app}/objects", "deployer cicd admin"),
        ("GET /apps/{app}/builds", "viewer ops deployer cicd admin"),
        ("POST /apps/{app}/builds", "deployer cicd admin"),
        ("GET /apps/{app}/builds/{build}", "viewer ops deployer cicd admin"),
        ("GET /apps/{app}/builds/{build}/logs", "viewer ops deployer admin"),
        ("GET /apps/{app}/releases", "ops deployer cicd admin"),
        ("POST /apps/{app}/releases", "deployer cicd admin"),
        ("GET /apps/{app}/releases/{release}", "ops deployer cicd admin"),
        // With an approval, cicd too.
        ("POST /apps/{app}/releases/{release}/promote", "deployer admin"),
        ("GET /instances", "viewer ops deployer admin"),
        ("GET /instances/{instance}", "viewer ops deployer admin"),
        ("GET /system", "viewer ops deployer admin"),
        ("PUT /system", "admin"),
        ("GET /system/{part}", "viewer ops deployer admin"),
    ];
    let columns = ROLES.map(|role| (role, with_role(role, role)));
    let (stack, routes) = (rack_gateway(), routes("rack-gateway"));
    each_role_allows_its_routes(&stack, &routes, &columns, &rows);
    // "Read-only sufficient"
    let viewer = stack.create(with_role("Datadog Monitor", "viewer"));
    assert!(allowed(&stack, &routes, "our", &viewer).iter().all(|pattern| pattern.starts_with("GET ")));
}

/// "Tokens not used in 90+ days should be reviewed."
#[test]
fn tokens_that_were_not_used_for_90_days_are_asked_for_by_that_number() {
    let stack = isolated_stack(|_| {});
    let (used, unused) = (stack.token(["apps:read"]), stack.token(["apps:read"]));
    stack.advance_clock(DAY);
    assert_eq!(used.status(&stack), 200);
    stack.advance_clock(89 * DAY);
    let ids = |days: u32| {
        let path = format!("/tokens?idle_days={days}&limit=100");
        let page = stack.get(&path).bearer(&stack.admin).send().expect(200).json();
        page["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(ids(90).contains(&unused.id) && !ids(90).contains(&used.id));
    assert!(ids(89).contains(&used.id));
}

/// "Rotate tokens periodically", in place.
#[test]
fn a_token_is_rotated_in_place() {
    let stack = isolated_stack(|_| {});
    let old = stack.token(["apps:read"]);
    let rotate = stack.post(&format!("{}/rotate", old.path())).bearer(&stack.admin);
    let new = Token::shown_in(&rotate.send().expect(200));
    assert_eq!((old.status(&stack), new.status(&stack), &new.id), (401, 200, &old.id));
}

/// "Consider IP allowlisting for sensitive tokens."
#[test]
fn a_sensitive_token_is_let_in_from_its_addresses_alone() {
    let stack = isolated_stack(|_| {});
    let with = |networks: Value| stack.create(json!({ "permissions": ["apps:read"], "allowed_ips": networks }));
    assert_eq!(with(json!(["127.0.0.0/8", "::1"])).status(&stack), 200);
    assert_eq!(with(json!(["10.0.0.0/8"])).status(&stack), 403);
}
