//! What answers is not always the service as it is today: a later one, a gateway before it, or
//! something that means ill.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use assert_cmd::assert::Assert;

use crate::support::{bare, json, stderr, stdout};

/// A server that gives this response once: its URL, and the request that it got.
pub(crate) fn server(status: &str, headers: &str, body: &str) -> (String, JoinHandle<String>) {
    let (listener, url) = listen();
    let answer = response(status, headers, body);
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        respond(stream, &answer)
    });
    (url, server)
}

/// The URL of a server that gives these documents in turns, without end.
fn endless_server(bodies: &[&str]) -> String {
    let (listener, url) = listen();
    let answers: Vec<String> = bodies.iter().map(|body| response("200 OK", "", body)).collect();
    thread::spawn(move || {
        for answer in answers.iter().cycle() {
            let (stream, _) = listener.accept().unwrap();
            respond(stream, answer);
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

/// Reads a request, and answers it.
fn respond(mut stream: TcpStream, answer: &str) -> String {
    let (mut request, mut byte) = (String::new(), [0]);
    // To the end of the head, and as much of the body as it says that there is.
    let is_whole = |request: &str| {
        let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        body.len() >= length.map_or(0, |length| length.parse().unwrap())
    };
    while !is_whole(&request) && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        request.push(char::from(byte[0]));
    }
    // A client that has gone needs no response.
    let _ = stream.write_all(answer.as_bytes());
    request
}

/// `whoami` with a server that gives this response.
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
    format!(
        r#"{{"principal_type":"robot","zeal":9,"owner":"{owner}","grants":[{{"permissions":["a:b"],"resources":["*"]}}],"expires_at":null}}"#
    )
}

#[test]
fn a_credential_is_not_sent_to_where_a_redirect_points() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let location = format!("location: http://{}/me\r\n", trap.local_addr().unwrap());
    for status in ["301 Moved", "307 Moved"] {
        let said = stderr(&whoami_of(status, &location, "", &[]).code(7));
        assert!(said.contains("redirect"), "{said}");
    }
    assert!(trap.accept().is_err(), "somebody came");
}

#[test]
fn what_a_terminal_would_take_for_a_command_is_not_printed() {
    let shown = stdout(&whoami_of("200 OK", "", &me(r"\u001b[2Jadmin\u202e\u009b"), &[]).success());
    assert!(shown.contains("admin") && !shown.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{shown:?}");
    let problem = r#"{"type":"urn:x","title":"t","status":403,"detail":"\u001b[2Jno"}"#;
    let said = stderr(&whoami_of("403 Forbidden", "", problem, &[]).code(4));
    assert!(said.contains("no") && !said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_problem_document_that_is_piped_stays_as_it_came() {
    let problem = r#"{"type":"urn:x","title":"t","status":403,"detail":"\u001b[2Jno\u202e", "x": 1}"#;
    let assert = whoami_of("403 Forbidden", "", problem, &["--json"]).code(4);
    assert_eq!((stdout(&assert), stderr(&assert)), (String::new(), format!("{problem}\n")));
}

#[test]
fn fields_and_words_of_a_later_version_do_no_harm_and_survive_in_json() {
    let body = me("alice");
    assert!(stdout(&whoami_of("200 OK", "", &body, &[]).success()).contains("robot"));
    let assert = whoami_of("200 OK", "", &body, &["--json"]).success();
    assert_eq!(stdout(&assert).trim_end(), body);
    assert_eq!(json(&assert)["zeal"], 9);
}

#[test]
fn an_answer_that_is_not_the_services_is_said_to_be_none() {
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
fn a_service_that_is_too_busy_has_failed() {
    for status in ["429 Too Many Requests", "503 Unavailable", "500 Error"] {
        let problem = r#"{"type":"urn:portcullis:problem:x","title":"Busy","status":0}"#;
        let said = stderr(&whoami_of(status, "", problem, &[]).code(7));
        assert!(said.starts_with("error: Busy\n"), "{said}");
    }
}

#[test]
fn a_cursor_that_was_followed_before_is_not_followed_again() {
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
            let said = stderr(&command.timeout(Duration::from_secs(60)).args(arguments).assert().code(7));
            assert!(said.contains("repeats a cursor"), "{arguments:?}: {said}");
        }
    }
}
