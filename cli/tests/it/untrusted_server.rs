//! Responses of later versions of the service, of gateways in front of it, and of malicious servers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use assert_cmd::assert::Assert;

use crate::support::{bare, json, stderr, stdout};

/// Starts a server that sends one response. Returns its URL and the received request.
pub(crate) fn server(status: &str, headers: &str, body: &str) -> (String, JoinHandle<String>) {
    let (listener, url) = listen();
    let reply = response(status, headers, body);
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        respond(stream, &reply)
    });
    (url, server)
}

/// Starts a server that sends these documents in turn, endlessly. Returns its URL.
pub(crate) fn endless_server(bodies: &[&str]) -> String {
    let (listener, url) = listen();
    let replies: Vec<String> = bodies.iter().map(|body| response("200 OK", "", body)).collect();
    thread::spawn(move || {
        for reply in replies.iter().cycle() {
            let (stream, _) = listener.accept().unwrap();
            respond(stream, reply);
        }
    });
    url
}

/// Starts a server whose responses depend on the request: their status and body. It sends no response if the status is
/// empty. Returns its URL.
pub(crate) fn answering_server(answer: impl Fn(&str) -> (&'static str, String) + Send + 'static) -> String {
    let (listener, url) = listen();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (status, body) = answer(&read_request(&mut stream));
            if !status.is_empty() {
                // Ignore: the client is gone.
                let _ = stream.write_all(response(status, "", &body).as_bytes());
            }
        }
    });
    url
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// Reads a request and sends the response.
fn respond(mut stream: TcpStream, reply: &str) -> String {
    let request = read_request(&mut stream);
    // Ignore: the client is gone.
    let _ = stream.write_all(reply.as_bytes());
    request
}

fn read_request(stream: &mut TcpStream) -> String {
    let (mut request, mut byte) = (String::new(), [0]);
    // Until the end of the head, and of the body by its content-length.
    let is_whole = |request: &str| {
        let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        body.len() >= length.map_or(0, |length| length.parse().unwrap())
    };
    while !is_whole(&request) && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        request.push(char::from(byte[0]));
    }
    request
}

/// Runs `whoami` against a server with this response.
#[track_caller]
fn whoami_of(status: &str, headers: &str, body: &str, arguments: &[&str]) -> Assert {
    let (url, server) = server(status, headers, body);
    let home = tempfile::tempdir().unwrap();
    let mut command = bare(home.path());
    command.env("PORTCULLIS_URL", url).env("PORTCULLIS_API_TOKEN", "pcl_x").arg("whoami").args(arguments);
    let assert = command.assert();
    let request = server.join().unwrap().to_ascii_lowercase();
    assert!(request.contains(concat!("user-agent: portcullis/", env!("CARGO_PKG_VERSION"))), "{request}");
    assert
}

fn me(owner: &str) -> String {
    let deployment = r#"{"token_management":"owners","default_token_lifetime_days":30,"retention_days":30}"#;
    format!(
        r#"{{"principal_type":"robot","zeal":9,"owner":"{owner}","grants":[{{"permissions":["a:b"],"resources":["*"]}}],"expires_at":null,"deployment":{deployment}}}"#
    )
}

#[test]
fn credentials_are_not_sent_to_redirect_targets() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let location = format!("location: http://{}/me\r\n", trap.local_addr().unwrap());
    for status in ["301 Moved", "307 Moved"] {
        let printed = stderr(&whoami_of(status, &location, "", &[]).code(7));
        assert!(printed.contains("redirect"), "{printed}");
    }
    assert!(trap.accept().is_err(), "the redirect was followed");
}

#[test]
fn control_characters_of_responses_are_not_printed() {
    let shown = stdout(&whoami_of("200 OK", "", &me(r"\u001b[2Jadmin\u202e\u009b"), &[]).success());
    assert!(shown.contains("admin") && !shown.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{shown:?}");
    let problem = r#"{"type":"urn:x","title":"t","status":403,"detail":"\u001b[2Jno"}"#;
    let printed = stderr(&whoami_of("403 Forbidden", "", problem, &[]).code(4));
    assert!(printed.contains("no") && !printed.contains('\u{1b}'), "{printed:?}");
}

#[test]
fn a_piped_problem_document_is_unchanged() {
    let problem = r#"{"type":"urn:x","title":"t","status":403,"detail":"\u001b[2Jno\u202e", "x": 1}"#;
    let assert = whoami_of("403 Forbidden", "", problem, &["--json"]).code(4);
    assert_eq!((stdout(&assert), stderr(&assert)), (String::new(), format!("{problem}\n")));
}

#[test]
fn unknown_fields_of_later_versions_are_kept_in_json() {
    let body = me("alice");
    assert!(stdout(&whoami_of("200 OK", "", &body, &[]).success()).contains("robot"));
    let assert = whoami_of("200 OK", "", &body, &["--json"]).success();
    assert_eq!(stdout(&assert).trim_end(), body);
    assert_eq!(json(&assert)["zeal"], 9);
}

#[test]
fn unexpected_responses_exit_with_7() {
    for (status, body) in [
        ("403 Forbidden", r#"{"message":"Missing Authentication Token"}"#),
        ("404 Not Found", "<html>"),
        ("200 OK", "<html>"),
        ("200 OK", r#"{"owner":1}"#),
    ] {
        whoami_of(status, "", body, &[]).code(7);
    }
}

#[test]
fn a_busy_service_exits_with_7() {
    for status in ["429 Too Many Requests", "503 Unavailable", "500 Error"] {
        let problem = r#"{"type":"urn:portcullis:problem:x","title":"Busy","status":0}"#;
        let printed = stderr(&whoami_of(status, "", problem, &[]).code(7));
        assert!(printed.starts_with("error: Busy\n"), "{printed}");
    }
}

#[test]
fn repeated_cursors_are_reported() {
    let page = |cursor: &str| {
        format!(
            r#"{{"tokens":[],"events":[],"owner":"a","revoked":1,"done":false,"effective_by":"2030-01-01T00:00:00Z","next_cursor":"{cursor}"}}"#
        )
    };
    let (one, other) = (page("one"), page("other"));
    let events = ["token", "events", "0000000000000000", "--all"];
    for bodies in [&[one.as_str()][..], &[&one, &other]] {
        for arguments in [&["token", "list"][..], &events, &["token", "revoke", "--owner", "a", "--yes"]] {
            let home = tempfile::tempdir().unwrap();
            let mut command = bare(home.path());
            command.env("PORTCULLIS_URL", endless_server(bodies)).env("PORTCULLIS_API_TOKEN", "pcl_x");
            let printed = stderr(&command.timeout(Duration::from_secs(60)).args(arguments).assert().code(7));
            assert!(printed.contains("returned the same page of the list again"), "{arguments:?}: {printed}");
        }
    }
}

#[test]
fn a_create_without_a_response_can_be_repeated_with_its_key() {
    let create = |status: &str, body: &str, flags: &[&str]| {
        let (url, server) = server(status, "", body);
        let home = tempfile::tempdir().unwrap();
        let mut command = bare(home.path());
        command.env("PORTCULLIS_URL", url).env("PORTCULLIS_API_TOKEN", "pcl_x");
        let assert = command.args(["token", "create", "-n", "x", "--grant", "a:b@c"]).args(flags).assert().code(7);
        let request = server.join().unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).expect("a key").to_owned();
        assert!(stderr(&assert).contains(&format!("--idempotency-key {key} ")), "{}", stderr(&assert));
        key
    };
    let first = create("502 Bad Gateway", "<html>", &[]);
    assert_ne!(create("502 Bad Gateway", "<html>", &[]), first);
    assert_eq!(create("502 Bad Gateway", "<html>", &["--idempotency-key", &first]), first);
    for body in ["<html>", "{}", ""] {
        create("200 OK", body, &[]);
    }
    create("200 OK", "<html>", &["--json"]);
}

#[test]
fn a_response_that_is_not_from_the_service_says_to_check_the_url() {
    let not_found = r#"{"type":"urn:portcullis:problem:not_found","title":"Not found","status":404,"detail":"There is no such route."}"#;
    for (status, body, message) in [
        ("200 OK", "<html>", "the response is not from this service; check the service URL"),
        ("404 Not Found", "<html>", "check the service URL"),
        ("404 Not Found", not_found, "hint: check the service URL"),
    ] {
        let printed = stderr(&whoami_of(status, "", body, &[]).failure());
        assert!(printed.contains(message), "{printed}");
    }
    for status in ["429 Too Many Requests", "502 Bad Gateway"] {
        let printed = stderr(&whoami_of(status, "", "<html>", &[]).code(7));
        assert!(printed.contains("try again in a moment") && !printed.contains("service URL"), "{printed}");
    }
}

#[test]
fn login_at_an_unknown_route_says_to_check_the_url() {
    let (url, server) = server("404 Not Found", "", r#"{"type":"urn:portcullis:problem:not_found","status":404}"#);
    let home = tempfile::tempdir().unwrap();
    let printed = stderr(&bare(home.path()).args(["login", &format!("{url}/foo")]).assert().code(2));
    server.join().unwrap();
    assert!(printed.contains("hint: check the service URL"), "{printed}");
}
