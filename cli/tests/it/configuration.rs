//! Configuration: URL, credential, environment and config file.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::support::{Stack, bare, json, stack, stderr, stdout};
use crate::untrusted_server::server;

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
        let printed = stderr(&assert);
        assert!(printed.contains("PORTCULLIS_API_TOKEN") && printed.contains("other users"), "{printed}");
        assert!(!printed.contains(&token[21..]), "{printed}");
    }
}

#[test]
fn flags_override_environment_which_overrides_config_file() {
    let stack = stack();
    let file = token_file(&stack, stack.admin());
    config(&stack, &format!("profile = \"p\"\n[profiles.p]\nurl = \"{}\"\napi_token_file = \"{file}\"\n", stack.url()));
    let owner = |command: &mut assert_cmd::Command| {
        json(&command.args(["whoami", "--json"]).assert().success())["owner"].clone()
    };
    assert_eq!(owner(&mut stack.bare()), "admin");
    // The overriding values are invalid, which shows that they are used.
    stack.bare().env("PORTCULLIS_URL", "http://127.0.0.1:9").arg("whoami").assert().code(3);
    stack.bare().env("PORTCULLIS_API_TOKEN", "wrong").arg("whoami").assert().code(3);
    let over = |command: &mut assert_cmd::Command| owner(command.args(["--api-token-file", &file]));
    assert_eq!(over(stack.bare().env("PORTCULLIS_API_TOKEN", "wrong")), "admin");
    let url = stack.url();
    assert_eq!(over(stack.bare().env("PORTCULLIS_URL", "http://127.0.0.1:9").args(["--url", &url])), "admin");
}

#[test]
fn the_token_file_of_a_profile_is_used_only_for_its_url() {
    let stack = stack();
    let file = token_file(&stack, stack.admin());
    config(
        &stack,
        &format!("profile = \"p\"\n[profiles.p]\nurl = \"https://a.example\"\napi_token_file = \"{file}\"\n"),
    );
    let assert = stack.bare().args(["whoami", "--url", &stack.url()]).assert().code(3);
    assert!(stderr(&assert).contains("not signed in"));
}

#[test]
fn a_token_can_be_read_from_standard_input() {
    let stack = stack();
    let mut command = stack.bare();
    command.args(["whoami", "--json", "--api-token-file", "-", "--url", &stack.url()]);
    let assert = command.write_stdin(format!("{}\n", stack.admin())).assert().success();
    assert_eq!(json(&assert)["owner"], "admin");
}

#[test]
fn a_token_file_that_others_can_read_causes_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let stack = stack();
    let file = token_file(&stack, stack.admin());
    let whoami =
        || stderr(&stack.bare().args(["whoami", "--url", &stack.url(), "--api-token-file", &file]).assert().success());
    assert_eq!(whoami(), "");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(whoami().contains("other users can read"));
}

#[test]
fn config_file_rejects_secrets_and_unknown_fields() {
    let stack = stack();
    config(&stack, &format!("[profiles.p]\nurl = \"https://a.example\"\napi_token = \"{}\"\n", stack.admin()));
    let printed = stderr(&stack.bare().args(["whoami", "--profile", "p"]).assert().code(2));
    assert!(printed.contains("line 3") && printed.contains("do not store secrets in the config file"), "{printed}");
    assert!(!printed.contains(stack.admin()), "{printed}");
    config(&stack, "colour = \"red\"\n");
    let printed = stderr(&stack.bare().arg("whoami").assert().code(2));
    assert!(printed.contains("line 1") && printed.contains("colour"), "{printed}");
}

#[test]
fn a_credential_never_goes_over_plain_http_to_another_machine() {
    let stack = stack();
    for (url, why) in [
        ("ftp://127.0.0.1", "must be an https URL, or an http URL of this machine, without ?, # and @"),
        ("http://localhost@example.com", "must be an https URL, or an http URL of this machine, without ?, # and @"),
        ("a b", "must be an https URL, or an http URL of this machine, without ?, # and @"),
        (
            "http://portcullis.example/v1",
            "http://portcullis.example/v1 would send the credential unencrypted; use https://portcullis.example/v1",
        ),
    ] {
        let printed = stderr(&stack.portcullis(["whoami", "--url", url]).assert().code(2));
        assert_eq!(printed, format!("error: --url {why}\n"));
    }
}

#[test]
fn a_url_without_a_scheme_is_shown_with_the_one_to_use() {
    let home = tempfile::tempdir().unwrap();
    for (url, better) in [
        ("127.0.0.1:9760", "http://127.0.0.1:9760"),
        ("localhost", "http://localhost"),
        ("Portcullis.example/v1", "https://portcullis.example/v1"),
    ] {
        let printed = stderr(&bare(home.path()).args(["login", url]).assert().code(2));
        let shown = better.split_once("://").unwrap().1;
        assert_eq!(printed, format!("error: URL {shown} has no scheme; use {better}\n"));
    }
}

#[test]
fn https_to_a_port_without_tls_is_explained() {
    let stack = stack();
    let https = stack.url().replace("http://", "https://");
    let printed = stderr(&stack.portcullis(["whoami", "--url", &https]).assert().code(7));
    assert_eq!(printed, format!("error: {https} does not speak HTTPS; use {}\n", stack.url()));
}

#[test]
fn file_errors_are_in_words_without_system_codes() {
    let home = tempfile::tempdir().unwrap();
    let (missing, directory) = (home.path().join("nofile.toml"), home.path().join("directory"));
    fs::create_dir(&directory).unwrap();
    let not_utf_8 = home.path().join("binary");
    fs::write(&not_utf_8, b"\xff").unwrap();
    for (path, why) in [
        (&missing, "file not found"),
        (&directory, "this is a directory, not a file"),
        (&not_utf_8, "the text is not UTF-8"),
    ] {
        for (arguments, name) in [
            (&["catalog", "check"][..], ""),
            (&["token", "create", "--from-file"], "--from-file "),
            (&["trust", "test", "--claims"], "--claims "),
            (&["whoami", "--url", "http://127.0.0.1:9", "--api-token-file"], "--api-token-file "),
        ] {
            let printed = stderr(&bare(home.path()).args(arguments).arg(path).assert().code(2));
            let lines: Vec<_> = printed.lines().filter(|line| !line.starts_with("warning: ")).collect();
            assert_eq!(lines, [format!("error: {name}{}: {why}", path.display())]);
        }
    }
    let config = stderr(&bare(home.path()).env("PORTCULLIS_CONFIG", &missing).arg("whoami").assert().code(2));
    assert_eq!(config, format!("error: cannot read config file {}: file not found\n", missing.display()));
}

#[test]
fn an_invalid_flag_value_says_what_is_valid() {
    let home = tempfile::tempdir().unwrap();
    let whole_number = "must be a whole number from 1";
    for (arguments, why) in [
        (&["token", "list", "--limit", "0"][..], whole_number),
        (&["token", "list", "--limit", "1.5"], whole_number),
        (&["token", "list", "--limit", "-1"], whole_number),
        (&["token", "list", "--idle-days", "-1"], whole_number),
        (&["audit", "x", "--limit", "-1"], whole_number),
        (&["token", "list", "--idle-days", "x"], whole_number),
        (&["token", "list", "--idle-days", ""], whole_number),
        (&["token", "events", "x", "--limit", "0"], whole_number),
        (&["token", "usage", "x", "--days", "x"], whole_number),
        (&["audit", "x", "--limit", "0"], whole_number),
        (&["login", "--timeout", "3601"], "must be a whole number from 1 to 3600"),
        (
            &["doctor", "--probe", "x", "--permission", "a:b", "--resource", "x", "--wait", "x"],
            "must be a whole number from 0",
        ),
        (&["token", "explain", "x", "GET", "/", "--ip", "1.2.3"], "must be an IPv4 or IPv6 address, as in 192.0.2.7"),
        (&["introspect", "--ip", "x"], "must be an IPv4 or IPv6 address, as in 192.0.2.7"),
    ] {
        let printed = stderr(&bare(home.path()).args(arguments).assert().code(2));
        assert!(printed.lines().next().unwrap().ends_with(&format!(": {why}")), "{arguments:?}: {printed}");
    }
}

#[test]
fn an_unreachable_service_exits_with_7() {
    let stack = stack();
    let printed = stderr(&stack.portcullis(["whoami", "--url", "http://127.0.0.1:9"]).assert().code(7));
    assert_eq!(printed, "error: http://127.0.0.1:9 cannot be reached: connection refused\n");
}

#[test]
fn misplaced_tokens_are_rejected_and_redacted() {
    let stack = stack();
    let token = stack.admin();
    // In an argument, with any surrounding text.
    for argument in [format!("foo_{token}"), format!("a{token}"), format!("TOKEN={token}x"), format!("x%20{token}")] {
        let refused = stack.bare().args(["token", "create", "--name", &argument]).assert().code(2);
        assert!(stderr(&refused).contains("secrets are not accepted on the command line"), "{}", stderr(&refused));
    }
    // In the config file and in a catalog.
    let file = stack.home.path().join("catalog.toml");
    fs::write(&file, format!("\"{token}\" = 1\n")).unwrap();
    let check = stack.bare().args(["catalog", "check", file.to_str().unwrap()]).assert().failure();
    let mut printed = stdout(&check) + &stderr(&check);
    for text in [
        format!("profile = \"p\"\n[profiles.p]\nurl = \"{}\"\napi_token_file = \"{token}\"\n", stack.url()),
        format!("{token} = 1\n"),
    ] {
        config(&stack, &text);
        printed += &stderr(&stack.bare().arg("whoami").assert().code(2));
    }
    assert!(printed.contains("[redacted]") && !printed.contains(&token[20..]), "{printed}");
}

#[test]
fn environment_variables_are_trimmed() {
    let stack = stack();
    let (url, token) = (format!(" {}\n", stack.url()), format!("\t{}\r\n", stack.admin()));
    let named = stack.home.path().join("named.toml");
    fs::write(&named, format!("[profiles.p]\nurl = \"{}\"\n", stack.url())).unwrap();
    let succeeds = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = stack.bare();
        command.env("PORTCULLIS_API_TOKEN", &token).envs(variables.iter().copied()).args(arguments);
        command.assert().success();
    };
    succeeds(&[("PORTCULLIS_URL", &url)], &["whoami"]);
    succeeds(&[("PORTCULLIS_URL", &url), ("PORTCULLIS_INTROSPECT_TOKEN", &token)], &["introspect"]);
    let named = format!(" {} ", named.display());
    succeeds(&[("PORTCULLIS_CONFIG", &named), ("PORTCULLIS_PROFILE", " p\n")], &["whoami"]);
    let choice = [("PORTCULLIS_URL", url.as_str()), ("PORTCULLIS_CREDENTIALS", " keyring ")];
    let mut login = stack.bare();
    login.envs(choice).args(["login", "--device", "--issuer", "http://127.0.0.1:9", "--client-id", "x"]);
    assert!(!stderr(&login.assert().failure()).contains("PORTCULLIS_CREDENTIALS"));
}

#[test]
fn directories_in_environment_variables_are_trimmed() {
    let home = tempfile::tempdir().unwrap();
    let (unset, space) = (home.path().join(".config"), home.path().join("space"));
    let shown = |path: &Path, after: &str| format!("{}{after}", path.display());
    for (variables, directory) in [
        (vec![("XDG_CONFIG_HOME", shown(&space, " "))], &space),
        (vec![("XDG_CONFIG_HOME", format!("\t{}", space.display()))], &space),
        (vec![("HOME", shown(home.path(), "\n"))], &unset),
        (vec![("HOME", shown(home.path(), " ")), ("XDG_CONFIG_HOME", " ".to_owned())], &unset),
        (vec![("HOME", shown(home.path(), "")), ("XDG_CONFIG_HOME", "relative".to_owned())], &unset),
    ] {
        let mut command = bare(home.path());
        command.env_clear().envs(variables.clone()).args(["whoami", "--profile", "p"]);
        let printed = stderr(&command.assert().code(2));
        let path = directory.join("portcullis/config.toml");
        assert!(printed.contains(&format!("in {}; available: none", path.display())), "{variables:?}: {printed}");
    }
}

#[test]
fn a_blank_environment_variable_counts_as_unset() {
    let stack = stack();
    let mut command = stack.portcullis(["introspect"]);
    let printed = stderr(&command.env("PORTCULLIS_INTROSPECT_TOKEN", " \n").assert().code(2));
    assert!(printed.contains("no token provided"), "{printed}");
}

#[test]
fn environment_variables_that_are_not_utf_8_are_reported() {
    let stack = stack();
    let bytes = OsStr::from_bytes(b"http://127.0.0.1:9/\xff");
    let https = ["whoami", "--url", "https://portcullis.example"];
    for (name, arguments) in [
        ("PORTCULLIS_URL", &["whoami"][..]),
        ("PORTCULLIS_API_TOKEN", &["whoami"]),
        ("PORTCULLIS_PROFILE", &["whoami", "--url", "http://127.0.0.1:9"]),
        ("PORTCULLIS_CONFIG", &["whoami", "--profile", "p"]),
        ("PORTCULLIS_CREDENTIALS", &["login", "--device"]),
        ("PORTCULLIS_INTROSPECT_TOKEN", &["introspect"]),
        ("PORTCULLIS_ID_TOKEN", &["exchange"]),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &["exchange"]),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &["exchange"]),
        ("GITHUB_ENV", &["exchange", "--github-env"]),
        ("HTTPS_PROXY", &https),
        ("all_proxy", &https),
        ("NO_PROXY", &https),
    ] {
        let mut command = stack.bare();
        command.env("PORTCULLIS_URL", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
        if name != "PORTCULLIS_PROFILE" && name != "PORTCULLIS_CONFIG" && name != "PORTCULLIS_API_TOKEN" {
            command.env("PORTCULLIS_API_TOKEN", "pcl_x");
        }
        let printed = stderr(&command.env(name, bytes).args(arguments).assert().code(2));
        assert!(printed.contains(&format!("{name} is not UTF-8")), "{name}: {printed}");
    }
}

#[test]
fn a_proxy_is_used_only_for_other_machines() {
    let home = tempfile::tempdir().unwrap();
    for (variable, no_proxy) in [
        ("HTTPS_PROXY", ""),
        ("https_proxy", "127.0.0.1, example"),
        ("ALL_PROXY", "notservice.example,192.0.2.0/24"),
        ("HTTP_PROXY", "service.example.com"),
    ] {
        let (proxy, request) = server("502 Bad Gateway", "", "");
        let mut command = bare(home.path());
        command.env(variable, format!(" {proxy}\n")).env("NO_PROXY", no_proxy).env("PORTCULLIS_API_TOKEN", "pcl_x");
        command.args(["whoami", "--url", "https://service.invalid"]).assert().code(7);
        // Unblocks the proxy if the command did not use it.
        drop(TcpStream::connect(proxy.trim_start_matches("http://")));
        let request = request.join().unwrap();
        assert!(request.starts_with("CONNECT service.invalid:443 "), "{variable}: {request}");
    }
    let stack = stack();
    stack.portcullis(["whoami"]).env("ALL_PROXY", "http://127.0.0.1:9").assert().success();
}

#[test]
fn invalid_proxy_settings_are_reported_without_their_value() {
    let home = tempfile::tempdir().unwrap();
    for proxy in
        ["http://", "gopher://proxy.example", "http://u:hunter2@proxy example", "http://proxy:99999", "http://:80"]
    {
        for variable in ["HTTPS_PROXY", "all_proxy"] {
            let mut command = bare(home.path());
            command.env(variable, proxy).env("PORTCULLIS_API_TOKEN", "pcl_x");
            let printed = stderr(&command.args(["whoami", "--url", "https://service.invalid"]).assert().code(2));
            assert!(printed.contains(&format!("{variable} is not a proxy URL")), "{proxy}: {printed}");
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }
}
