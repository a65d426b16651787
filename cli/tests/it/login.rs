//! `portcullis login` and `logout`, against the development sign-in.

use std::fs;
use std::io::Read as _;
use std::process::Command;

use serde_json::Value;

use crate::browser_login::{ALICE, answered, browse, credentials, login, sign_in, stored, whoami};
use crate::support::{Stack, json, stack, stderr, stdout};

#[test]
fn a_person_signs_in_with_a_browser_and_every_command_is_theirs_from_then_on() {
    let stack = stack();
    whoami(&stack).assert().code(3);
    let mut login = login(&stack, &["--store", "file"]);
    let url = login.said("http");
    let place = answered(&url, ALICE);
    let back = browse(&place, None);
    assert!(back.body.contains("You are signed in. You may close this page"), "{}", back.body);
    assert!(back.headers.contains("default-src 'none'") && back.headers.contains("no-store"), "{}", back.headers);
    assert!(!back.body.contains("eyJ") && !back.body.contains("code"), "{}", back.body);
    let ended = login.ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("Signed in as alice (admin), until 20"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("Stored in {}", credentials(&stack).display())), "{}", ended.stderr);
    assert!(!ended.stderr.contains("eyJ"), "{}", ended.stderr);
    let me = json(&whoami(&stack).assert().success());
    assert_eq!((&me["principal_type"], &me["owner"]), (&"session".into(), &"alice".into()));
    // A credential that is named stands over it.
    let named = json(&whoami(&stack).env("PORTCULLIS_API_TOKEN", stack.admin()).assert().success());
    assert_eq!(named["owner"], "admin");
    // And it is for this service alone.
    let said = stderr(&stack.bare().args(["whoami", "--url", "http://127.0.0.1:9"]).assert().code(3));
    assert!(said.contains("portcullis login"), "{said}");
}

#[test]
fn a_person_signs_in_with_a_code_on_another_device() {
    let stack = stack();
    let mut login = login(&stack, &["--device", "--quiet", "--json"]);
    let page = login.said("http");
    let complete = login.said("http");
    assert!(complete.starts_with(&format!("{page}?user_code=")), "{complete}");
    let (_, user_code) = complete.split_once('?').unwrap();
    assert!(browse(&complete, None).body.contains("Go on if it shows the code"));
    assert_eq!(browse(&page, Some(&format!("{user_code}&name=bob&groups=portcullis-viewer"))).status, 200);
    let ended = login.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&said["owner"], &said["renewable"]), (&"bob".into(), &false.into()));
    assert_eq!(json(&whoami(&stack).assert().success())["owner"], "bob");
}

#[test]
fn a_code_for_another_device_is_shown_where_no_browser_is() {
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
        let said = stderr(&command.assert().code(3));
        assert_eq!(said.contains("enter the code"), device, "{variable}: {said}");
        assert!(said.contains("nobody has signed in in time"), "{said}");
    }
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).env("DISPLAY", ":0").env("SSH_CONNECTION", "a b c d").args(arguments);
    assert!(stderr(&command.assert().code(3)).contains("enter the code"));
}

#[test]
fn an_answer_that_belongs_to_no_question_of_ours_is_turned_away_and_ends_nothing() {
    let stack = stack();
    let mut login = login(&stack, &["--store", "file"]);
    let url = login.said("http");
    let place = answered(&url, ALICE);
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
        assert!(back.body.contains("not the answer to a sign-in"), "{}", back.body);
        assert!(!credentials(&stack).exists());
    }
    assert_eq!(browse(&place, None).status, 200);
    assert_eq!(login.ended().code, Some(0));
}

#[test]
fn an_answer_of_another_provider_is_refused() {
    let stack = stack();
    let change: [fn(&str) -> String; 2] = [|_| "iss=http%3A%2F%2Fevil.example".to_owned(), |_| String::new()];
    for change in change {
        let mut login = login(&stack, &[]);
        let url = login.said("http");
        let place = answered(&url, ALICE);
        let iss = place.split(['?', '&']).find(|pair| pair.starts_with("iss=")).unwrap();
        let back = browse(&place.replace(iss, &change(iss)), None);
        assert_eq!(back.status, 400);
        assert!(back.body.contains("You are not signed in."), "{}", back.body);
        login.fails(3, "another provider");
        assert!(!credentials(&stack).exists());
    }
}

#[test]
fn a_session_for_another_question_is_refused_by_its_nonce() {
    let stack = stack();
    let mut login = login(&stack, &[]);
    let url = login.said("http");
    let nonce = url.split('&').find(|pair| pair.starts_with("nonce=")).unwrap();
    let place = answered(&url.replace(nonce, "nonce=other"), ALICE);
    assert_eq!(browse(&place, None).status, 400);
    login.fails(3, "nonce");
    assert!(!credentials(&stack).exists());
}

#[test]
fn a_person_who_says_no_is_not_signed_in() {
    let stack = stack();
    let mut by_browser = login(&stack, &[]);
    let url = by_browser.said("http");
    assert_eq!(browse(&answered(&url, "deny=yes"), None).status, 400);
    by_browser.fails(3, "access_denied");
    let mut by_device = login(&stack, &["--device"]);
    let page = by_device.said("http");
    let complete = by_device.said("http");
    let (_, user_code) = complete.split_once('?').unwrap();
    assert_eq!(browse(&page, Some(&format!("{user_code}&deny=yes"))).status, 200);
    by_device.fails(3, "access_denied");
    assert!(!credentials(&stack).exists());
}

#[test]
fn ctrl_c_ends_it_as_cancelled() {
    let stack = stack();
    for arguments in [&[][..], &["--device"]] {
        let mut login = login(&stack, arguments);
        login.said("http");
        let killed = Command::new("kill").args(["-INT", &login.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        login.fails(8, "cancelled");
    }
}

#[test]
fn the_file_is_its_owners_alone_whatever_the_umask_and_is_replaced_in_one_step() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let stack = stack();
    let said = sign_in(&stack, &["--store", "file"], ALICE).stderr;
    assert!(said.contains("credentials.json"), "{said}");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = credentials(&stack);
    let dir = file.parent().unwrap();
    assert_eq!((mode(&file), mode(dir)), (0o600, 0o700));
    assert_eq!(mode(&dir.join("credentials.lock")), 0o600);
    for made in dir.ancestors().take_while(|made| *made != stack.home.path()) {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    let before = (fs::metadata(&file).unwrap().ino(), fs::File::open(&file).unwrap());
    sign_in(&stack, &["--store", "file"], "name=bob&groups=portcullis-viewer");
    assert_ne!(before.0, fs::metadata(&file).unwrap().ino(), "whoever was reading reads the old one to its end");
    let mut old = String::new();
    { before.1 }.read_to_string(&mut old).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&old).unwrap()["sessions"][stack.url()]["subject"], "alice");
    assert_eq!(stored(&stack)["subject"], "bob");
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["credentials.json", "credentials.lock"]);
}

#[test]
fn an_expired_session_says_how_to_get_another() {
    let stack = stack();
    sign_in(&stack, &["--store", "file"], &format!("{ALICE}&expires_in=20"));
    let said = stderr(&whoami(&stack).assert().code(3));
    assert!(said.contains("the sign-in has expired") && said.contains("portcullis login"), "{said}");
}

/// Changes what is stored, as if it had been so.
fn tamper(stack: &Stack, change: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_json::from_slice(&fs::read(credentials(stack)).unwrap()).unwrap();
    change(&mut document["sessions"][stack.url()]);
    fs::write(credentials(stack), document.to_string()).unwrap();
}

const RENEWABLE: [&str; 4] = ["--store", "file", "--scope", "openid offline_access"];

#[test]
fn an_expired_session_is_renewed_once_for_all_commands() {
    let stack = stack();
    let said = sign_in(&stack, &RENEWABLE, ALICE).stderr;
    assert!(said.contains("It is renewed when it is used after that."), "{said}");
    tamper(&stack, |session| session["expires_at"] = 0.into());
    let first = stored(&stack);
    // A refresh token is good once: one of them renews, and the others wait for it.
    let owners = std::thread::scope(|scope| {
        let run = || json(&whoami(&stack).assert().success())["owner"].clone();
        let all = [(); 4].map(|()| scope.spawn(run));
        all.map(|one| one.join().unwrap())
    });
    assert_eq!(owners, ["alice"; 4]);
    let second = stored(&stack);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    whoami(&stack).assert().success();
    assert_eq!(stored(&stack), second, "it lasts now");
    // What was used up elsewhere cannot be renewed here.
    tamper(&stack, |session| *session = first);
    let said = stderr(&whoami(&stack).assert().code(3));
    assert!(said.contains("cannot be renewed") && said.contains("portcullis login"), "{said}");
}

#[test]
fn a_new_refresh_token_is_stored_before_anything_is_made_of_the_new_session() {
    let stack = stack();
    sign_in(&stack, &RENEWABLE, ALICE);
    tamper(&stack, |session| {
        session["expires_at"] = 0.into();
        session["subject"] = "bob".into();
    });
    let first = stored(&stack);
    let said = stderr(&whoami(&stack).assert().code(3));
    assert!(said.contains("another person's"), "{said}");
    let second = stored(&stack);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(first["id_token"], second["id_token"]);
}

#[test]
fn logout_removes_the_sign_in_revokes_its_refresh_token_and_says_what_is_left() {
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
    let said = logout(&[]);
    for part in [&format!("Removed the sign-in at {}", stack.url()), "is revoked", "can use it until 20"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(stored(&stack), Value::Null);
    whoami(&stack).assert().code(3);
    let form = format!("grant_type=refresh_token&client_id=portcullis-dev&refresh_token={token}");
    assert!(browse(&format!("{}/dev/token", stack.url()), Some(&form)).body.contains("invalid_grant"));
    assert!(logout(&[]).contains("Nobody is signed in there."));
    sign_in(&stack, &["--store", "file"], ALICE);
    assert!(logout(&["--all"]).contains("Removed the sign-in"));
    assert_eq!(stored(&stack), Value::Null);
}

#[test]
fn a_keyring_that_is_asked_for_and_not_there_is_said_and_otherwise_the_file_is_taken() {
    let stack = stack();
    let mut asked = login(&stack, &["--store", "keyring"]);
    let url = asked.said("http");
    assert_eq!(browse(&answered(&url, ALICE), None).status, 400);
    asked.fails(2, "--store file");
    assert!(!credentials(&stack).exists());
    assert!(sign_in(&stack, &[], ALICE).stderr.contains("credentials.json"));
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).env("PORTCULLIS_CREDENTIALS", "cloud").arg("login");
    assert!(stderr(&command.assert().code(2)).contains("PORTCULLIS_CREDENTIALS must be file or keyring"));
}

#[test]
fn a_profile_says_where_people_sign_in() {
    let stack = stack();
    let dir = stack.home.path().join("config/portcullis");
    fs::create_dir_all(&dir).unwrap();
    let url = stack.url();
    let profile = format!("[profiles.p]\nurl = \"{url}\"\nissuer = \"{url}/dev\"\nclient_id = \"nobody\"\n");
    fs::write(dir.join("config.toml"), profile).unwrap();
    let assert = stack.bare().args(["login", "--profile", "p", "--device"]).assert().code(3);
    assert!(stderr(&assert).contains("invalid_client"));
}
