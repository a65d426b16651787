use super::*;
use crate::grants::grant::tests::grants;
use crate::secret::plaintext::tests::secret;
use serde_json::{Value, json};

/// A catalog that must be valid.
pub(crate) fn catalog(document: &str) -> Catalog {
    Catalog::read(&serde_json::from_str(document).unwrap()).unwrap()
}

/// The issues of a document, one line each.
fn issues(document: &Value) -> Vec<String> {
    let issues = Catalog::read(document).err().unwrap_or_default();
    issues.into_iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect()
}

/// The path of the only issue of a document.
#[track_caller]
fn place(document: &Value) -> String {
    let issues = issues(document);
    assert_eq!(issues.len(), 1, "{issues:#?}");
    issues[0].split(": ").next().unwrap().to_owned()
}

fn with_routes(routes: &[&str]) -> Value {
    let routes: Vec<_> = routes.iter().map(|text| json!({"match": text, "permission": "x:read"})).collect();
    json!({ "routes": routes })
}

#[test]
fn the_default_catalog_is_valid_not_strict_and_has_five_roles() {
    let catalog = Catalog::default_catalog();
    assert_eq!(Catalog::read(&catalog.to_document()).as_ref(), Ok(catalog));
    let roles: Vec<_> = catalog.role_names().map(RoleName::as_str).collect();
    assert_eq!(roles, ["admin", "cicd", "deployer", "ops", "viewer"]);
    assert!(!catalog.is_strict());
}

#[test]
fn the_builtin_permissions_are_part_of_every_catalog() {
    let document = Catalog::default().to_document();
    let listed: Vec<_> = document["permissions"].as_object().unwrap().keys().collect();
    let own = [
        "approvals:decide",
        "approvals:read",
        "catalog:read",
        "catalog:write",
        "tokens:admin",
        "tokens:introspect",
        "tokens:read",
        "tokens:write",
    ];
    assert_eq!(listed, own);
    let strict = json!({"strict": true, "roles": {"a": {"permissions": ["tokens:write", "catalog:*"]}}});
    assert_eq!(issues(&strict), [""; 0]);
    for own in ["tokens:read", "tokens:sell", "catalog:burn"] {
        assert_eq!(place(&json!({"permissions": {own: "Something else"}})), format!("permissions.{own}"));
    }
    for (own, description) in [("tokens:read", "View your own tokens"), ("approvals:read", "See them")] {
        let document = json!({"permissions": {own: {"description": description}}});
        assert_eq!(place(&document), format!("permissions.{own}"));
    }
}

#[test]
fn a_document_is_written_back_unchanged() {
    let written = catalog(
        r#"{"strict": true, "permissions": {"app:read": "See", "app:go": "Go"},
            "roles": {"cicd": {"description": "CI", "permissions": ["app:*", "app:go"]}},
            "routes": [{"match": "GET /apps/{app}", "permission": "app:read", "resource": "app/{app}"},
                {"match": "$connect", "permission": "app:go"}],
            "sessions": {"groups": {"platform admins": "cicd"}}}"#,
    );
    assert_eq!(Catalog::read(&written.to_document()), Ok(written.clone()));
    assert_eq!(Catalog::from_stored(&written.to_document().to_string()), Some(written));
}

#[test]
fn an_unknown_permission_is_named_with_its_path() {
    let document = |strict| {
        json!({
            "strict": strict,
            "permissions": {"app:read": "See"},
            "roles": {"cicd": {"permissions": ["app:read", "app:reed", "app:*", "*:read", "*", "jobs:*", "jobs:write"]}},
            "routes": [{"match": "GET /a", "permission": "app:read"}, {"match": "GET /b", "permission": "job:start"}],
        })
    };
    let places = |strict| {
        let issues = issues(&document(strict));
        issues.into_iter().map(|issue| issue.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(places(false), ["roles.cicd.permissions[1]", "routes[1].permission"], "read and write are conventional");
    assert_eq!(
        places(true),
        ["roles.cicd.permissions[1]", "roles.cicd.permissions[5]", "roles.cicd.permissions[6]", "routes[1].permission"]
    );
}

#[test]
fn overlapping_routes_are_an_issue() {
    for (one, other) in [
        ("GET /apps", "GET /apps"),
        ("GET /apps/{app}", "GET /apps/{name}"),
        ("GET /apps/{app}", "GET /apps/new"),
        ("GET /apps/{app}/x", "GET /apps/y/{part}"),
        ("ANY /apps", "POST /apps"),
        ("HEAD /apps", "GET /apps"),
        ("ANY /{all+}", "GET /apps/{app}/builds"),
        ("GET /a/{rest+}", "GET /a/{one}/{rest+}"),
        ("$connect", "$connect"),
    ] {
        assert_eq!(place(&with_routes(&["GET /", one, other])), "routes[2].match", "{one} and {other}");
        assert_eq!(place(&with_routes(&[other, one])), "routes[1].match", "{other} and {one}");
    }
    let apart = [
        "GET /apps",
        "POST /apps",
        "GET /apps/{app}",
        "GET /apps/{app}/builds",
        "GET /apps/{app}/jobs",
        "GET /a/{b+}",
        "GET /",
        "$connect",
        "GET /Apps",
    ];
    assert_eq!(issues(&with_routes(&apart)), [""; 0]);
}

#[test]
fn a_pattern_that_no_request_can_match_is_an_issue() {
    let long = format!("GET /{}", "x".repeat(401));
    for pattern in [
        "",
        "GET",
        "/apps",
        "GET apps",
        "get /apps",
        "TRACE /apps",
        "GET  /apps",
        "GET /apps/",
        "GET //apps",
        "GET /a//b",
        "GET /a/../b",
        "GET /./a",
        "GET /a%20b",
        "GET /a%2Fb",
        "GET /a?x=1",
        "GET /a*",
        "GET /*",
        "GET /a;b",
        "GET /a\\b",
        "GET /a\nb",
        "GET /{",
        "GET /{}",
        "GET /x{app}",
        "GET /{app}x",
        "GET /{a b}",
        "GET /{1}",
        "GET /{a}/{a}",
        "GET /{a+}/b",
        "GET /{a}/{a+}",
        "$disconnect",
        "GET $connect",
        "ANY",
        &long,
    ] {
        assert_eq!(place(&with_routes(&[pattern])), "routes[0].match", "{pattern:?}");
    }
    for good in ["GET /my app/ü", "DELETE /", "ANY /{a+}", "PATCH /a.b/~c/{d_1}", "GET /..."] {
        assert_eq!(issues(&with_routes(&[good])), [""; 0], "{good}");
    }
}

#[test]
fn a_resource_takes_its_parameters_from_the_path() {
    let with = |resource: &str| json!({"routes": [{"match": "GET /apps/{app}/{rest+}", "permission": "x:read", "resource": resource}]});
    for good in ["app/{app}", "{app}", "status", "app/{app}/{rest}", "{rest}/{app}"] {
        assert_eq!(issues(&with(good)), [""; 0], "{good}");
    }
    for bad in ["", "app/{name}", "app/*", "*", "/app", "app/", "a//b", "a/../b", "app-{app}", "{rest+}"] {
        assert_eq!(place(&with(bad)), "routes[0].resource", "{bad:?}");
    }
}

#[test]
fn a_route_names_the_resource_of_a_request() {
    let catalog = catalog(
        r#"{"permissions": {}, "routes": [
            {"match": "GET /apps/{app}", "permission": "x:read", "resource": "app/{app}"},
            {"match": "ANY /files/{owner}/{path+}", "permission": "x:read", "resource": "{path}/of/{owner}"},
            {"match": "GET /my app/x", "permission": "x:read"}]}"#,
    );
    let resource = |method, path| {
        let found = catalog.route(Target::Http { method, path }, &RequestPath::parse(path).unwrap());
        found.map_or_else(|| "none".to_owned(), |(_, resource)| resource)
    };
    for (method, path, expected) in [
        ("GET", "apps/billing", "app/billing"),
        ("GET", "apps/billing/", "app/billing"),
        ("HEAD", "apps/billing", "app/billing"),
        ("GET", "apps/b%20c", "app/b c"),
        ("POST", "apps/billing", "none"),
        ("GET", "apps", "none"),
        ("GET", "apps/billing/x", "none"),
        ("GET", "Apps/billing", "none"),
        ("BREW", "files/me/a/b", "a/b/of/me"),
        ("GET", "files/me", "none"),
        ("GET", "my%20app/x", "my app/x"),
        ("GET", "", "none"),
    ] {
        assert_eq!(resource(method, path), expected, "{method} /{path}");
    }
}

#[test]
fn a_group_must_have_an_existing_role() {
    let document = json!({
        "roles": {"admin": {"permissions": ["*"]}},
        "sessions": {"groups": {"good": "admin", "bad": "boss", "": "admin"}},
    });
    let issues = issues(&document);
    assert_eq!(issues.len(), 2, "{issues:#?}");
    assert!(
        issues.iter().any(|issue| issue == r#"sessions.groups.bad: "boss" is not the name of a role"#),
        "{issues:#?}"
    );
}

#[test]
fn all_issues_are_reported_together() {
    let document = json!({
        "strict": "yes",
        "permissions": {"app read": "x", "app:*": "x", "app:go": 1, "app:long": "x".repeat(201)},
        "roles": {"Admin": {"permissions": ["*"]}, "none": {"permissions": []}, "odd": 7, "lost": {}, "more": {"permissions": ["*"], "x": 1}},
        "routes": [{"match": "GET /a"}, {"permission": "app:go"}, [], {"match": "GET /b", "permission": "*"}],
        "sessions": {"groups": [], "idle": 1},
        "colour": "red",
    });
    insta::assert_snapshot!(issues(&document).join("\n"));
    assert_eq!(issues(&json!([])), ["*: [] must be an object"]);
}

#[test]
fn an_unknown_permission_comes_with_the_most_similar_listed_one() {
    let said = |permission: &str, strict: bool| {
        let permissions = json!({"apps:restart": "", "jobs:run": ""});
        let roles = json!({"ops": {"permissions": [permission]}});
        issues(&json!({"strict": strict, "permissions": permissions, "roles": roles})).join("; ")
    };
    let expected = |said: &str| format!("roles.ops.permissions[0]: unknown permission {said}");
    assert_eq!(said("apps:walk", false), expected(r#""apps:walk"; did you mean "apps:write"?"#));
    assert_eq!(said("apps:restrat", true), expected(r#""apps:restrat"; did you mean "apps:restart"?"#));
    assert_eq!(said("token:read", true), expected(r#""token:read"; did you mean "tokens:read"?"#));
    let none = r#""zebra:feed": list it under permissions, with a description"#;
    assert_eq!(said("zebra:feed", true), expected(none));
}

#[test]
fn a_long_value_is_cut_and_a_token_redacted() {
    let token = format!("pcl_{}", "a1B".repeat(30));
    let said = issues(&json!({"strict": "x".repeat(500), "routes": token, "roles": token})).join("\n");
    assert!(said.contains(&format!("strict: \"{}… must be true or false", "x".repeat(99))), "{said}");
    assert!(!said.contains(&token) && said.contains("[redacted]"), "{said}");
    let routes = json!([{"match": "GET /", "permission": format!("apps:{token}")}]);
    let permissions = json!({format!("apps:{token}x"): ""});
    let said = issues(&json!({"permissions": permissions, "routes": routes})).join("\n");
    assert!(said.contains("unknown permission \"apps:pcl_") && !said.contains(&token), "{said}");
}

#[test]
fn issue_paths_count_unreadable_entries() {
    let document = json!({
        "roles": {"cicd": {"permissions": ["no permission", "apps:read", 7, "app:go"]}, "lost": {"permissions": [7]}},
        "routes": [
            {"match": "GET apps", "permission": "apps:read"},
            {"match": "GET /apps", "permission": "apps:read"},
            {"match": "GET /jobs", "permission": 7},
            {"match": "GET /apps", "permission": "app:go"},
        ],
    });
    let issues = issues(&document);
    let named = |issue: &str| assert!(issues.iter().any(|found| found.starts_with(issue)), "{issue}\n{issues:#?}");
    named(r#"roles.cicd.permissions[0]: "no permission" must be resource:action"#);
    named(r#"roles.cicd.permissions[3]: unknown permission "app:go""#);
    named(r#"routes[3].permission: unknown permission "app:go""#);
    named(r#"routes[3].match: "GET /apps" overlaps with routes[1]"#);
    assert_eq!(issues.len(), 8, "{issues:#?}");
}

#[test]
fn an_unreadable_part_does_not_hide_issues_beside_it() {
    let route = |fields: Value| issues(&json!({"strict": true, "routes": [fields]}));
    let unknown = r#"routes[0].permission: unknown permission "app:go": list it under permissions, with a description"#;
    let said = route(json!({"match": "GET apps", "permission": "app:go"}));
    assert_eq!(said, [r#"routes[0].match: "GET apps" must have a path that begins with a slash"#, unknown]);
    assert_eq!(route(json!({"permission": "app:go"})), ["routes[0].match: is required", unknown]);
    let said = route(json!({"match": "GET apps", "permission": "app", "resource": "a//b"}));
    let places: Vec<_> = said.iter().map(|issue| issue.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["routes[0].permission", "routes[0].match", "routes[0].resource"], "{said:#?}");
    let route = |permission: &str| json!({"match": "GET /a", "permission": permission});
    let said = issues(&json!({"routes": [route("no permission"), route("app:read")]}));
    assert!(said.iter().any(|issue| issue.starts_with("routes[1].match: \"GET /a\" overlaps")), "{said:#?}");
    // It does not invalidate entries that refer to it either.
    let document = json!({
        "permissions": {"app:go": 7},
        "roles": {"ops": {"description": 7, "permissions": ["app:go"]}, "odd": 7, "none": {"permissions": 7}},
        "sessions": {"groups": {"a": "ops", "b": "odd"}},
    });
    let expected = [
        "permissions.app:go: 7 must be a description, or an object with description and approval",
        "roles.none.permissions: 7 must be a list",
        "roles.odd: 7 must be an object",
        "roles.ops.description: 7 must be a string",
    ];
    assert_eq!(issues(&document), expected);
}

#[test]
fn a_group_or_resource_must_not_be_blank() {
    for blank in ["\u{3164}", "\u{200d}", "\u{2800}\u{180e}"] {
        let groups = json!({"roles": {"a": {"permissions": ["*"]}}, "sessions": {"groups": {blank: "a"}}});
        let route = json!({"match": "GET /a", "permission": "x:read", "resource": format!("app/{blank}")});
        let said = [issues(&groups), issues(&json!({"routes": [route]}))].map(|said| said.join("\n"));
        assert!(said[0].starts_with("sessions.groups.") && said[0].ends_with("must not be blank"), "{said:?}");
        assert!(said[1].starts_with("routes[0].resource: ") && said[1].contains("blank"), "{said:?}");
        assert!(!said[1].contains(blank) && said[1].contains("\\u"), "{said:?}");
    }
    let groups = json!({"roles": {"a": {"permissions": ["*"]}}, "sessions": {"groups": {"team ": "a"}}});
    assert_eq!(issues(&groups), [r#"sessions.groups.team : "team " must not begin or end with white space"#]);
}

#[test]
fn a_description_that_is_too_long_is_an_issue() {
    let long = "x".repeat(201);
    let said = format!("\"{}… must have a description of at most 200 characters; it has 201", "x".repeat(99));
    let document = json!({"permissions": {"a:go": long}, "roles": {"r": {"description": long, "permissions": ["*"]}}});
    assert_eq!(issues(&document), [format!("permissions.a:go: {said}"), format!("roles.r.description: {said}")]);
}

#[test]
fn duplicate_permissions_of_a_role_are_dropped() {
    let given = |permissions: &[&str]| json!({"roles": {"x": {"permissions": permissions}}});
    let read = Catalog::read(&given(&["a:read", "*", "a:read", "*:*"])).unwrap();
    assert_eq!(read.to_document()["roles"]["x"]["permissions"], json!(["a:read", "*"]));
    let places =
        |list: &[&str]| issues(&given(list)).into_iter().map(|issue| issue.split(": ").next().unwrap().to_owned());
    assert_eq!(places(&["a:read", "a:read", "a:go"]).collect::<Vec<_>>(), ["roles.x.permissions[2]"]);
    // The limit counts duplicates, as in a token.
    assert_eq!(places(&["a:read"; 50]).count(), 0);
    assert_eq!(places(&["a:read"; 51]).collect::<Vec<_>>(), ["roles.x.permissions"]);
}

#[test]
fn token_like_text_is_refused_and_not_repeated_in_issues() {
    let token = secret("pcl", 7).expose_secret().to_owned();
    let role = |permission: &str, text: &str| json!({"permissions": [permission], "description": text});
    let route = |text: &str, resource: &str| json!({"match": text, "permission": "x:read", "resource": resource});
    let pattern = format!("GET /{token}");
    for (document, places) in [
        (json!({"permissions": {format!("{token}:read"): ""}}), 1),
        (json!({"permissions": {"app:go": token}}), 1),
        (json!({"roles": {"a": role(&format!("{token}:read"), "")}}), 1),
        (json!({"roles": {"a": role("x:read", &token)}}), 1),
        (json!({"roles": {"a": role("x:read", "")}, "sessions": {"groups": {token.clone(): "a"}}}), 1),
        (json!({"routes": [route("GET /a", &format!("x/{token}"))]}), 1),
        (json!({"routes": [route(&format!("GET /{{{token}}}"), "x")]}), 1),
        // The second route gets another issue: it overlaps with the first.
        (json!({"routes": [route(&pattern, "x"), route(&pattern, "x")]}), 3),
    ] {
        let issues = Catalog::read(&document).unwrap_err();
        assert_eq!(issues.len(), places, "{issues:#?}");
        assert!(issues.iter().all(|issue| !issue.message.contains(&token)), "{issues:#?}");
    }
}

#[test]
fn lists_have_maximum_sizes() {
    let many = |count: usize, entry: &dyn Fn(usize) -> (String, Value)| {
        (0..count).map(entry).collect::<serde_json::Map<_, _>>()
    };
    let permissions = |count| json!({"permissions": many(count, &|n| (format!("p{n}:go"), json!("")))});
    let roles = |count| json!({"roles": many(count, &|n| (format!("r{n}"), json!({"permissions": ["*"]})))});
    let groups = |count| {
        json!({
            "roles": {"a": {"permissions": ["*"]}},
            "sessions": {"groups": many(count, &|n| (format!("g{n}"), json!("a")))},
        })
    };
    let routes = |count: usize| {
        let routes: Vec<_> =
            (0..count).map(|n| json!({"match": format!("GET /r{n}/{{x}}"), "permission": "x:read"})).collect();
        json!({ "routes": routes })
    };
    for (good, bad, place) in [
        (permissions(500), permissions(501), "permissions: must have at most 500 entries; it has 501"),
        (roles(100), roles(101), "roles: must have at most 100 entries; it has 101"),
        (routes(1000), routes(1001), "routes: must have at most 1000 entries; it has 1001"),
        (groups(500), groups(501), "sessions.groups: must have at most 500 entries; it has 501"),
    ] {
        assert_eq!(issues(&good), [""; 0], "{place}");
        assert_eq!(issues(&bad), [place]);
    }
}

#[test]
fn a_stored_catalog_may_describe_builtin_permissions_otherwise() {
    let stored = json!({"permissions": {"tokens:read": "An earlier description", "apps:read": "See apps"}});
    let stored = Catalog::from_stored(&stored.to_string()).unwrap();
    assert_eq!(stored.to_document()["permissions"]["tokens:read"], "View your own tokens");
    assert_eq!(Catalog::read(&stored.to_document()), Ok(stored));
}

#[test]
fn a_stored_catalog_stays_readable_under_stricter_rules() {
    let old = json!({"roles": {"Old Name": {"permissions": ["gone:now"]}}, "routes": [
        {"match": "GET /a", "permission": "x:y"}, {"match": "GET /a", "permission": "x:z"}]});
    assert!(Catalog::read(&old).is_err());
    assert!(Catalog::from_stored(&old.to_string()).is_some());
    assert!(Catalog::from_stored("{\"routes\": 1}").is_none());
}

#[test]
fn in_a_strict_catalog_only_listed_permissions_can_be_granted() {
    let strict = catalog(r#"{"strict": true, "permissions": {"app:read": ""}}"#);
    let may = |text: &str| strict.is_grantable(&text.parse().unwrap());
    for good in ["app:read", "app:*", "*:read", "*", "tokens:write", "catalog:*"] {
        assert!(may(good), "{good}");
    }
    for bad in ["app:write", "ap:*", "*:sell", "jobs:read"] {
        assert!(!may(bad), "{bad}");
    }
    assert!(Catalog::default().is_grantable(&"anything:at-all".parse().unwrap()));
}

#[test]
fn new_group_permissions_are_those_that_groups_did_not_have() {
    let with = |document: &str| catalog(document);
    let before = with(
        r#"{"permissions": {"a:go": "", "b:go": ""}, "roles": {"x": {"permissions": ["a:*"]}, "y": {"permissions": ["b:go"]}},
            "sessions": {"groups": {"team": "x"}}}"#,
    );
    let gains = |document: &str| {
        let after = with(document);
        after
            .new_group_permissions(&before)
            .map(|(group, permission)| format!("{group} {permission}"))
            .collect::<Vec<_>>()
    };
    // Unchanged, reduced, and a role without groups.
    assert_eq!(gains(&before.to_document().to_string()), [""; 0]);
    assert_eq!(
        gains(
            r#"{"permissions": {"a:go": ""}, "roles": {"x": {"permissions": ["a:go"]}, "z": {"permissions": ["*"]}},
            "sessions": {"groups": {"team": "x"}}}"#
        ),
        [""; 0]
    );
    // A role with more permissions, a group with another role, and a new group.
    assert_eq!(
        gains(
            r#"{"permissions": {"a:go": "", "b:go": ""}, "roles": {"x": {"permissions": ["a:*", "b:go"]}},
            "sessions": {"groups": {"team": "x", "new": "x"}}}"#
        ),
        ["new a:*", "new b:go", "team b:go"]
    );
    assert_eq!(gains(r#"{"roles": {"y": {"permissions": ["*"]}}, "sessions": {"groups": {"team": "y"}}}"#), ["team *"]);
}

/// A catalog whose permission `app:deploy` has this approval rule.
fn with_approval(rule: &Value) -> Value {
    json!({"permissions": {"app:deploy": {"description": "Deploy an app", "approval": rule}}})
}

#[test]
fn a_permission_may_require_approval() {
    let permission: Permission = "app:deploy".parse().unwrap();
    let rule = |rule: Value| Catalog::read(&with_approval(&rule)).unwrap().approval_rule(&permission).cloned().unwrap();
    let short = rule(json!({"valid_for": "15m"}));
    assert_eq!((short.valid_for_seconds, short.uses, short.token_approvers), (900, ApprovalUses::Any, false));
    assert!(short.is_everywhere() && short.applies_to("app/x"));
    assert_eq!(short.to_document(), json!({"valid_for": "15m", "uses": "any"}));
    let long = rule(json!({
        "valid_for": "24h", "uses": "once", "resources": ["app/billing", "app/eu/*"], "unless": "app:write",
        "token_approvers": true
    }));
    assert_eq!((long.valid_for_seconds, long.uses, long.token_approvers), (86_400, ApprovalUses::Once, true));
    assert_eq!(long.unless, Some("app:write".parse().unwrap()));
    assert!(!long.is_everywhere() && long.applies_to("app/billing/web") && !long.applies_to("app/eu"));
    let overlapping = ["app", "app/billing/web", "*", "App/*", "app/Billing", "app/billing.json", "app/eu/*"];
    let others = ["app/payroll", "app/payroll/*", "app/billings"];
    for (resource, overlaps) in overlapping.map(|it| (it, true)).into_iter().chain(others.map(|it| (it, false))) {
        assert_eq!(long.overlaps(&resource.parse().unwrap()), overlaps, "{resource}");
    }
    let held = grants(&[(&["app:write"], &["app/billing"])]);
    for (resource, waived) in [("app/billing", true), ("app/billing/web", true), ("app", false), ("*", false)] {
        assert_eq!(long.is_waived_on(&held, &resource.parse().unwrap()), waived, "{resource}");
        assert!(!short.is_waived_on(&held, &resource.parse().unwrap()), "{resource}");
    }
    for document in [with_approval(&json!({"valid_for": "90s"})), with_approval(&long.to_document())] {
        let catalog = Catalog::read(&document).unwrap();
        assert_eq!(Catalog::read(&catalog.to_document()).as_ref(), Ok(&catalog));
        assert_eq!(Catalog::from_stored(&catalog.to_document().to_string()).as_ref(), Some(&catalog));
    }
}

#[test]
fn every_wrong_field_of_an_approval_rule_is_named_with_its_value() {
    let wrong = json!({
        "valid_for": "25h", "uses": "twice", "resources": ["app//x", "*", "*"], "token_approvers": "yes", "by": "alice"
    });
    assert_eq!(
        issues(&with_approval(&wrong)),
        [
            "permissions.app:deploy.approval.by: is unknown; use one of valid_for, uses, resources, unless, token_approvers",
            "permissions.app:deploy.approval.valid_for: \"25h\" must be a whole number and s, m or h, as in 15m, from 1m to 24h",
            "permissions.app:deploy.approval.uses: \"twice\" must be any or once",
            "permissions.app:deploy.approval.resources[2]: \"*\" is listed twice",
            "permissions.app:deploy.approval.token_approvers: \"yes\" must be true or false",
            "permissions.app:deploy.approval.resources[0]: \"app//x\" must be a path such as apps/billing or apps/*: no slash at the start or end, no double slashes, no '.' or '..', and none of \\ ; ? % * or control characters in a name",
        ]
    );
    for (rule, field) in [
        (json!({}), ".valid_for"),
        (json!({"valid_for": "59s"}), ".valid_for"),
        (json!({"valid_for": 900}), ".valid_for"),
        (json!({"valid_for": "1m", "resources": []}), ".resources"),
        (json!({"valid_for": "1m", "resources": ["app//x"]}), ".resources[0]"),
        (json!({"valid_for": "1m", "resources": vec!["a"; 51]}), ".resources"),
        (json!({"valid_for": "1m", "unless": "app"}), ".unless"),
        (json!({"valid_for": "1m", "unless": "app:*"}), ".unless"),
        (json!({"valid_for": "1m", "unless": "app:deploy"}), ".unless"),
        (json!({"valid_for": "1m", "unless": "app:unlisted"}), ".unless"),
        (json!("15m"), ""),
    ] {
        assert_eq!(place(&with_approval(&rule)), format!("permissions.app:deploy.approval{field}"), "{rule}");
    }
    let extra = json!({"permissions": {"app:deploy": {"description": "", "uses": "any"}}});
    assert_eq!(place(&extra), "permissions.app:deploy.uses");
    assert_eq!(place(&json!({"permissions": {"app:deploy": 7}})), "permissions.app:deploy");
    assert_eq!(
        place(&json!({"permissions": {"tokens:write": {"approval": {"valid_for": "1m"}}}})),
        "permissions.tokens:write"
    );
    assert_eq!(
        place(&json!({"permissions": {"approvals:read": {"approval": {"valid_for": "1m"}}}})),
        "permissions.approvals:read"
    );
}

#[test]
fn the_permissions_of_approvals_may_have_any_description() {
    let document =
        json!({"permissions": {"approvals:read": "See them", "approvals:decide": "", "approvals:request": "Ask"}});
    let catalog = Catalog::read(&document).unwrap().to_document();
    assert_eq!(catalog["permissions"]["approvals:read"], "View approvals");
    assert_eq!(catalog["permissions"]["approvals:request"], "Ask");
}

#[test]
fn with_authorizer_caching_an_approval_is_neither_for_one_use_nor_shorter() {
    let issues = |rule: Value, cache_seconds| {
        let issues = Catalog::read(&with_approval(&rule)).unwrap().approval_issues_with_cache(cache_seconds);
        issues.into_iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect::<Vec<_>>()
    };
    let once = json!({"valid_for": "5m", "uses": "once"});
    assert_eq!(issues(once.clone(), 0), [""; 0]);
    assert_eq!(
        issues(once, 300),
        [
            "permissions.app:deploy.approval.uses: \"once\" must be any, because authorizer caching is on (AuthorizerCacheSeconds): a cached response allows any number of requests",
            "permissions.app:deploy.approval.valid_for: \"5m\" must be longer than the 5m for which responses are cached (AuthorizerCacheSeconds)",
        ]
    );
    assert_eq!(issues(json!({"valid_for": "301s"}), 300), [""; 0]);
}
