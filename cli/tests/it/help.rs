//! Snapshots of the help texts.

use std::fs;

use crate::support::{bare, stdout};

/// The names of the commands in a help text, below `Commands:`.
fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().map(str::to_owned));
    names.filter(|name| name != "help").collect()
}

fn help(path: &[String], all: &mut String) {
    let home = tempfile::tempdir().unwrap();
    let text = stdout(&bare(home.path()).args(path).arg("--help").assert().success());
    all.push_str(&format!("$ portcullis {}\n{text}\n", [path, &["--help".to_owned()]].concat().join(" ")));
    for name in commands(&text) {
        help(&[path, &[name]].concat(), all);
    }
}

#[test]
fn every_command_says_what_it_does() {
    let mut all = String::new();
    help(&[], &mut all);
    insta::assert_snapshot!(all);
}

#[test]
fn the_manual_covers_all_commands() {
    let home = tempfile::tempdir().unwrap();
    assert!(stdout(&bare(home.path()).arg("man").assert().success()).contains(".TH portcullis 1"));
    let pages = home.path().join("man");
    bare(home.path()).arg("man").arg(&pages).assert().success();
    for (name, has_examples) in [("portcullis", true), ("portcullis-token", true), ("portcullis-token-create", true)] {
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        for heading in ["\"EXIT STATUS\"", "ENVIRONMENT", "FILES"] {
            assert!(page.contains(&format!(".SH {heading}\n")), "{heading} is missing in {page}");
        }
        assert_eq!(page.contains(".SH EXAMPLES\n"), has_examples, "{page}");
        assert!(!page.contains(".SH EXTRA"), "{page}");
    }
}
