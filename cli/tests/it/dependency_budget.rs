//! The command has no heavy dependencies.

use std::process::Command;

#[test]
fn the_command_comes_without_the_aws_sdk() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--package", "portcullis-cli", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.lines().any(|line| line.starts_with("ureq ")), "{tree}");
    let heavy = |line: &&str| ["aws-", "lambda", "tokio ", "hyper "].iter().any(|name| line.starts_with(name));
    assert_eq!(tree.lines().find(heavy), None);
}
