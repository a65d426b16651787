//! `portcullis catalog …`

use std::fs;

use crate::support::{Stack, bare, json, stack, stderr, stdout};

const GOOD: &str = r#"
[permissions]
"app:restart" = "Restart an app"
[roles.cicd]
description = "Deploy"
permissions = ["app:restart"]
[[routes]]
match = "POST /apps/{app}/restart"
permission = "app:restart"
resource = "app/{app}"
"#;

fn file(stack: &Stack, name: &str, text: &str) -> String {
    let path = stack.home.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn check_recommends_strict_for_catalogs_with_routes() {
    let home = tempfile::tempdir().unwrap();
    let advised = |text: &str| {
        let path = home.path().join("catalog.toml");
        fs::write(&path, text).unwrap();
        stderr(&bare(home.path()).args(["catalog", "check"]).arg(path).assert().code(0)).contains("set strict = true")
    };
    assert!(advised(GOOD));
    assert!(!advised(&format!("strict = true\n{GOOD}")));
    assert!(!advised("[roles.viewer]\npermissions = [\"*:read\"]\n"));
}

/// Checks a file that does not need a service. Returns the errors, with the file's name without its directory.
fn errors(name: &str, text: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(name);
    fs::write(&path, text).unwrap();
    let assert = bare(home.path()).args(["catalog", "check"]).arg(path).assert().code(1);
    stdout(&assert).replace(&format!("{}/", home.path().display()), "")
}

/// File, line, column and path of each error.
fn places(printed: &str) -> Vec<String> {
    printed.lines().map(|line| line.splitn(3, ": ").take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn check_works_offline() {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in [("good.toml", GOOD), ("good.json", r#"{"strict": false}"#)] {
        let path = home.path().join(name);
        fs::write(&path, text).unwrap();
        bare(home.path()).args(["catalog", "check"]).arg(path).assert().code(0);
    }
}

#[test]
fn every_error_of_a_toml_file_has_its_line_and_column() {
    let text = "strict = 1\n\n[roles.x]\ndescription = \"é\"\npermissions = [\"a\", \"b:c\",\n  \"d\"]\n\n\
        [roles.y]\n\n[[routes]]\nmatch = \"GET /a\"\npermission = \"b\"\n[[routes]]\n";
    let printed = errors("bad.toml", text);
    let expected = [
        "bad.toml:1:1 strict",
        "bad.toml:5:16 roles.x.permissions[0]",
        "bad.toml:5:21 roles.x.permissions[1]",
        "bad.toml:6:3 roles.x.permissions[2]",
        "bad.toml:8:8 roles.y.permissions",
        "bad.toml:12:1 routes[0].permission",
        "bad.toml:13:1 routes[1].match",
        "bad.toml:13:1 routes[1].permission",
    ];
    assert_eq!(places(&printed), expected, "{printed}");
}

#[test]
fn every_error_of_a_json_file_has_its_line_and_column() {
    let text = "{\n  \"strict\": 1,\n  \"roles\": {\"é\": {},\n    \"x\": {\"permissions\": [\"b:c\", \"d\"]}},\n  \"rotes\": []\n}";
    let printed = errors("bad.json", text);
    let expected = [
        "bad.json:2:13 strict",
        "bad.json:3:18 roles.é",
        "bad.json:3:18 roles.é.permissions",
        "bad.json:4:27 roles.x.permissions[0]",
        "bad.json:4:34 roles.x.permissions[1]",
        "bad.json:5:12 rotes",
    ];
    assert_eq!(places(&printed), expected, "{printed}");
}

#[test]
fn a_syntax_error_has_its_line_and_column() {
    assert_eq!(errors("broken.toml", "strict = true\n[roles\n").lines().count(), 1);
    assert!(errors("broken.toml", "strict = true\n[roles\n").starts_with("broken.toml:2:7: "));
    assert_eq!(errors("broken.json", "{\n\"strict\":\n}"), "broken.json:3:1: expected value\n");
    assert!(errors("list.json", "\n[]").starts_with("list.json:2:1: "));
    assert_eq!(errors("short.json", "{\n"), "short.json:2:1: the file ends too early\n");
}

#[test]
fn check_prints_errors_as_json() {
    let stack = stack();
    let path = file(&stack, "bad.toml", "strict = 1\n");
    let issues = json(&stack.bare().args(["catalog", "check", "--json", &path]).assert().code(1));
    let issue = &issues["issues"][0];
    assert_eq!((&issue["path"], &issue["line"], &issue["column"]), (&"strict".into(), &1.into(), &1.into()));
}

#[test]
fn push_shows_the_diff_and_publishes_once() {
    let stack = stack();
    let path = file(&stack, "good.toml", GOOD);
    assert!(stdout(&stack.portcullis(["catalog", "diff", &path]).assert().code(1)).contains("+[[routes]]"));
    assert!(stderr(&stack.portcullis(["catalog", "push", &path]).assert().code(2)).contains("--yes"));
    let pushed = stack.portcullis(["catalog", "push", &path, "--yes"]).assert().success();
    assert!(stdout(&pushed).contains("+\"app:restart\" = \"Restart an app\""));
    assert!(stderr(&pushed).contains("effective by"));
    stack.portcullis(["catalog", "diff", &path]).assert().code(0);
    let again = stderr(&stack.portcullis(["catalog", "push", &path, "--yes"]).assert().success());
    assert!(again.contains("already published"), "{again}");
}

#[test]
fn the_output_of_show_can_be_pushed_again() {
    let stack = stack();
    let shown = stdout(&stack.portcullis(["catalog", "show", "--toml"]).assert().success());
    let path = file(&stack, "shown.toml", &shown);
    stack.portcullis(["catalog", "diff", &path]).assert().code(0);
    let document = stdout(&stack.portcullis(["catalog", "show"]).assert().success());
    let path = file(&stack, "shown.json", &document);
    stack.portcullis(["catalog", "diff", &path]).assert().code(0);
}

#[test]
fn versions_are_listed_with_who_published_them() {
    let stack = stack();
    let none = stack.portcullis(["catalog", "versions"]).assert().success();
    assert_eq!(stderr(&none), "The default catalog applies; no version was published.\n");
    assert_eq!(stdout(&none), "");
    for (name, text) in [("good.toml", GOOD), ("empty.toml", "")] {
        stack.portcullis(["catalog", "push", &file(&stack, name, text), "--yes"]).assert().success();
    }
    let by = format!("token:{}", &stack.admin()[4..20]);
    let listed = json(&stack.portcullis(["catalog", "versions", "--json"]).assert().success());
    let versions = listed["versions"].as_array().unwrap();
    let found: Vec<_> = versions.iter().map(|it| (&it["version"], it["created_by"].as_str().unwrap())).collect();
    assert_eq!(found, [(&2.into(), &*by), (&1.into(), &*by)]);
    let table = stdout(&stack.portcullis(["catalog", "versions"]).assert().success());
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["VERSION", "PUBLISHED", "BY"]);
    assert_eq!((rows[1][0], *rows[1].last().unwrap(), rows[2][0]), ("2", &*by, "1"));
}

#[test]
fn an_earlier_version_can_be_published_again() {
    let stack = stack();
    let good = file(&stack, "good.toml", GOOD);
    stack.portcullis(["catalog", "push", &good, "--yes"]).assert().success();
    stack.portcullis(["catalog", "push", &file(&stack, "empty.toml", ""), "--yes"]).assert().success();
    for flags in [&["--toml"][..], &[]] {
        let shown = stdout(&stack.portcullis(["catalog", "show", "--version", "1"]).args(flags).assert().success());
        let name = if flags.is_empty() { "1.json" } else { "1.toml" };
        stack.portcullis(["catalog", "push", &file(&stack, name, &shown), "--yes"]).assert().success();
        stack.portcullis(["catalog", "diff", &good]).assert().code(0);
        stack.portcullis(["catalog", "push", &file(&stack, "empty.toml", ""), "--yes"]).assert().success();
    }
    let missing = stderr(&stack.portcullis(["catalog", "show", "--version", "99"]).assert().failure());
    assert!(missing.contains("no such version of the catalog"), "{missing}");
    assert!(missing.contains("portcullis catalog versions"), "{missing}");
}

#[test]
fn push_with_a_stale_etag_is_a_conflict() {
    let stack = stack();
    let path = file(&stack, "good.toml", GOOD);
    for other in ["99", "\"99\"", "W/\"0\"", "\"98\", \"99\""] {
        stack.portcullis(["catalog", "push", &path, "--yes", "--if-match", other]).assert().code(6);
    }
    stack.portcullis(["catalog", "diff", &path]).assert().code(1);
    stack.portcullis(["catalog", "push", &path, "--yes", "--if-match", "*"]).assert().success();
    stack.portcullis(["catalog", "diff", &path]).assert().code(0);
}

#[test]
fn an_invalid_catalog_is_not_sent() {
    let stack = stack();
    let path = file(&stack, "bad.toml", "strict = 1\n");
    let assert = stack.portcullis(["catalog", "push", &path, "--yes"]).assert().code(1);
    assert_eq!(stderr(&assert), "warning: the catalog has errors, so it was not published\n");
    let diff = stack.portcullis(["catalog", "diff", &path]).assert().code(1);
    assert_eq!(stderr(&diff), "warning: the catalog has errors, so it was not compared\n");
    let mut test = stack.portcullis(["trust", "test", "--claims", "-", "--catalog", &path]);
    let test = test.write_stdin(r#"{"iss":"x","sub":"x","aud":"x","exp":1}"#).assert().code(1);
    assert_eq!(stderr(&test), "warning: the catalog has errors, so no rule was tested\n");
}

#[test]
fn duplicate_json_keys_get_the_same_errors_as_from_the_service() {
    let stack = stack();
    let text = r#"{"roles":{"a":{"permissions":["b:c"],"permissions":["b:d"]}},"strict":true,"strict":true}"#;
    let path = file(&stack, "twice.json", text);
    let printed = stdout(&stack.bare().args(["catalog", "check", &path]).assert().code(1));
    let printed = printed.replace(&format!("{path}:1:"), "");
    assert_eq!(printed, "52: roles.a.permissions: must be given once\n85: strict: must be given once\n");
    let request = ureq::put(format!("{}/catalog", stack.url())).header("if-match", "\"1\"");
    let request = request.header("authorization", format!("Bearer {}", stack.admin()));
    let mut response = request.config().http_status_as_error(false).build().send(text).unwrap();
    let problem: serde_json::Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
    let of_service: Vec<_> = problem["errors"].as_array().unwrap().iter().collect();
    let words = |error: &serde_json::Value| {
        format!("{}: {}", error["field"].as_str().unwrap(), error["message"].as_str().unwrap())
    };
    let printed = printed.lines().map(|line| line.split_once(": ").unwrap().1);
    assert_eq!(printed.collect::<Vec<_>>(), of_service.into_iter().map(words).collect::<Vec<_>>());
    stack.portcullis(["catalog", "push", &path, "--yes"]).assert().code(1);
}

#[test]
fn toml_values_that_json_lacks_are_reported_with_other_errors() {
    let home = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let assert = bare(home.path()).args(["catalog", "check", "-"]).write_stdin(text.to_owned()).assert().code(1);
        let without_position = |line: &str| line.split_once(": ").unwrap().1.to_owned() + "\n";
        stdout(&assert).lines().map(without_position).collect::<String>()
    };
    for value in ["2020-01-01", "1979-05-27 07:32:00Z", "07:32:00", "nan", "+inf", "-inf"] {
        let why = "is not a JSON value; a catalog contains only strings, booleans, lists and tables";
        assert_eq!(check(&format!("strict = {value}\n")), format!("strict: {value} {why}\n"));
        assert_eq!(check(&format!("strict = {{ a = [1, {value}] }}\n")), format!("strict.a[1]: {value} {why}\n"));
        assert_eq!(check(&format!("permissions = {value}\n")), format!("permissions: {value} {why}\n"));
        let text = format!("[[routes]]\nmatch = \"x\"\npermission = {value}\n[roles.r]\ndescription = {value}\n");
        let printed = check(&text);
        for issue in ["routes[0].permission: ", "roles.r.description: "].map(|place| format!("{place}{value} {why}\n"))
        {
            assert!(printed.contains(&issue), "{printed}");
        }
        assert!(printed.contains("routes[0].match: \"x\" must be a method"), "{printed}");
    }
    let printed = check("[roles]\nr = nan\nr2 = {}\n[roles.list]\npermissions = [\"a\", nan]\n");
    let places: Vec<_> = printed.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["roles.r", "roles.r2.permissions", "roles.list.permissions[0]", "roles.list.permissions[1]"]);
}

#[test]
fn duplicate_toml_keys_are_reported_with_their_line() {
    let home = tempfile::tempdir().unwrap();
    for (text, why) in [
        ("strict = true\n\nstrict = true\n", "3:1: duplicate key strict\n"),
        ("[permissions]\n\"a:b\" = \"x\"\n'a:b' = \"y\"\n", "3:1: duplicate key 'a:b'\n"),
        ("[roles.a]\n[roles.a]\n", "2:8: duplicate key a\n"),
        ("sessions = { groups = { a = \"b\", a = \"c\" } }\n", "1:34: duplicate key a\n"),
        ("strict = true\n[strict.a]\n", "2:2: cannot extend value of type boolean with a dotted key strict\n"),
    ] {
        let check = bare(home.path()).args(["catalog", "check", "-"]).write_stdin(text).assert().code(1);
        assert_eq!(stdout(&check), format!("standard input:{why}"));
        let config = home.path().join("named.toml");
        fs::write(&config, text).unwrap();
        let printed = stderr(&bare(home.path()).env("PORTCULLIS_CONFIG", &config).arg("whoami").assert().code(2));
        let (position, why) = why.split_once(": ").unwrap();
        let (line, _) = position.split_once(':').unwrap();
        assert!(printed.contains(&format!("line {line}: {why}")), "{printed}");
    }
}

#[test]
fn catalogs_are_read_from_standard_input_as_toml_or_json() {
    let home = tempfile::tempdir().unwrap();
    let check = |text: &str| bare(home.path()).args(["catalog", "check", "-"]).write_stdin(text).assert();
    for good in [GOOD, "", " \n{\"strict\": false}", "\u{feff}{\"strict\": false}"] {
        check(good).code(0);
    }
    assert!(stdout(&check("strict = 1\n").code(1)).contains("strict: "));
    assert!(stdout(&check("{\n\"strict\":\n}").code(1)).starts_with("standard input:3:1: "));
    let stack = stack();
    stack.portcullis(["catalog", "push", "-", "--yes"]).write_stdin(GOOD).assert().success();
    stack.portcullis(["catalog", "diff", "-"]).write_stdin(GOOD).assert().code(0);
}

#[test]
fn a_catalog_may_start_with_a_byte_order_mark() {
    let stack = stack();
    for (name, text) in [("bom.json", r#"{"strict": false}"#), ("bom.toml", GOOD)] {
        let path = file(&stack, name, &format!("\u{feff}{text}"));
        stack.bare().args(["catalog", "check", &path]).assert().success();
    }
}

#[test]
fn standard_input_serves_only_one_argument() {
    let stack = stack();
    let mut command = stack.bare();
    command.args(["catalog", "push", "-", "--yes", "--url", &stack.url(), "--api-token-file", "-"]);
    let printed = stderr(&command.write_stdin(GOOD).assert().code(2));
    assert!(printed.contains("standard input cannot be used for both FILE and --api-token-file"), "{printed}");
}

#[test]
fn errors_of_an_approval_rule_have_their_lines() {
    let text = "[permissions]\n\"a:b\" = { description = \"B\", approval = { valid_for = \"2d\" } }\n\"a:c\" = 1\n\n\
        [permissions.\"a:d\".approval]\nuses = \"twice\"\n\n\
        [permissions.\"a:e\"]\napproval = { valid_for = \"1h\", resources = [\"*\", \"/\"] }\n";
    let expected = [
        "bad.toml:2:43 permissions.a:b.approval.valid_for",
        "bad.toml:3:1 permissions.a:c",
        "bad.toml:5:20 permissions.a:d.approval.valid_for",
        "bad.toml:6:1 permissions.a:d.approval.uses",
        "bad.toml:9:50 permissions.a:e.approval.resources[1]",
    ];
    assert_eq!(places(&errors("bad.toml", text)), expected);
}

#[test]
fn for_a_deployment_with_caching_approvals_for_one_use_are_errors() {
    let home = tempfile::tempdir().unwrap();
    let text = "[permissions]\n\"a:b\" = { description = \"B\", approval = { valid_for = \"5m\", uses = \"once\" } }\n";
    let check = |cache: &str| {
        let command = ["catalog", "check", "-", "--cache-seconds", cache];
        bare(home.path()).args(command).write_stdin(text.to_owned()).assert()
    };
    check("0").code(0);
    let printed = stdout(&check("60").code(1));
    assert!(
        printed.starts_with("standard input:2:61: permissions.a:b.approval.uses: \"once\" must be any"),
        "{printed}"
    );
    let both = stdout(&check("300").code(1));
    assert_eq!(both.lines().count(), 2, "{both}");
    check("3601").code(2);
}
