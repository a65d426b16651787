//! Tests of expressions, commands and names in the documentation.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scan::token;
use crate::support::stack;

fn read(name: &str) -> String {
    fs::read_to_string(format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The expressions of `docs/secret-scanning.md` and their scanners. If a scanner has separate expressions for the text
/// before and after, all three are joined.
fn expressions() -> Vec<(String, String)> {
    let text = read("secret-scanning.md");
    let (_, others) = text.split_once("\n## Other scanners\n").unwrap();
    let (mut found, mut scanner): (Vec<(String, String)>, _) = (Vec::new(), String::new());
    for line in others.lines() {
        let cell = || line.split('`').nth(1).unwrap().replace("\\|", "|");
        if let Some((first, _)) = line.split_once(" (").filter(|_| line.starts_with(|c: char| c.is_alphabetic())) {
            scanner = first.to_owned();
        } else if line.starts_with("| Secret format |") {
            found.push((scanner.clone(), format!("({})", cell())));
        } else if line.starts_with("| Before secret |") {
            let (_, expression) = found.last_mut().unwrap();
            expression.insert_str(0, &format!("(?:{})", cell()));
        } else if line.starts_with("| After secret |") {
            let (_, expression) = found.last_mut().unwrap();
            expression.push_str(&format!("(?:{})", cell()));
        } else if line.contains("{65}") {
            let quoted = line.split('\'').find(|part| part.contains("{65}"));
            found.push((scanner.clone(), format!("({})", quoted.unwrap())));
        }
    }
    found
}

#[test]
fn documented_expressions_find_tokens_in_any_surroundings() {
    let expressions = expressions();
    let scanners: Vec<_> = expressions.iter().map(|(scanner, _)| scanner.as_str()).collect();
    assert_eq!(scanners, ["gitleaks", "trufflehog", "GitHub secret scanning", "GitLab secret detection"]);
    let before =
        ["", " ", "=", "\"", "\n", "%3D", "%20", "\\n", "\\t", "\\u0022", "\\x22", "TOKEN_", "token", "3", "é", "=3D"];
    let after = ["", " ", ";", "\"", "\n", "%26", "\\n", "\\u0022", "_", "_OLD", "x", "é"];
    for (scanner, expression) in expressions {
        let regex = regex::Regex::new(&expression).unwrap();
        let (secret, _) = token("pcl");
        for before in before {
            for after in after {
                let text = format!("{before}{secret}{after}");
                let found = regex.captures(&text).and_then(|found| found.get(1));
                let found = found.map(|found| found.as_str());
                assert_eq!(found, Some(secret.as_str()), "{scanner}: {expression} in {before:?} and {after:?}");
            }
        }
        for cut in [&secret[..secret.len() - 1], &secret[1..], "pcl_short", &secret.replacen('_', "-", 1)] {
            assert!(!regex.is_match(cut), "{scanner}: {expression}");
        }
    }
}

#[test]
fn the_gitlab_ruleset_contains_the_gitleaks_rule() {
    let text = read("secret-scanning.md");
    let block = |scanner: &str| -> toml::Table {
        let (_, after) = text.split_once(&format!("\n{scanner} (")).unwrap();
        toml::from_str(after.split("```").nth(1).unwrap().strip_prefix("toml\n").unwrap()).unwrap()
    };
    let ruleset = block("GitLab secret detection");
    assert_eq!(ruleset.keys().collect::<Vec<_>>(), ["secrets"]);
    let [passthrough] = ruleset["secrets"]["passthrough"].as_array().unwrap().as_slice() else { panic!("{ruleset}") };
    let field = |name: &str| passthrough[name].as_str().unwrap();
    assert_eq!((field("type"), field("target")), ("raw", "gitleaks.toml"));
    let rules: toml::Table = toml::from_str(field("value")).unwrap();
    assert_eq!(rules["extend"]["path"].as_str(), Some("/gitleaks.toml"));
    assert_eq!(rules["rules"], block("gitleaks")["rules"]);
}

/// Texts of the files below a directory, by path.
fn texts(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match fs::read_to_string(&path) {
            Ok(text) => found.push((path, text)),
            Err(_) if path.is_dir() => texts(&path, found),
            // An image.
            Err(_) => {}
        }
    }
}

#[test]
fn documents_and_examples_have_one_name_for_the_token() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = vec![("README.md".into(), fs::read_to_string(root.join("README.md")).unwrap())];
    ["docs", "examples"].iter().for_each(|dir| texts(&root.join(dir), &mut all));
    let other = regex::Regex::new(r"PORTCULLIS_TOKEN\b|\$\{?TOKEN\b|\bTOKEN=").unwrap();
    for (path, text) in all {
        assert_eq!(other.find(&text).map(|found| found.as_str()), None, "{}", path.display());
    }
}

#[cfg(unix)]
#[test]
#[expect(clippy::disallowed_methods, reason = "the shell needs the PATH that there is")]
fn the_documented_command_revokes_all_idle_tokens() {
    use std::process::Command;
    let stack = stack();
    let text = read("cli.md");
    let found = text.split('`').find(|code| code.contains("--idle-days 90") && code.contains("revoke")).unwrap();
    // No token of this test is 90 days old.
    let script = found.replace("--idle-days 90", "--owner alice");
    let bin = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap().display().to_string();
    let run = || {
        let mut shell = Command::new("sh");
        shell.env_clear().env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()));
        shell.env("HOME", stack.home.path()).env("PORTCULLIS_URL", stack.url());
        let output = shell.env("PORTCULLIS_API_TOKEN", stack.admin()).args(["-ec", &script]).output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{script}: {printed}");
        printed
    };
    assert_eq!(run(), "");
    for name in ["a", "b"] {
        stack.create(["--name", name, "--grant", "apps:read@*", "--owner", "alice"]);
    }
    assert_eq!(run().matches("Revoked ").count(), 2);
    // Revoked tokens are still listed; revoking them again is no error.
    run();
}
