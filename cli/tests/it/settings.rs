//! Where URL and credential come from, and where a secret has no place.

use std::fs;

use crate::support::{Stack, json, stack, stderr, stdout};

fn config(stack: &Stack, text: &str) {
    let dir = stack.home.path().join("config/portcullis");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("config.toml"), text).unwrap();
}

fn token_file(stack: &Stack, token: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = stack.home.path().join("token");
    fs::write(&path, format!("{token}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let stack = stack();
    let token = stack.admin();
    for arguments in [
        vec!["whoami", "--api-token", token],
        vec!["--token=x", "whoami"],
        vec!["whoami", "--url", token],
        vec!["token", "show", token],
    ] {
        let assert = stack.bare().args(&arguments).assert().code(2);
        let said = stderr(&assert);
        assert!(said.contains("PORTCULLIS_API_TOKEN") && said.contains("other users"), "{said}");
        assert!(!said.contains(&token[21..]), "{said}");
    }
}

#[test]
fn a_flag_stands_over_the_environment_and_that_over_the_config_file() {
    let stack = stack();
    let file = token_file(&stack, stack.admin());
    config(&stack, &format!("profile = \"p\"\n[profiles.p]\nurl = \"{}\"\napi_token_file = \"{file}\"\n", stack.url()));
    let owner = |command: &mut assert_cmd::Command| {
        json(&command.args(["whoami", "--json"]).assert().success())["owner"].clone()
    };
    assert_eq!(owner(&mut stack.bare()), "admin");
    // Each of the nearer ones is wrong, so that the one that is used can be told.
    stack.bare().env("PORTCULLIS_URL", "http://127.0.0.1:9").arg("whoami").assert().code(3);
    stack.bare().env("PORTCULLIS_API_TOKEN", "wrong").arg("whoami").assert().code(3);
    let over = |command: &mut assert_cmd::Command| owner(command.args(["--api-token-file", &file]));
    assert_eq!(over(stack.bare().env("PORTCULLIS_API_TOKEN", "wrong")), "admin");
    let url = stack.url();
    assert_eq!(over(stack.bare().env("PORTCULLIS_URL", "http://127.0.0.1:9").args(["--url", &url])), "admin");
}

#[test]
fn the_token_file_of_a_profile_is_for_its_own_url_alone() {
    let stack = stack();
    let file = token_file(&stack, stack.admin());
    config(
        &stack,
        &format!("profile = \"p\"\n[profiles.p]\nurl = \"https://a.example\"\napi_token_file = \"{file}\"\n"),
    );
    let assert = stack.bare().args(["whoami", "--url", &stack.url()]).assert().code(3);
    assert!(stderr(&assert).contains("no credential"));
}

#[test]
fn a_token_comes_from_standard_input_too() {
    let stack = stack();
    let mut command = stack.bare();
    command.args(["whoami", "--json", "--api-token-file", "-", "--url", &stack.url()]);
    let assert = command.write_stdin(format!("{}\n", stack.admin())).assert().success();
    assert_eq!(json(&assert)["owner"], "admin");
}

#[test]
fn a_token_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let stack = stack();
    let file = token_file(&stack, stack.admin());
    let whoami =
        || stderr(&stack.bare().args(["whoami", "--url", &stack.url(), "--api-token-file", &file]).assert().success());
    assert_eq!(whoami(), "");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(whoami().contains("others can read"));
}

#[test]
fn a_secret_in_the_config_file_is_refused_and_an_unknown_field_named_with_its_line() {
    let stack = stack();
    config(&stack, &format!("[profiles.p]\nurl = \"https://a.example\"\napi_token = \"{}\"\n", stack.admin()));
    let said = stderr(&stack.bare().args(["whoami", "--profile", "p"]).assert().code(2));
    assert!(said.contains("line 3") && said.contains("never holds a secret"), "{said}");
    assert!(!said.contains(stack.admin()), "{said}");
    config(&stack, "colour = \"red\"\n");
    let said = stderr(&stack.bare().arg("whoami").assert().code(2));
    assert!(said.contains("line 1") && said.contains("colour"), "{said}");
}

#[test]
fn a_credential_never_goes_over_plain_http_to_another_machine() {
    let stack = stack();
    for url in ["http://portcullis.example", "ftp://127.0.0.1", "http://localhost@example.com", "portcullis"] {
        let said = stderr(&stack.portcullis(["whoami", "--url", url]).assert().code(2));
        assert!(said.contains("--url must be an https URL"), "{said}");
    }
}

#[test]
fn a_service_that_is_not_there_is_exit_code_7() {
    let stack = stack();
    let said = stderr(&stack.portcullis(["whoami", "--url", "http://127.0.0.1:9"]).assert().code(7));
    assert!(said.contains("cannot be reached"), "{said}");
}

#[test]
fn a_token_that_stands_where_none_belongs_is_refused_and_never_repeated() {
    let stack = stack();
    let token = stack.admin();
    // In an argument, whatever stands beside it.
    for argument in [format!("foo_{token}"), format!("a{token}"), format!("TOKEN={token}x"), format!("x%20{token}")] {
        let refused = stack.bare().args(["token", "create", "--name", &argument]).assert().code(2);
        assert!(stderr(&refused).contains("a secret on the command line is refused"), "{}", stderr(&refused));
    }
    // In the config file and in a catalog.
    let file = stack.home.path().join("catalog.toml");
    fs::write(&file, format!("\"{token}\" = 1\n")).unwrap();
    let check = stack.bare().args(["catalog", "check", file.to_str().unwrap()]).assert().failure();
    let mut said = stdout(&check) + &stderr(&check);
    for text in [
        format!("profile = \"p\"\n[profiles.p]\nurl = \"{}\"\napi_token_file = \"{token}\"\n", stack.url()),
        format!("{token} = 1\n"),
    ] {
        config(&stack, &text);
        said += &stderr(&stack.bare().arg("whoami").assert().code(2));
    }
    assert!(said.contains("[redacted]") && !said.contains(&token[20..]), "{said}");
}
