//! `portcullis scan` in malicious trees and repositories: it never blocks, and runs none of their programs.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command as Program;
use std::time::Duration;

use assert_cmd::assert::Assert;
use tempfile::TempDir;

use crate::scan::{git, repository, token};
use crate::support::{bare, json, stderr};

/// Runs `scan` with a timeout: opening a pipe without a writer blocks forever.
fn scan(at: &Path, arguments: &[&str]) -> Assert {
    let mut command = bare(&at.join("home"));
    command.timeout(Duration::from_secs(60)).current_dir(at).arg("scan").args(arguments).assert()
}

fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(Program::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn only_regular_files_are_opened() {
    let at = TempDir::new().unwrap();
    fifo(&at.path().join("deep/pipe"));
    symlink("deep/pipe", at.path().join("to-pipe")).unwrap();
    symlink("/dev/zero", at.path().join("to-zero")).unwrap();
    let _socket = UnixListener::bind(at.path().join("socket")).unwrap();
    fs::write(at.path().join("file"), token("pcl").0).unwrap();
    let found = json(&scan(at.path(), &["--json"]).code(1));
    assert_eq!((&found["files"], found["findings"].as_array().unwrap().len()), (&1.into(), 1), "{found}");
    for named in ["deep/pipe", "to-pipe", "to-zero", "socket", "/dev/zero"] {
        let printed = stderr(&scan(at.path(), &[named]).code(2));
        assert!(printed.contains(&format!("{named}: not a regular file or a directory")), "{printed}");
    }
}

#[test]
fn a_pipe_as_an_ignore_file_is_reported_and_not_opened() {
    for place in [".gitignore", "deep/.gitignore", ".git/info/exclude", "deep/.git/info/exclude"] {
        let at = TempDir::new().unwrap();
        fs::create_dir_all(at.path().join(".git/info")).unwrap();
        fs::create_dir_all(at.path().join("deep")).unwrap();
        fs::write(at.path().join("deep/file"), "nothing").unwrap();
        fifo(&at.path().join(place));
        let printed = stderr(&scan(at.path(), &["--skip-ignored"]).code(7));
        assert!(printed.contains(&format!("{place}: not a regular file")), "{printed}");
        scan(at.path(), &[]).code(0);
    }
    // In a parent directory, behind a link, and in the git directory of a worktree.
    let at = TempDir::new().unwrap();
    fs::create_dir_all(at.path().join("deep/.git/info")).unwrap();
    fs::create_dir_all(at.path().join("deep/down")).unwrap();
    symlink("/dev/zero", at.path().join("deep/.gitignore")).unwrap();
    let printed = stderr(&scan(at.path(), &["--skip-ignored", "deep/down"]).code(7));
    assert!(printed.contains("deep/.gitignore: not a regular file"), "{printed}");
    for place in ["commondir", "common/info/exclude"] {
        let at = TempDir::new().unwrap();
        let tree = at.path().join("tree");
        fs::create_dir_all(&tree).unwrap();
        fs::create_dir_all(at.path().join("here")).unwrap();
        fs::write(at.path().join("here/.git"), format!("gitdir: {}\n", tree.display())).unwrap();
        if place != "commondir" {
            fs::write(tree.join("commondir"), "./common\n").unwrap();
        }
        fifo(&tree.join(place));
        let printed = stderr(&scan(at.path(), &["--skip-ignored", "here"]).code(7));
        assert!(printed.contains(&format!("{place}: not a regular file")), "{printed}");
    }
}

#[test]
fn a_pipe_as_a_git_config_file_is_reported_and_not_opened() {
    for place in ["home/.gitconfig", "home/config/git/config", "home/config/git/ignore"] {
        let at = TempDir::new().unwrap();
        fifo(&at.path().join(place));
        fs::create_dir_all(at.path().join("here")).unwrap();
        let printed = stderr(&scan(at.path(), &["--skip-ignored", "here"]).code(7));
        assert!(printed.contains(&format!("{place}: not a regular file")), "{printed}");
    }
}

#[test]
fn a_pipe_as_a_git_file_is_reported_and_git_not_started() {
    for place in [
        "HEAD",
        "ORIG_HEAD",
        "commondir",
        "config",
        "config.worktree",
        "index",
        "info/attributes",
        "info/exclude",
        "info/grafts",
        "logs/HEAD",
        "logs/refs/heads/main",
        "objects/info/alternates",
        "objects/info/commit-graph",
        "objects/pack/multi-pack-index",
        "objects/pack/pack-1.idx",
        "packed-refs",
        "refs/heads/deep/er",
        "shallow",
        "worktrees/other/HEAD",
    ] {
        let at = repository();
        fs::create_dir(at.path().join("deep")).unwrap();
        let path = at.path().join(".git").join(place);
        fs::remove_file(&path).ok();
        fifo(&path);
        for arguments in [&["--history"][..], &["--history", "deep"], &["--range", "HEAD~1..HEAD"], &["--staged"]] {
            let printed = stderr(&scan(at.path(), arguments).code(7));
            assert!(printed.contains(&format!(".git/{place}: not a regular file")), "{arguments:?}: {printed}");
        }
    }
}

#[test]
fn pipes_in_bare_repositories_and_worktrees_are_reported() {
    let at = repository();
    git(at.path(), &["worktree", "add", "-q", "tree"]);
    git(at.path(), &["clone", "-q", "--bare", ".", "bare"]);
    fs::create_dir(at.path().join("plain")).unwrap();
    // Links to regular files and the socket of the file system monitor are allowed.
    fs::rename(at.path().join(".git/config"), at.path().join("settings")).unwrap();
    symlink("../settings", at.path().join(".git/config")).unwrap();
    let _monitor = UnixListener::bind(at.path().join(".git/fsmonitor--daemon.ipc")).unwrap();
    for directory in [".", "tree", "bare", "plain"] {
        scan(at.path(), &["--history", directory]).code(0);
    }
    let places = [
        ("bare", "bare/packed-refs"),
        ("plain", "plain/HEAD"),
        ("tree", ".git/worktrees/tree/index"),
        ("tree", ".git/shallow"),
    ];
    for (directory, place) in places {
        let path = at.path().join(place);
        fs::remove_file(&path).ok();
        fifo(&path);
        let printed = stderr(&scan(at.path(), &["--history", directory]).code(7));
        assert!(printed.contains(&format!("{place}: not a regular file")), "{printed}");
        fs::remove_file(&path).unwrap();
    }
    // A branch name may contain a token.
    let (secret, _) = token("pcl");
    fifo(&at.path().join(".git/refs/heads").join(&secret));
    let printed = stderr(&scan(at.path(), &["--history"]).code(7));
    assert!(printed.contains("not a regular file") && !printed.contains(&secret), "{printed}");
}

#[test]
fn programs_named_by_a_repository_are_not_run() {
    let at = repository();
    let (ran, program) = (at.path().join("ran"), at.path().join("program"));
    fs::write(&program, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 0\n", ran.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    fs::write(at.path().join(".gitattributes"), "* filter=evil diff=evil merge=evil\n").unwrap();
    fs::write(at.path().join("staged"), "one\n").unwrap();
    git(at.path(), &["add", "."]);
    git(at.path(), &["commit", "-qm", "more"]);
    fs::write(at.path().join("staged"), "two\n").unwrap();
    git(at.path(), &["add", "."]);
    fs::write(at.path().join("staged"), "three\n").unwrap();
    let hooks = at.path().join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["post-index-change", "fsmonitor-watchman", "reference-transaction", "pre-auto-gc", "post-checkout"] {
        fs::copy(program, hooks.join(hook)).unwrap();
        fs::copy(program, at.path().join(".git/hooks").join(hook)).unwrap();
    }
    let ext = format!("ext::{program} %S");
    for (key, value) in [
        ("core.fsmonitor", program),
        ("core.hooksPath", hooks.to_str().unwrap()),
        ("core.pager", program),
        ("core.editor", program),
        ("core.sshCommand", program),
        ("core.gitProxy", program),
        ("core.askPass", program),
        ("core.alternateRefsCommand", program),
        ("core.untrackedCache", "true"),
        ("credential.helper", program),
        ("diff.external", program),
        ("diff.evil.command", program),
        ("diff.evil.textconv", program),
        ("filter.evil.clean", program),
        ("filter.evil.smudge", program),
        ("filter.evil.process", program),
        ("filter.evil.required", "true"),
        ("merge.evil.driver", program),
        ("gpg.program", program),
        ("log.showSignature", "true"),
        ("pager.rev-list", program),
        ("pager.cat-file", program),
        ("pager.diff-tree", program),
        ("pager.rev-parse", program),
        ("pager.for-each-ref", program),
        ("alias.rev-list", &format!("!{program}")),
        ("alias.cat-file", &format!("!{program}")),
        ("protocol.allow", "always"),
        ("protocol.ext.allow", "always"),
        ("remote.origin.url", &ext),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"),
        ("remote.origin.uploadpack", program),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
        ("submodule.recurse", "true"),
    ] {
        git(at.path(), &["config", key, value]);
    }
    // Missing objects, which a partial clone would fetch.
    for name in ["HEAD:README", ":staged"] {
        let listed = Program::new("git").current_dir(at.path()).args(["rev-parse", name]).output().unwrap();
        let id = String::from_utf8(listed.stdout).unwrap();
        let (head, tail) = id.trim().split_at(2);
        fs::remove_file(at.path().join(".git/objects").join(head).join(tail)).unwrap();
    }
    fs::remove_file(&ran).ok();
    for arguments in [&[][..], &["--skip-ignored"], &["--history"], &["--range", "HEAD~1..HEAD"], &["--staged"]] {
        let assert = scan(at.path(), arguments);
        assert_ne!(assert.get_output().status.code(), Some(2), "{arguments:?}: {}", stderr(&assert));
        assert!(!ran.exists(), "{arguments:?}: {}", fs::read_to_string(&ran).unwrap());
    }
}
