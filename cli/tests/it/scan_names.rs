//! `portcullis scan`: names, link targets and incomplete clones.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scan::{git, repository, scan, token};
use crate::support::{json as document, stderr, stdout};

/// Runs a scan with text and JSON output, checks that neither contains the secret, and returns the findings.
#[track_caller]
fn found(at: &Path, arguments: &[&str], secret: &str) -> Vec<Value> {
    let home = TempDir::new().unwrap();
    let printed = scan(home.path(), at, arguments).code(1);
    let asked = scan(home.path(), at, &[arguments, &["--json"]].concat()).code(1);
    for text in [stdout(&printed), stderr(&printed), stdout(&asked), stderr(&asked)] {
        assert!(!text.contains(&secret[20..]), "{text}");
    }
    document(&asked)["findings"].as_array().unwrap().clone()
}

#[cfg(unix)]
#[test]
fn names_and_link_targets_are_searched() {
    let at = TempDir::new().unwrap();
    let [(file, file_id), (directory, directory_id), (target, target_id), (pipe, pipe_id)] = ["pcl"; 4].map(token);
    fs::create_dir(at.path().join(&directory)).unwrap();
    for inner in ["a", "b"] {
        fs::write(at.path().join(&directory).join(inner), "nothing").unwrap();
    }
    fs::write(at.path().join(format!("log-{file}.txt")), "nothing").unwrap();
    std::os::unix::fs::symlink(format!("/nowhere/{target}"), at.path().join("link")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at.path().join(&pipe)).status().unwrap().success());
    let findings = found(at.path(), &[], &file);
    assert_eq!(findings.len(), 4, "{findings:?}");
    let of = |id: &str| findings.iter().find(|finding| finding["token_id"] == id).unwrap();
    for (id, place) in [(&file_id, "name"), (&directory_id, "name"), (&target_id, "link_target"), (&pipe_id, "name")] {
        assert_eq!((&of(id)["in"], of(id).get("line")), (&Value::from(place), None), "{findings:?}");
    }
    assert_eq!(of(&target_id)["path"], "link");
    let printed = stdout(&scan(at.path(), at.path(), &[]).code(1));
    assert!(printed.contains(&format!("link (link target): pcl {target_id}\n")), "{printed}");
    assert!(printed.contains(&format!("log-pcl_{file_id}[redacted].txt (name): pcl {file_id}\n")), "{printed}");
}

#[cfg(unix)]
#[test]
fn the_target_of_a_link_on_the_command_line_is_searched() {
    let at = TempDir::new().unwrap();
    let [(good, good_id), (bad, bad_id), (directory, directory_id), (inner, inner_id)] = ["pcl"; 4].map(token);
    for name in [&good, &directory] {
        fs::create_dir(at.path().join(format!("t-{name}"))).unwrap();
        fs::write(at.path().join(format!("t-{name}/f")), &inner).unwrap();
    }
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, at.path().join(name)).unwrap();
    link(&format!("t-{good}/f"), "good");
    link(&bad, "bad");
    link(&format!("t-{directory}"), "directory");
    for (named, id, contents) in [
        ("good", &good_id, Some("good")),
        ("bad", &bad_id, None),
        ("directory", &directory_id, Some("directory/f")),
        ("directory/", &directory_id, Some("directory/f")),
    ] {
        let mut wanted = vec![json!({ "path": named.trim_end_matches('/'), "in": "link_target", "token_id": id })];
        wanted.extend(contents.map(|path| json!({ "path": path, "in": null, "token_id": inner_id })));
        let mut findings = found(at.path(), &[named], &inner);
        findings.sort_by_key(|finding| finding["line"].as_u64());
        let shown = |finding: &Value| json!({ "path": finding["path"], "in": finding.get("in"), "token_id": finding["token_id"] });
        assert_eq!(findings.iter().map(shown).collect::<Vec<_>>(), wanted, "{named}");
    }
    let printed = stdout(&scan(at.path(), at.path(), &["bad"]).code(1));
    assert!(printed.contains(&format!("bad (link target): pcl {bad_id}\n")), "{printed}");
    link("nowhere", "dangling");
    scan(at.path(), at.path(), &["dangling"]).code(7);
}

#[test]
fn names_in_the_history_are_found_with_their_commit() {
    let at = repository();
    let [(file, file_id), (directory, directory_id), (link, link_id)] = ["pcl"; 3].map(token);
    fs::create_dir(at.path().join(&directory)).unwrap();
    // The file has the same contents as another one.
    fs::write(at.path().join(&directory).join("a"), "nothing\n").unwrap();
    fs::write(at.path().join(&directory).join("b"), "b\n").unwrap();
    fs::write(at.path().join(&file), "nothing\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&link, at.path().join("link")).unwrap();
    git(at.path(), &["add", "."]);
    git(at.path(), &["commit", "-qm", "add"]);
    git(at.path(), &["rm", "-rq", "."]);
    git(at.path(), &["commit", "-qm", "remove"]);
    for arguments in [&["--history"][..], &["--range", "HEAD~2..HEAD"]] {
        let findings = found(at.path(), arguments, &file);
        let of = |id: &str| findings.iter().filter(|finding| finding["token_id"] == id).collect::<Vec<_>>();
        for id in [&file_id, &directory_id] {
            let [finding] = of(id).try_into().unwrap();
            assert_eq!(finding["in"], "name", "{findings:?}");
            assert_eq!(finding["commit"].as_str().unwrap().len(), 40, "{findings:?}");
            assert_eq!(finding["path"], format!("pcl_{id}[redacted]"), "{findings:?}");
        }
        assert_eq!(of(&link_id).len(), usize::from(cfg!(unix)), "{findings:?}");
    }
    scan(at.path(), at.path(), &["--range", "HEAD~1..HEAD"]).code(0);
}

#[cfg(unix)]
#[test]
fn link_targets_in_git_are_distinguished_from_file_contents() {
    let at = repository();
    let (secret, id) = token("pcl");
    std::os::unix::fs::symlink(&secret, at.path().join("link")).unwrap();
    fs::write(at.path().join("file"), &secret).unwrap();
    git(at.path(), &["add", "."]);
    let check = |arguments: &[&str]| {
        let findings = found(at.path(), arguments, &secret);
        let [file, link] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!((&file["path"], file.get("in"), &file["line"]), (&"file".into(), None, &1.into()), "{arguments:?}");
        assert_eq!((&link["path"], &link["in"]), (&"link".into(), &"link_target".into()), "{arguments:?}");
        assert_eq!(link.get("line"), None, "{arguments:?}");
        let printed = stdout(&scan(at.path(), at.path(), arguments).code(1));
        assert!(printed.contains(&format!("link (link target): pcl {id}\n")), "{arguments:?}: {printed}");
    };
    check(&["--staged"]);
    git(at.path(), &["commit", "-qm", "add"]);
    check(&["--history"]);
    check(&["--range", "HEAD~1..HEAD"]);
}

#[test]
fn names_of_branches_and_tags_are_searched() {
    let at = repository();
    let [(branch, branch_id), (tag, tag_id), (annotated, annotated_id)] = ["pcl"; 3].map(token);
    git(at.path(), &["branch", &format!("fix/{branch}")]);
    git(at.path(), &["tag", &tag]);
    git(at.path(), &["tag", "-a", "-m", "nothing", &annotated]);
    git(at.path(), &["pack-refs", "--all"]);
    let findings = found(at.path(), &["--history"], &annotated);
    for (id, name) in [(&branch_id, "refs/heads/fix"), (&tag_id, "refs/tags"), (&annotated_id, "refs/tags")] {
        let name = format!("{name}/pcl_{id}[redacted]");
        assert!(
            findings.iter().any(|finding| finding["token_id"] == id.as_str() && finding["ref"] == name),
            "{findings:?}"
        );
    }
    let printed = stdout(&scan(at.path(), at.path(), &["--history"]).code(1));
    assert!(
        printed.contains(&format!("refs/heads/fix/pcl_{branch_id}[redacted] (name): pcl {branch_id}\n")),
        "{printed}"
    );
}

#[cfg(unix)]
#[test]
fn staged_names_and_link_targets_are_searched() {
    let at = repository();
    let [(file, file_id), (target, target_id)] = ["pcl"; 2].map(token);
    fs::write(at.path().join(&file), "nothing").unwrap();
    std::os::unix::fs::symlink(&target, at.path().join("link")).unwrap();
    git(at.path(), &["add", "."]);
    let findings = found(at.path(), &["--staged"], &file);
    let mut ids: Vec<_> = findings.iter().map(|finding| finding["token_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut staged = [file_id.as_str(), target_id.as_str()];
    staged.sort_unstable();
    assert_eq!(ids, staged);
}

/// Clones a repository with three commits, with this flag.
fn clone(flag: &str) -> (TempDir, TempDir) {
    let source = repository();
    for text in ["one", "two"] {
        fs::create_dir_all(source.path().join("deep")).unwrap();
        fs::write(source.path().join("deep/file"), text).unwrap();
        git(source.path(), &["add", "."]);
        git(source.path(), &["commit", "-qm", text]);
    }
    git(source.path(), &["config", "uploadpack.allowFilter", "true"]);
    let at = TempDir::new().unwrap();
    let url = format!("file://{}", source.path().display());
    git(at.path(), &["clone", "-q", "--no-checkout", flag, &url, "."]);
    (source, at)
}

#[test]
fn scans_of_partial_and_shallow_clones_are_incomplete() {
    let home = TempDir::new().unwrap();
    for flag in ["--filter=tree:0", "--filter=blob:none", "--depth=1", "--shallow-since=2000-01-01"] {
        let (_source, at) = clone(flag);
        let assert = scan(home.path(), at.path(), &["--history"]);
        // This shallow clone contains all commits.
        let code = if flag.ends_with("2000-01-01") { 0 } else { 7 };
        let printed = stderr(&assert.code(code));
        assert_eq!(printed.contains("could not be read"), code == 7, "{flag}: {printed}");
    }
    let (_source, at) = clone("--no-tags");
    scan(home.path(), at.path(), &["--history"]).code(0);
}

#[test]
fn staged_scans_of_partial_clones_are_incomplete() {
    let home = TempDir::new().unwrap();
    for flag in ["--filter=tree:0", "--filter=tree:1"] {
        let (_source, at) = clone(flag);
        let printed = stderr(&scan(home.path(), at.path(), &["--staged"]).code(7));
        assert!(printed.contains("the last commit cannot be read"), "{flag}: {printed}");
        fs::write(at.path().join("leak"), token("pcl").0).unwrap();
        git(at.path(), &["add", "leak"]);
        scan(home.path(), at.path(), &["--staged"]).code(1);
    }
}

#[test]
fn a_range_beyond_a_shallow_clone_is_incomplete() {
    let home = TempDir::new().unwrap();
    let (_source, at) = clone("--depth=2");
    scan(home.path(), at.path(), &["--range", "HEAD~1..HEAD"]).code(0);
    let printed = stderr(&scan(home.path(), at.path(), &["--range", "HEAD"]).code(7));
    assert!(printed.contains("shallow"), "{printed}");
    let found = at.path().join("leak");
    fs::write(&found, token("pcl").0).unwrap();
    git(at.path(), &["reset", "-q"]);
    git(at.path(), &["add", "leak"]);
    git(at.path(), &["commit", "-qm", "leak"]);
    scan(home.path(), at.path(), &["--history"]).code(1);
}

#[test]
fn history_takes_no_value_and_range_takes_one() {
    let (home, at) = (TempDir::new().unwrap(), repository());
    let above = at.path().parent().unwrap();
    let path = at.path().to_str().unwrap();
    scan(home.path(), above, &["--history", path]).code(0);
    scan(home.path(), above, &["--range", "HEAD", path]).code(0);
    let printed = stderr(&scan(home.path(), at.path(), &["--history", "HEAD~1..HEAD"]).code(2));
    assert!(printed.contains("HEAD~1..HEAD: no such file") && printed.contains("--range HEAD~1..HEAD"), "{printed}");
    scan(home.path(), at.path(), &["--staged", "--range", "HEAD"]).code(2);
}
