//! `portcullis login` and `logout`, against the development sign-in.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::browser_login::{ALICE, browse, credentials, login, redirect_after_sign_in, sign_in, stored, whoami};
use crate::support::{Stack, json, stack, stderr, stdout};

#[test]
fn login_with_a_browser_authenticates_later_commands() {
    let stack = stack();
    whoami(&stack).assert().code(3);
    let mut login = login(&stack, &["--store", "file"]);
    let url = login.line_starting_with("http");
    let place = redirect_after_sign_in(&url, ALICE);
    let back = browse(&place, None);
    assert!(back.body.contains("You are signed in. You can close this page"), "{}", back.body);
    assert!(back.headers.contains("default-src 'none'") && back.headers.contains("no-store"), "{}", back.headers);
    assert!(!back.body.contains("eyJ") && !back.body.contains("code"), "{}", back.body);
    let result = login.finish();
    assert_eq!((result.code, result.stdout.as_str()), (Some(0), ""), "{}", result.stderr);
    assert!(result.stderr.contains("Signed in as alice (admin), until 20"), "{}", result.stderr);
    assert!(result.stderr.contains(&format!("Stored in {}", credentials(&stack).display())), "{}", result.stderr);
    assert!(!result.stderr.contains("eyJ"), "{}", result.stderr);
    let me = json(&whoami(&stack).assert().success());
    assert_eq!((&me["principal_type"], &me["owner"]), (&"session".into(), &"alice".into()));
    // An explicit credential overrides it.
    let named = json(&whoami(&stack).env("PORTCULLIS_API_TOKEN", stack.admin()).assert().success());
    assert_eq!(named["owner"], "admin");
    // It is used only for this service.
    let printed = stderr(&stack.bare().args(["whoami", "--url", "http://127.0.0.1:9"]).assert().code(3));
    assert!(printed.contains("portcullis login"), "{printed}");
}

#[test]
fn login_takes_no_api_token() {
    let stack = stack();
    let file = stack.home.path().join("token");
    fs::write(&file, stack.admin()).unwrap();
    let refused = stack.bare().args(["login", &stack.url(), "--api-token-file"]).arg(&file).assert().code(2);
    assert!(stderr(&refused).contains("login signs in a user and takes no API token"), "{}", stderr(&refused));
}

#[test]
fn login_with_a_device_code() {
    let stack = stack();
    let mut login = login(&stack, &["--device", "--quiet", "--json"]);
    let page = login.line_starting_with("http");
    let complete = login.line_starting_with("http");
    assert!(complete.starts_with(&format!("{page}?user_code=")), "{complete}");
    let (_, user_code) = complete.split_once('?').unwrap();
    assert!(browse(&complete, None).body.contains("Continue only if it shows the code"));
    assert_eq!(browse(&page, Some(&format!("{user_code}&name=bob&groups=portcullis-viewer"))).status, 200);
    let result = login.finish();
    assert_eq!(result.code, Some(0), "{}", result.stderr);
    let printed: Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!((&printed["owner"], &printed["renewable"]), (&"bob".into(), &false.into()));
    assert_eq!(json(&whoami(&stack).assert().success())["owner"], "bob");
}

#[test]
fn login_uses_a_device_code_without_a_browser() {
    let stack = stack();
    let issuer = format!("{}/dev", stack.url());
    let arguments = ["login", "--issuer", &issuer, "--client-id", "portcullis-dev", "--timeout", "1"];
    for (variable, value, device) in [
        ("HOSTNAME", "x", true),
        ("DISPLAY", ":0", false),
        ("WAYLAND_DISPLAY", "wayland-0", false),
        ("BROWSER", "/bin/true", false),
    ] {
        let mut command = stack.bare();
        command.env("PORTCULLIS_URL", stack.url()).env("PATH", "/nowhere").env(variable, value).args(arguments);
        let printed = stderr(&command.assert().code(3));
        assert_eq!(printed.contains("enter the code"), device, "{variable}: {printed}");
        assert!(printed.contains("timed out waiting for sign-in"), "{printed}");
    }
    let arguments = ["login", &stack.url(), "--device", "--timeout", "1"];
    let printed = stderr(&stack.bare().args(arguments).assert().code(3));
    assert!(printed.ends_with(&format!("hint: run portcullis login {}\n", stack.url())), "{printed}");
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).env("DISPLAY", ":0").env("SSH_CONNECTION", "a b c d").args(arguments);
    assert!(stderr(&command.assert().code(3)).contains("enter the code"));
}

#[test]
fn callbacks_with_a_foreign_state_are_rejected_and_login_continues() {
    let stack = stack();
    let mut login = login(&stack, &["--store", "file"]);
    let url = login.line_starting_with("http");
    let place = redirect_after_sign_in(&url, ALICE);
    let (path, query) = place.split_once('?').unwrap();
    let mine = query.split('&').find(|pair| pair.starts_with("state=")).unwrap();
    for foreign in [
        query.replace(mine, "state=x"),
        query.replace(mine, ""),
        format!("{query}&{mine}"),
        "error=access_denied".to_owned(),
    ] {
        let back = browse(&format!("{path}?{foreign}"), None);
        assert_eq!(back.status, 400, "{foreign}");
        assert!(back.body.contains("does not belong to the current sign-in"), "{}", back.body);
        assert!(!credentials(&stack).exists());
    }
    assert_eq!(browse(&place, None).status, 200);
    assert_eq!(login.finish().code, Some(0));
}

#[test]
fn a_callback_of_another_provider_is_rejected() {
    let stack = stack();
    let change: [fn(&str) -> String; 2] = [|_| "iss=http%3A%2F%2Fevil.example".to_owned(), |_| String::new()];
    for change in change {
        let mut login = login(&stack, &[]);
        let url = login.line_starting_with("http");
        let place = redirect_after_sign_in(&url, ALICE);
        let iss = place.split(['?', '&']).find(|pair| pair.starts_with("iss=")).unwrap();
        let back = browse(&place.replace(iss, &change(iss)), None);
        assert_eq!(back.status, 400);
        assert!(back.body.contains("You are not signed in."), "{}", back.body);
        login.fails(3, "another provider");
        assert!(!credentials(&stack).exists());
    }
}

#[test]
fn an_id_token_with_another_nonce_is_rejected() {
    let stack = stack();
    let mut login = login(&stack, &[]);
    let url = login.line_starting_with("http");
    let nonce = url.split('&').find(|pair| pair.starts_with("nonce=")).unwrap();
    let place = redirect_after_sign_in(&url.replace(nonce, "nonce=other"), ALICE);
    assert_eq!(browse(&place, None).status, 400);
    login.fails(3, "nonce");
    assert!(!credentials(&stack).exists());
}

#[test]
fn a_declined_sign_in_fails() {
    let stack = stack();
    let mut by_browser = login(&stack, &[]);
    let url = by_browser.line_starting_with("http");
    assert_eq!(browse(&redirect_after_sign_in(&url, "deny=yes"), None).status, 400);
    by_browser.fails(3, "the provider denied the sign-in: The user denied the request\n");
    let mut by_device = login(&stack, &["--device"]);
    let page = by_device.line_starting_with("http");
    let complete = by_device.line_starting_with("http");
    let (_, user_code) = complete.split_once('?').unwrap();
    assert_eq!(browse(&page, Some(&format!("{user_code}&deny=yes"))).status, 200);
    by_device.fails(3, "the provider denied the sign-in: The user denied the request\n");
    assert!(!credentials(&stack).exists());
}

#[test]
fn ctrl_c_cancels_login() {
    let stack = stack();
    for arguments in [&[][..], &["--device"]] {
        let mut login = login(&stack, arguments);
        login.line_starting_with("http");
        let killed = Command::new("kill").args(["-INT", &login.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        login.fails(8, "cancelled");
    }
}

#[test]
fn the_credentials_file_is_private_and_replaced_atomically() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let stack = stack();
    let printed = sign_in(&stack, &["--store", "file"], ALICE).stderr;
    assert!(printed.contains("credentials.json"), "{printed}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = credentials(&stack);
    let dir = file.parent().unwrap();
    assert_eq!((mode(&file), mode(dir)), (0o600, 0o700));
    assert_eq!(mode(&dir.join("credentials.lock")), 0o600);
    for made in dir.ancestors().take_while(|made| *made != stack.home.path()) {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    let before = (fs::metadata(&file).unwrap().ino(), fs::File::open(&file).unwrap());
    sign_in(&stack, &["--store", "file"], "name=bob&groups=portcullis-viewer");
    assert_ne!(before.0, fs::metadata(&file).unwrap().ino(), "a reader of the old file can finish");
    let mut old = String::new();
    { before.1 }.read_to_string(&mut old).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&old).unwrap()["sessions"][stack.url()]["subject"], "alice");
    assert_eq!(stored(&stack)["subject"], "bob");
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["credentials.json", "credentials.lock"]);
}

#[test]
fn an_expired_session_is_reported_with_a_hint() {
    let stack = stack();
    sign_in(&stack, &["--store", "file"], &format!("{ALICE}&expires_in=20"));
    let printed = stderr(&whoami(&stack).assert().code(3));
    assert!(printed.contains("the sign-in has expired") && printed.contains("portcullis login"), "{printed}");
}

/// Changes the stored session.
fn tamper(stack: &Stack, change: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_json::from_slice(&fs::read(credentials(stack)).unwrap()).unwrap();
    change(&mut document["sessions"][stack.url()]);
    fs::write(credentials(stack), document.to_string()).unwrap();
}

const RENEWABLE: [&str; 4] = ["--store", "file", "--scope", "openid offline_access"];

#[test]
fn an_expired_session_is_renewed_once_for_all_commands() {
    let stack = stack();
    let printed = sign_in(&stack, &RENEWABLE, ALICE).stderr;
    assert!(printed.contains("The session is renewed automatically."), "{printed}");
    tamper(&stack, |session| session["expires_at"] = 0.into());
    let first = stored(&stack);
    // A refresh token works once: one command renews the session, and the others wait.
    let owners = std::thread::scope(|scope| {
        let run = || json(&whoami(&stack).assert().success())["owner"].clone();
        let all = [(); 4].map(|()| scope.spawn(run));
        all.map(|one| one.join().unwrap())
    });
    assert_eq!(owners, ["alice"; 4]);
    let second = stored(&stack);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    whoami(&stack).assert().success();
    assert_eq!(stored(&stack), second, "the renewed session is still valid");
    // A used refresh token cannot renew the session.
    tamper(&stack, |session| *session = first);
    let printed = stderr(&whoami(&stack).assert().code(3));
    assert!(printed.contains("cannot be renewed") && printed.contains("portcullis login"), "{printed}");
}

#[test]
fn a_new_refresh_token_is_stored_before_the_session_is_used() {
    let stack = stack();
    sign_in(&stack, &RENEWABLE, ALICE);
    tamper(&stack, |session| {
        session["expires_at"] = 0.into();
        session["subject"] = "bob".into();
    });
    let first = stored(&stack);
    let printed = stderr(&whoami(&stack).assert().code(3));
    assert!(printed.contains("it is for another user"), "{printed}");
    let second = stored(&stack);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(first["id_token"], second["id_token"]);
}

#[test]
fn logout_removes_the_sign_in_and_revokes_its_refresh_token() {
    let stack = stack();
    sign_in(&stack, &["--store", "file", "--scope", "openid offline_access"], ALICE);
    let token = stored(&stack)["refresh_token"].as_str().unwrap().to_owned();
    let logout = |arguments: &[&str]| {
        let mut command = stack.bare();
        command.env("PORTCULLIS_URL", stack.url()).arg("logout").args(arguments);
        let assert = command.assert().success();
        assert_eq!(stdout(&assert), "");
        stderr(&assert)
    };
    let printed = logout(&[]);
    for part in [&format!("Signed out of {}", stack.url()), "is revoked", "stay valid until 20"] {
        assert!(printed.contains(part), "{printed}");
    }
    assert_eq!(stored(&stack), Value::Null);
    whoami(&stack).assert().code(3);
    let form = format!("grant_type=refresh_token&client_id=portcullis-dev&refresh_token={token}");
    assert!(browse(&format!("{}/dev/token", stack.url()), Some(&form)).body.contains("invalid_grant"));
    assert!(logout(&[]).contains("Not signed in."));
    sign_in(&stack, &["--store", "file"], ALICE);
    assert!(logout(&["--all"]).contains("Signed out of"));
    assert_eq!(stored(&stack), Value::Null);
}

#[test]
fn a_missing_keyring_is_an_error_only_if_requested() {
    let stack = stack();
    let mut asked = login(&stack, &["--store", "keyring"]);
    let url = asked.line_starting_with("http");
    assert_eq!(browse(&redirect_after_sign_in(&url, ALICE), None).status, 400);
    asked.fails(2, "--store file");
    assert!(!credentials(&stack).exists());
    assert!(sign_in(&stack, &[], ALICE).stderr.contains("credentials.json"));
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).env("PORTCULLIS_CREDENTIALS", "cloud").arg("login");
    assert!(stderr(&command.assert().code(2)).contains("PORTCULLIS_CREDENTIALS must be file or keyring"));
}

#[test]
fn a_profile_can_set_the_issuer_and_client() {
    let stack = stack();
    let dir = stack.home.path().join("config/portcullis");
    fs::create_dir_all(&dir).unwrap();
    let url = stack.url();
    let profile = format!("[profiles.p]\nurl = \"{url}\"\nissuer = \"{url}/dev\"\nclient_id = \"unknown\"\n");
    fs::write(dir.join("config.toml"), profile).unwrap();
    let assert = stack.bare().args(["login", "--profile", "p", "--device"]).assert().code(3);
    assert!(stderr(&assert).contains("invalid_client"));
}

/// The config file, which may not exist.
fn config_file(stack: &Stack) -> PathBuf {
    stack.home.path().join("config/portcullis/config.toml")
}

fn write_config(stack: &Stack, text: &str) {
    fs::create_dir_all(config_file(stack).parent().unwrap()).unwrap();
    fs::write(config_file(stack), text).unwrap();
}

/// The name that `login` gives the profile of this service.
fn profile_name(stack: &Stack) -> String {
    stack.url().strip_prefix("http://").unwrap().to_owned()
}

#[test]
fn login_with_a_url_makes_the_service_the_default() {
    use std::os::unix::fs::PermissionsExt as _;
    let stack = stack();
    let (url, name) = (stack.url(), profile_name(&stack));
    let printed = sign_in(&stack, &[&url, "--store", "file"], ALICE).stderr;
    let file = config_file(&stack);
    let said = format!("Commands use {url} from now on (profile {name} in {}).", file.display());
    assert!(printed.contains(&said), "{printed}");
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        format!("profile = \"{name}\"\n\n[profiles.\"{name}\"]\nurl = \"{url}\"\n")
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let whoami = || stack.bare().args(["whoami", "--json"]).assert();
    assert_eq!(json(&whoami().success())["owner"], "alice");
    stack.bare().arg("logout").assert().success();
    assert!(stderr(&whoami().code(3)).contains("not signed in"), "logout keeps the URL");
    let again = sign_in(&stack, &[&url, "--store", "file"], ALICE).stderr;
    assert!(!again.contains("profile"), "{again}");
}

#[test]
fn login_keeps_the_default_profile_and_the_text_of_the_config_file() {
    let stack = stack();
    let (url, name) = (stack.url(), profile_name(&stack));
    let before = "# ours\nprofile = \"p\" # default\n[profiles.p]\nurl = \"https://a.example\"";
    write_config(&stack, before);
    let printed = sign_in(&stack, &[&url, "--store", "file"], ALICE).stderr;
    assert!(printed.contains(&format!("The default profile is still p. Use --profile {name} for {url}.")), "{printed}");
    let after = fs::read_to_string(config_file(&stack)).unwrap();
    assert_eq!(after, format!("{before}\n\n[profiles.\"{name}\"]\nurl = \"{url}\"\n"));
    stack.bare().args(["whoami", "--profile", &name]).assert().success();
    sign_in(&stack, &[&url, "--store", "file"], ALICE);
    assert_eq!(fs::read_to_string(config_file(&stack)).unwrap(), after);
}

#[test]
fn login_makes_a_known_profile_the_default_if_there_is_none() {
    let stack = stack();
    let before = format!("[profiles.p]\nurl = \"{}/\"\n", stack.url());
    write_config(&stack, &before);
    sign_in(&stack, &[&stack.url(), "--store", "file"], ALICE);
    assert_eq!(fs::read_to_string(config_file(&stack)).unwrap(), format!("profile = \"p\"\n{before}"));
}

#[test]
fn login_changes_the_target_of_a_linked_config_file() {
    let stack = stack();
    write_config(&stack, "");
    let target = stack.home.path().join("dotfiles.toml");
    fs::rename(config_file(&stack), &target).unwrap();
    std::os::unix::fs::symlink(&target, config_file(&stack)).unwrap();
    sign_in(&stack, &[&stack.url(), "--store", "file"], ALICE);
    assert!(fs::read_to_string(target).unwrap().contains(&stack.url()));
    assert!(fs::symlink_metadata(config_file(&stack)).unwrap().is_symlink());
}

#[test]
fn login_succeeds_if_the_config_file_cannot_be_extended() {
    let stack = stack();
    let inline = "profile = \"p\"\nprofiles = { p = { url = \"https://a.example\" } }\n";
    write_config(&stack, inline);
    let printed = sign_in(&stack, &[&stack.url(), "--store", "file"], ALICE).stderr;
    assert!(printed.contains("warning: cannot add the service to"), "{printed}");
    assert_eq!(fs::read_to_string(config_file(&stack)).unwrap(), inline);
    whoami(&stack).assert().success();
}
