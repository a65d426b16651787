//! Invalid bodies: every problem is named in one response, and no value is repeated.

use serde_json::{Value, json};

use crate::support::{Response, Stack, merge_json, owner, stack, unknown_token};

fn post(stack: &Stack, body: impl Into<Vec<u8>>) -> Response {
    stack.post("/tokens").bearer(&stack.admin).body(body).send()
}

/// The fields that are named when these fields of a valid body are replaced.
#[track_caller]
fn named(stack: &Stack, wrong: Value) -> Vec<String> {
    let good = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"] });
    post(stack, merge_json(good, wrong).to_string()).offending_fields()
}

#[test]
fn a_body_that_is_not_a_json_object_is_refused() {
    let stack = stack();
    let detail = |body: &[u8]| {
        let document = post(&stack, body).problem(400, "invalid_request");
        assert_eq!(document.get("errors"), None);
        document["detail"].as_str().unwrap().to_owned()
    };
    for json in ["[]", "null", "true", "7", "\"ci\"", r#"[{"name":"ci","permissions":["x:y"],"resources":["*"]}]"#] {
        assert_eq!(detail(json.as_bytes()), "The body must be a JSON object.", "{json}");
    }
    let utf_16: Vec<u8> = "{\"name\":\"ci\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf_16_with_mark = [&b"\xff\xfe"[..], &utf_16].concat();
    for no_json in [
        &b""[..],
        b" ",
        b"{",
        b"name=ci",
        b"{'name':'ci'}",
        br#"{"name":"ci",}"#,
        br#"{"name":"ci"} {}"#,
        br#"{"name":"\ud800"}"#,
        b"{\"name\":\"a\nb\"}",
        b"\xef\xbb\xbf{}",
        b"{\"name\":\xff}",
        b"\0",
        &utf_16,
        &utf_16_with_mark,
    ] {
        let detail = detail(no_json);
        assert!(detail.starts_with("The body is not JSON in UTF-8: line "), "{detail}");
    }
    assert_eq!(detail(b"{\n"), "The body is not JSON in UTF-8: line 2, column 1.");
}

#[test]
fn a_deeply_nested_body_is_refused() {
    let stack = stack();
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(16_384 / open.len() - 1);
        post(&stack, deep).problem(400, "invalid_request");
    }
}

#[test]
fn a_body_has_at_most_16_kib() {
    let stack = stack();
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"], "owner": owner() }).to_string();
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    post(&stack, padded(16_384)).expect(201);
    for length in [16_385, 100_000] {
        let document = post(&stack, padded(length)).problem(413, "body_too_large");
        assert_eq!(document["detail"], "The body may have at most 16384 bytes.");
    }
}

#[test]
fn resources_are_named_or_all_of_them_explicitly() {
    let stack = stack();
    let message = "is required; name the resources, or use \"*\" for all";
    for (body, field) in [
        (json!({"permissions": ["x:y"]}), "resources"),
        (json!({"role": "viewer"}), "resources"),
        (json!({"grants": [{"permissions": ["x:y"]}]}), "grants[0].resources"),
    ] {
        let response = post(&stack, merge_json(json!({"name": "ci"}), body).to_string());
        let errors = response.problem(400, "invalid_request")["errors"].clone();
        assert_eq!(errors, json!([{"field": field, "message": message}]));
    }
}

#[test]
fn missing_fields_are_named() {
    let stack = stack();
    assert_eq!(post(&stack, "{}").offending_fields(), ["name", "permissions"]);
    assert_eq!(named(&stack, json!({ "name": null })), ["name"]);
    assert_eq!(named(&stack, json!({ "permissions": [] })), ["permissions"]);
    assert_eq!(named(&stack, json!({ "permissions": null })), ["permissions"]);
}

#[test]
fn unknown_fields_are_named() {
    let stack = stack();
    let mut fields =
        named(&stack, json!({ "colour": 1, "Name": "x", "id": "y", "allowed_ips": [], "roles": "admin", "": 0 }));
    fields.sort();
    assert_eq!(fields, ["", "Name", "allowed_ips", "colour", "id", "roles"]);
}

#[test]
fn wrong_types_are_named() {
    let stack = stack();
    for wrong in [json!(1), json!(1.5), json!(true), json!(["ci"]), json!({ "a": 1 })] {
        for field in ["name", "description", "expires_in", "expires_at", "owner"] {
            assert_eq!(named(&stack, json!({ field: wrong })), [field], "{field}: {wrong}");
        }
    }
    for wrong in [json!(1), json!(true), json!("x:y"), json!({ "0": "x:y" }), json!(null)] {
        for field in ["permissions", "resources"] {
            assert_eq!(named(&stack, json!({ field: wrong })), [field], "{field}: {wrong}");
        }
    }
    for wrong in [json!(1), json!(null), json!(["x:y"]), json!({})] {
        assert_eq!(named(&stack, json!({ "permissions": ["x:y", wrong] })), ["permissions[1]"], "{wrong}");
        assert_eq!(named(&stack, json!({ "resources": [wrong, "x"] })), ["resources[0]"], "{wrong}");
    }
}

#[test]
fn every_limit_that_is_broken_is_named_in_one_answer() {
    let stack = stack();
    let response = post(
        &stack,
        json!({
            "name": "n".repeat(101),
            "description": "d".repeat(501),
            "permissions": ([&["not a permission"], &["x:y"; 50][..]].concat()),
            "resources": ([&["/"], &["x"; 50][..]].concat()),
            "expires_in": "0s",
            "expires_at": "2000-01-01T00:00:00Z",
            "owner": "o".repeat(256),
            "colour": "red",
            "id": 1,
        })
        .to_string(),
    );
    insta::assert_json_snapshot!(response.problem(400, "invalid_request"));
}

#[test]
fn text_limits_count_characters() {
    let stack = stack();
    let token = stack.create(json!({
        "name": "ü".repeat(100),
        "description": "🌙".repeat(500),
        "permissions": (0..50).map(|at| format!("p{at}:read")).collect::<Vec<_>>(),
        "resources": (0..50).map(|at| format!("r{at}")).collect::<Vec<_>>(),
    }));
    let me = stack.get("/me").bearer(&token).send().expect(200).json();
    assert_eq!(me["grants"][0]["permissions"].as_array().map(Vec::len), Some(50));
    assert_eq!(me["grants"][0]["resources"].as_array().map(Vec::len), Some(50));
    assert_eq!(named(&stack, json!({ "name": "ü".repeat(101) })), ["name"]);
    assert_eq!(named(&stack, json!({ "description": "🌙".repeat(501) })), ["description"]);
    let too_many: Vec<_> = (0..51).map(|at| format!("p{at}:read")).collect();
    assert_eq!(named(&stack, json!({ "permissions": too_many })), ["permissions"]);
    assert_eq!(
        named(&stack, json!({ "resources": (0..51).map(|at| format!("r{at}")).collect::<Vec<_>>() })),
        ["resources"]
    );
}

#[test]
fn an_invalid_permission_is_named_by_its_index() {
    let stack = stack();
    for wrong in [
        "",
        " ",
        "app",
        ":",
        "app:",
        ":read",
        "a:b:c",
        "::",
        "app read",
        "app: read",
        " app:read",
        "app:read ",
        "app :read",
        "app/billing:read",
        "app:*read",
        "a*:read",
        "**",
        "app:read,app:write",
        "äpp:read",
        "-a:b",
        "a:_b",
        "app:read\0",
        "app:read\n",
        "app\u{200b}:read",
        "${app}:read",
    ] {
        assert_eq!(named(&stack, json!({ "permissions": ["x:y", wrong] })), ["permissions[1]"], "{wrong:?}");
    }
    let long = format!("{}:{}", "a".repeat(50), "b".repeat(50));
    assert_eq!(named(&stack, json!({ "permissions": [long] })), ["permissions[0]"]);
}

#[test]
fn an_invalid_resource_is_named_by_its_index() {
    let stack = stack();
    for wrong in [
        "", "/", "/app", "app/", "a//b", ".", "..", "a/./b", "a/../b", "a/..", "a\\b", "a;b", "a?b", "a%2fb", "*/a",
        "a*", "a/*/b", "**", "a/**", "a\0", "a\nb",
    ] {
        assert_eq!(named(&stack, json!({ "resources": ["x", wrong] })), ["resources[1]"], "{wrong:?}");
    }
    assert_eq!(named(&stack, json!({ "resources": ["r".repeat(257)] })), ["resources[0]"]);
    assert_eq!(named(&stack, json!({ "resources": [] })), ["resources"]);
}

#[test]
fn names_are_one_line_of_visible_characters() {
    let stack = stack();
    for wrong in [
        "",
        " ",
        "\t",
        "\u{a0}",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "\u{1b}[31m",
    ] {
        assert_eq!(named(&stack, json!({ "name": wrong })), ["name"], "{wrong:?}");
    }
    for wrong in ["a\0b", "\u{1b}[31m", "a\rb", "a\u{202e}b"] {
        assert_eq!(named(&stack, json!({ "description": wrong })), ["description"], "{wrong:?}");
    }
    for wrong in ["", " ", " a", "a ", "a\tb", "a\nb", "ä", "a\0"] {
        assert_eq!(named(&stack, json!({ "owner": wrong })), ["owner"], "{wrong:?}");
    }
}

#[test]
fn a_token_in_any_field_is_refused_and_not_repeated() {
    let stack = stack();
    // Every response is searched for the secrets that were created, and so for this one.
    let pasted = stack.token(["x:y"]).secret;
    for field in ["name", "description", "owner"] {
        assert_eq!(named(&stack, json!({ field: pasted })), [field]);
        assert_eq!(named(&stack, json!({ field: unknown_token(&stack.prefix()) })), [field]);
    }
    assert_eq!(named(&stack, json!({ "resources": [pasted] })), ["resources[0]"]);
    assert_eq!(named(&stack, json!({ "permissions": [pasted] })), ["permissions[0]"]);
    assert_eq!(named(&stack, json!({ "expires_in": pasted })), ["expires_in"]);
    assert_eq!(named(&stack, json!({ "expires_at": pasted })), ["expires_at"]);
    let unknown = named(&stack, json!({ (pasted.as_str()): 1 }));
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].ends_with("[redacted]"), "{unknown:?}");
    post(&stack, pasted).problem(400, "invalid_request");
}

#[test]
fn a_create_takes_no_query_parameters() {
    let stack = stack();
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"], "owner": owner() });
    let response = stack.post("/tokens?owner=root").bearer(&stack.admin).json(&body).send();
    assert_eq!(response.offending_fields(), ["owner"]);
}
