use super::*;
use crate::catalog::CatalogIssue;
use crate::catalog::tests::catalog;
use crate::grants::Permission;
use crate::secret::plaintext::tests::secret;
use serde_json::{Map, Value, json};

const AUDIENCE: &str = "https://tokens.example.com";

/// Claims of a job, from the CI system's documentation.
fn recorded(name: &str) -> ClaimSet {
    let text = match name {
        "github-environment" => include_str!("../../../../examples/ci/claims/github-environment.json"),
        "github-immutable-subject" => include_str!("../../../../examples/ci/claims/github-immutable-subject.json"),
        "github-pull-request" => include_str!("../../../../examples/ci/claims/github-pull-request.json"),
        "github-tag" => include_str!("../../../../examples/ci/claims/github-tag.json"),
        "gitlab-main" => include_str!("../../../../examples/ci/claims/gitlab-main.json"),
        "gitlab-merge-request" => include_str!("../../../../examples/ci/claims/gitlab-merge-request.json"),
        other => panic!("{other}"),
    };
    serde_json::from_str(text).unwrap()
}

const RECORDED: [&str; 5] =
    ["github-environment", "github-pull-request", "github-tag", "gitlab-main", "gitlab-merge-request"];

#[expect(clippy::needless_pass_by_value, reason = "so that json! stands in the call")]
fn rule(issuer: &str, claims: Value) -> Value {
    json!({
        "name": "rule", "issuer": issuer, "audience": AUDIENCE, "claims": claims,
        "grants": [{"permissions": ["apps:write"], "resources": ["apps/billing"]}], "lifetime": "10m",
    })
}

fn github(claims: Value) -> Value {
    rule("https://token.actions.githubusercontent.com", claims)
}

fn with(mut rule: Value, field: &str, value: Value) -> Value {
    rule[field] = value;
    rule
}

fn read(rules: &[Value]) -> Result<Catalog, Vec<CatalogIssue>> {
    Catalog::read(&json!({ "trust": rules }))
}

/// The recorded identities that a rule matches.
fn taken(rule: &Value) -> Vec<&'static str> {
    let catalog = read(std::slice::from_ref(rule)).unwrap();
    RECORDED.into_iter().filter(|name| catalog.matching_trust_rule(&recorded(name)).is_some()).collect()
}

/// The issues of one rule, each with its path.
fn issues(rule: Value) -> Vec<String> {
    let issues = read(&[rule]).err().unwrap_or_default();
    issues.into_iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect()
}

#[test]
fn a_rule_matches_exactly_the_jobs_that_meet_all_conditions() {
    let environment = json!({"repository": "octo-org/octo-repo", "environment": "prod"});
    assert_eq!(taken(&github(environment)), ["github-environment"]);
    let refs = json!({"repository": "octo-org/octo-repo", "ref": ["refs/heads/main", "refs/tags/v*"]});
    assert_eq!(taken(&github(refs)), ["github-environment", "github-tag"]);
    let anything = json!({"repository_owner_id": "65"});
    assert_eq!(taken(&github(anything)), ["github-environment", "github-pull-request", "github-tag"]);
    let elsewhere = json!({"repository": "octo-org/other"});
    assert_eq!(taken(&github(elsewhere)), [""; 0]);

    let protected = json!({"project_path": "my-group/*", "ref_protected": "true"});
    assert_eq!(taken(&rule("https://gitlab.com", protected)), ["gitlab-main"]);
    let team = json!({"namespace_id": "72", "groups_direct": "my-group/platform"});
    assert_eq!(taken(&rule("https://gitlab.com", team)), ["gitlab-main", "gitlab-merge-request"]);
    // The claim is a number and the rule's value a string.
    let runner = json!({"namespace_id": "72", "runner_id": "1"});
    assert_eq!(taken(&rule("https://gitlab.com", runner)), ["gitlab-main", "gitlab-merge-request"]);
}

#[test]
fn another_issuer_or_audience_never_matches() {
    let good = github(json!({"repository": "octo-org/octo-repo"}));
    let catalog = read(&[good]).unwrap();
    let claims = recorded("github-environment");
    assert!(catalog.matching_trust_rule(&claims).is_some());
    for (claim, value) in [
        ("iss", json!("https://token.actions.githubusercontent.com/")),
        ("iss", json!("https://token.actions.githubusercontent.com.example.com")),
        ("aud", json!("https://tokens.example.com/")),
        ("aud", json!(["https://other.example.com"])),
        ("aud", Value::Null),
    ] {
        let mut claims = claims.clone();
        claims.insert(claim.to_owned(), value);
        assert_eq!(catalog.matching_trust_rule(&claims), None, "{claim}");
    }
    let mut several = claims;
    several.insert("aud".to_owned(), json!(["https://other.example.com", AUDIENCE]));
    assert!(catalog.matching_trust_rule(&several).is_some());
}

#[test]
fn a_missing_or_empty_claim_meets_only_a_condition_that_allows_it() {
    let catalog = read(&[github(json!({"repository": "octo-org/octo-repo", "environment": "*"}))]).unwrap();
    let mut claims = recorded("github-environment");
    for (value, takes) in [
        (json!("prod"), true),
        (json!(["x/y", "prod"]), true),
        (json!(true), true),
        (Value::Null, false),
        (json!({"name": "prod"}), false),
        (json!([]), false),
        (json!([["prod"]]), false),
    ] {
        claims.insert("environment".to_owned(), value.clone());
        assert_eq!(catalog.matching_trust_rule(&claims).is_some(), takes, "{value}");
    }
    claims.remove("environment");
    assert_eq!(catalog.matching_trust_rule(&claims), None);
}

#[test]
fn the_first_matching_rule_gives_its_grants() {
    let narrow = with(github(json!({"repository": "octo-org/octo-repo", "environment": "prod"})), "name", json!("a"));
    let wide = with(github(json!({"repository_owner": "octo-org"})), "name", json!("b"));
    let first = |rules: &[Value], name: &str| {
        read(rules).unwrap().matching_trust_rule(&recorded(name)).map(|r| r.name.to_string())
    };
    assert_eq!(first(&[narrow.clone(), wide.clone()], "github-environment").as_deref(), Some("a"));
    assert_eq!(first(&[wide.clone(), narrow.clone()], "github-environment").as_deref(), Some("b"));
    assert_eq!(first(&[narrow, wide], "github-tag").as_deref(), Some("b"));
}

#[test]
fn unmet_conditions_name_the_actual_and_the_expected_values() {
    let conditions = json!({"repository": "octo-org/octo-repo", "ref": ["refs/heads/main", "refs/heads/release-*"], "environment": "prod"});
    let catalog = read(&[github(conditions)]).unwrap();
    let mismatches = catalog.trust()[0].mismatches(&recorded("github-pull-request"));
    let said: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            r#"environment is missing; expected "prod""#,
            r#"ref is "refs/pull/7/merge"; expected "refs/heads/main" or "refs/heads/release-*""#,
        ]
    );
}

#[test]
fn a_value_that_differs_only_in_case_does_not_match_and_says_so() {
    let conditions = json!({"repository": "Octo-Org/octo-repo", "ref": "refs/heads/Main*", "environment": "Prod"});
    let mut rule = github(conditions);
    rule["audience"] = json!("HTTPS://tokens.example.com");
    let catalog = read(&[rule]).unwrap();
    let mut claims = recorded("github-environment");
    claims.insert("environment".to_owned(), json!("staging"));
    let said: Vec<_> = catalog.trust()[0].mismatches(&claims).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            r#"aud is "https://tokens.example.com"; expected "HTTPS://tokens.example.com" (only the case differs)"#,
            r#"environment is "staging"; expected "Prod""#,
            r#"ref is "refs/heads/main"; expected "refs/heads/Main*" (only the case differs)"#,
            r#"repository is "octo-org/octo-repo"; expected "Octo-Org/octo-repo" (only the case differs)"#,
        ]
    );
    assert_eq!(catalog.matching_trust_rule(&recorded("github-environment")), None);
}

#[test]
fn a_rule_by_ids_matches_both_subject_forms_a_rule_by_sub_only_one() {
    let takes = |rule: Value, name: &str| read(&[rule]).unwrap().matching_trust_rule(&recorded(name)).is_some();
    let ids = || github(json!({"repository_id": "74", "repository_owner_id": "65", "environment": "prod"}));
    let subject = || github(json!({"sub": "repo:octo-org@65/octo-repo@74:environment:prod"}));
    assert!(takes(ids(), "github-environment") && takes(ids(), "github-immutable-subject"));
    assert!(!takes(subject(), "github-environment") && takes(subject(), "github-immutable-subject"));
    assert!(!takes(github(json!({"sub": "repo:octo-org/octo-repo:environment:prod"})), "github-immutable-subject"));
}

#[test]
fn a_rule_for_a_shared_issuer_must_pin_the_owner() {
    for good in [
        json!({"repository": "acme/billing"}),
        json!({"repository": ["acme/*", "umbrella/x"]}),
        json!({"repository_owner": "acme", "ref": "refs/heads/main"}),
        json!({"repository_id": "74"}),
        json!({"sub": "repo:acme/*:environment:prod"}),
        json!({"workflow_ref": "acme/billing/.github/workflows/*@refs/heads/main"}),
    ] {
        assert_eq!(issues(github(good.clone())), [""; 0], "{good}");
    }
    for bad in [
        json!({"ref": "refs/heads/main"}),
        json!({"repository": "*"}),
        json!({"repository": "*/billing"}),
        json!({"repository": ["acme/billing", "a*/billing"]}),
        json!({"repository": "acme*"}),
        json!({"repository_owner": "acme*"}),
        json!({"sub": "repo:*/*:environment:prod"}),
        json!({"sub": "*:environment:prod"}),
        json!({"job_workflow_ref": "acme/shared/.github/workflows/deploy.yml@refs/heads/main"}),
        json!({"environment": "prod", "actor": "octocat"}),
    ] {
        let said = issues(github(bad.clone()));
        let shown = &bad.to_string()[..18];
        assert!(said.len() == 1 && said[0].starts_with(&format!("trust[0].claims: {shown}")), "{bad} {said:?}");
        assert!(said[0].contains(" must pin the owner"), "{bad} {said:?}");
    }
    for (claims, good) in [
        (json!({"project_path": "my-group/my-project"}), true),
        (json!({"namespace_path": "my-group"}), true),
        (json!({"namespace_path": "my-group/*"}), true),
        (json!({"sub": "project_path:my-group/*:ref_type:branch:ref:main"}), true),
        (json!({"project_path": "*/my-project"}), false),
        (json!({"namespace_path": "my*"}), false),
        (json!({"ref_protected": "true"}), false),
    ] {
        assert_eq!(issues(rule("https://gitlab.com", claims.clone())).is_empty(), good, "{claims}");
    }
    // A misspelled issuer signs nothing and must not pass for a private issuer.
    for almost in ["https://gitlab.com/", "https://GitLab.com", "https://gitlab.com:443", "https://gitlab.com:443/"] {
        let said = issues(rule(almost, json!({"ref_protected": "true"})));
        assert_eq!(said.len(), 1, "{almost} {said:?}");
        assert!(
            said[0].starts_with(&format!("trust[0].issuer: {almost:?} must be exactly https://gitlab.com")),
            "{said:?}"
        );
    }
    // A private issuer issues identities to its own jobs only.
    assert_eq!(issues(rule("https://gitlab.example.com", json!({"ref_protected": "true"}))), [""; 0]);
}

#[test]
fn all_issues_of_a_rule_are_named_with_their_paths() {
    let long = "x".repeat(513);
    let bad = json!({
        "name": "Deploy!", "issuer": "http://ci.example.com", "audience": "",
        "claims": {"aud": "x", "sub": [], "ref": 7, "sha": ["a", 1], "b": long, "c\n": "x"},
        "grants": [
            {"permissions": ["a:b"], "resources": ["/x", "x"]},
            {"permissions": []},
            {"resources": ["x"]},
        ],
        "lifetime": "16m", "colour": "red",
    });
    insta::assert_snapshot!(issues(bad).join("\n"));
    insta::assert_snapshot!(issues(json!({})).join("\n"));
    let grants = json!([{"permissions": ["a:b", 7, "a:b", "a b:c"], "resources": ["*"]}, {"resources": ["x"], "roles": 1}, "all"]);
    insta::assert_snapshot!(issues(with(github(json!({"repository": "a/b"})), "grants", grants)).join("\n"));
    for lifetime in ["0s", "59s", "15m1s", "901s", "1h", "", "ten"] {
        let issues = issues(with(github(json!({"repository": "a/b"})), "lifetime", json!(lifetime)));
        assert_eq!(issues.len(), 1, "{lifetime} {issues:?}");
    }
    let twice = github(json!({"repository": "a/b"}));
    let said = read(&[twice.clone(), twice]).unwrap_err();
    assert_eq!(said.iter().map(|issue| issue.path.as_str()).collect::<Vec<_>>(), ["trust[1].name"]);
    let token = secret("pcl", 7).expose_secret().to_owned();
    let hidden = with(github(json!({"repository": "a/b", "ref": token})), "audience", json!(token));
    let said = issues(hidden);
    assert!(said.len() == 2 && !said.join("").contains(&token), "{said:?}");
}

#[test]
fn an_issue_of_a_condition_names_the_entry_and_its_value() {
    let claims = json!({
        "repository": "a/b", "ref": ["refs/heads/main", " x", "", 7, "\u{3164}", "a\u{202e}b"], "sub": "\u{2800}",
        "\u{200d}": "x", " y": "x",
    });
    let printable = "must be 1 to 512 printable characters";
    let expected = [
        "trust[0].claims.ref[3]: 7 must be a string".to_owned(),
        r#"trust[0].claims. y: " y" must not begin or end with white space"#.to_owned(),
        r#"trust[0].claims.ref[1]: " x" must not begin or end with white space"#.to_owned(),
        format!(r#"trust[0].claims.ref[2]: "" {printable}"#),
        r#"trust[0].claims.ref[4]: "\u3164" must not be blank"#.to_owned(),
        format!(r#"trust[0].claims.ref[5]: "a\u202eb" {printable}"#),
        r#"trust[0].claims.sub: "\u2800" must not be blank"#.to_owned(),
        "trust[0].claims.\u{200d}: \"\\u200d\" must not be blank".to_owned(),
    ];
    assert_eq!(issues(github(claims)), expected);
    let blank = |field: &str| issues(with(github(json!({"repository": "a/b"})), field, json!("\u{3164}")));
    assert_eq!(blank("audience"), [r#"trust[0].audience: "\u3164" must not be blank"#]);
    assert!(blank("name")[0].starts_with(r#"trust[0].name: "\u3164" must be a lower-case letter"#));
}

#[test]
fn an_unreadable_part_does_not_hide_issues_of_its_rule() {
    let grants = json!([{"permissions": ["a b:c", "app:go"], "resources": [7, "/x"]}, "all", {"permissions": 7}]);
    let rule = with(with(github(json!({"ref": 7})), "grants", grants), "name", json!(7));
    let rule = with(with(rule, "audience", json!(" x")), "lifetime", json!("1h"));
    let document = json!({"strict": true, "trust": [rule]});
    let said = Catalog::read(&document).unwrap_err();
    let places: Vec<_> = said.iter().map(|issue| issue.path.strip_prefix("trust[0].").unwrap()).collect();
    let expected = [
        "name",
        "claims.ref",
        "grants[0].permissions[0]",
        "grants[0].resources[0]",
        "grants[1]",
        "grants[2].permissions",
        "grants[2].resources",
        "lifetime",
        "audience",
        "claims",
        "grants[0].permissions[1]",
        "grants[0].resources[1]",
    ];
    assert_eq!(places, expected, "{said:#?}");
}

#[test]
fn lists_that_are_too_long_are_counted_but_not_read() {
    let many = |count: usize| (0..count).map(|n| format!("a:b{n}")).collect::<Vec<_>>();
    let rule = |claims: Value, grants: Value| with(with(github(json!({})), "claims", claims), "grants", grants);
    let claims: Value = (0..21).map(|n| (n.to_string(), json!("x"))).collect::<Map<_, _>>().into();
    let grants = json!([{"permissions": many(51), "resources": many(30_000)}]);
    assert_eq!(
        issues(rule(claims, grants)),
        [
            "trust[0].claims: must have at most 20 entries; it has 21",
            "trust[0].grants[0].permissions: must have at most 50 entries; it has 51",
            "trust[0].grants[0].resources: must have at most 50 entries; it has 30000",
        ]
    );
    let grant = json!({"permissions": ["a:b"]});
    assert_eq!(
        issues(rule(json!({"repository": many(21)}), json!(vec![grant; 21]))),
        [
            "trust[0].grants: must have at most 20 entries; it has 21",
            "trust[0].claims.repository: must have at most 20 entries; it has 21",
        ]
    );
}

#[test]
fn in_a_strict_catalog_rules_grant_only_listed_permissions() {
    let document = json!({
        "strict": true, "permissions": {"apps:read": "See"}, "trust": [github(json!({"repository": "a/b"}))],
    });
    let said = Catalog::read(&document).unwrap_err();
    assert_eq!(said[0].path, "trust[0].grants[0].permissions[0]");
}

#[test]
fn rules_are_written_back_unchanged() {
    let rules = [
        with(github(json!({"repository": "a/b", "ref": ["x", "y"]})), "lifetime", json!("90s")),
        with(rule("http://127.0.0.1:9/", json!({"sub": "*"})), "name", json!("other")),
    ];
    let read = read(&rules).unwrap();
    assert_eq!(Catalog::read(&read.to_document()), Ok(read.clone()));
    assert_eq!(read.to_document()["trust"], json!(rules));
    let least = json!({"name": "x", "issuer": "https://i", "audience": "a", "claims": {"sub": "s"},
        "grants": [{"permissions": ["a:read"], "resources": ["*"]}]});
    let least = catalog(&json!({ "trust": [least] }).to_string());
    assert_eq!(least.trust()[0].lifetime_seconds, MAX_EXCHANGED_SECONDS);
    assert!(least.trust()[0].grants.allows(&"a:read".parse::<Permission>().unwrap(), "anything"));
}

#[test]
fn only_new_and_changed_rules_count_as_new() {
    let one = github(json!({"repository": "a/b"}));
    let other = with(github(json!({"repository": "a/c"})), "name", json!("other"));
    let (before, both) = (read(std::slice::from_ref(&one)).unwrap(), read(&[other.clone(), one.clone()]).unwrap());
    let gains = |after: &Catalog| {
        after.new_trust_rules(&before).map(|it| (it.at, it.rule.name.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(gains(&both), [(0, "other".to_owned())]);
    for (field, value) in [
        ("audience", json!("x")),
        ("claims", json!({"repository": ["a/b", "a/c"]})),
        ("grants", json!([{"permissions": ["*"], "resources": ["*"]}])),
        ("lifetime", json!("15m")),
    ] {
        assert_eq!(gains(&read(&[with(one.clone(), field, value)]).unwrap()).len(), 1, "{field}");
    }
    assert_eq!(gains(&before), []);
}

/// Names of the rules that gain identities, each with the rule that lost them.
fn gains(before: &[Value], after: &[Value]) -> Vec<(String, Option<String>)> {
    let (before, after) = (read(before).unwrap(), read(after).unwrap());
    let gains = after.new_trust_rules(&before);
    gains.map(|it| (it.rule.name.to_string(), it.from.map(ToString::to_string))).collect()
}

#[test]
fn a_rule_gains_the_identities_that_an_earlier_rule_lost() {
    let named = |claims: Value, name: &str| with(github(claims), "name", json!(name));
    let narrow = named(json!({"repository": "acme/billing", "ref": "refs/heads/main"}), "narrow");
    let broad = named(json!({"repository": "acme/*"}), "broad");
    let apart = named(json!({"repository": "other/*"}), "apart");
    let from_narrow = vec![("broad".to_owned(), Some("narrow".to_owned()))];
    let before = [narrow.clone(), broad.clone(), apart.clone()];
    // Moved behind it, removed, or narrowed.
    assert_eq!(gains(&before, &[broad.clone(), narrow.clone(), apart.clone()]), from_narrow);
    assert_eq!(gains(&before, &[broad.clone(), apart.clone()]), from_narrow);
    let narrower = named(json!({"repository": "acme/billing", "ref": "refs/heads/main", "environment": "x"}), "narrow");
    let both = [vec![("narrow".to_owned(), None)], from_narrow.clone()].concat();
    assert_eq!(gains(&before, &[narrower, broad.clone(), apart.clone()]), both);
    // Moved but still first, or moved past rules that never match the same identity.
    assert_eq!(gains(&before, &[narrow.clone(), apart.clone(), broad.clone()]), []);
    assert_eq!(gains(&before, &[apart.clone(), narrow.clone(), broad.clone()]), []);
    assert_eq!(gains(&[apart.clone(), broad.clone()], std::slice::from_ref(&broad)), []);
    assert_eq!(gains(&before, &[narrow, broad]), []);
}

#[test]
fn claims_that_may_be_lists_do_not_separate_rules() {
    let own = |claims: Value, name: &str| with(rule("https://ci.example.com", claims), "name", json!(name));
    let group = |name: &str| own(json!({"groups": name}), name);
    assert_eq!(gains(&[group("a"), group("b")], &[group("b")]), [("b".to_owned(), Some("a".to_owned()))]);
    let subject = |name: &str| own(json!({"sub": name}), name);
    assert_eq!(gains(&[subject("a"), subject("b")], &[subject("b")]), []);
    // Neither does the audience: one identity may have both.
    let audience = |name: &str| with(own(json!({"sub": "a"}), name), "audience", json!(name));
    assert_eq!(gains(&[audience("a"), audience("b")], &[audience("b")]), [("b".to_owned(), Some("a".to_owned()))]);
    // Identities of another issuer are different.
    let elsewhere = with(subject("a"), "issuer", json!("https://other.example.com"));
    assert_eq!(gains(&[elsewhere, group("b")], &[group("b")]), []);
}

#[test]
fn the_short_form_of_an_identity_names_the_ref() {
    assert_eq!(via(&recorded("github-environment")).as_str(), "github:octo-org/octo-repo@refs/heads/main");
    assert_eq!(via(&recorded("github-tag")).as_str(), "github:octo-org/octo-repo@refs/tags/v1.2.3");
    assert_eq!(via(&recorded("gitlab-main")).as_str(), "gitlab:my-group/my-project@main");
    let of = |claims: Value| via(claims.as_object().unwrap()).to_string();
    let own = json!({"iss": "https://gitlab.example.com", "project_path": "g/p", "ref": "main", "sub": "s"});
    assert_eq!(of(own), "gitlab.example.com:g/p@main");
    assert_eq!(of(json!({"iss": "https://ci.example.com:8443/x", "sub": "job:7"})), "ci.example.com:8443:job:7");
}

#[test]
fn a_trust_rules_name_is_short_and_lower_case() {
    let valid = |name: &str| name.parse::<TrustRuleName>().is_ok();
    for name in ["a", "0", "main-branch_of.acme", &"x".repeat(64)] {
        assert!(valid(name), "{name}");
    }
    for name in ["", "-a", ".a", "_a", "A", "aB", "a b", "a/b", "ä", &"x".repeat(65)] {
        assert!(!valid(name), "{name}");
    }
}
