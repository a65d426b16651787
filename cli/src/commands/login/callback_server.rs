//! The redirect URI ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)): a port of
//! this machine on which a browser brings the answer of the provider back.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

const PATH: &str = "/callback";
/// A browser opens connections ahead of time and may leave them idle.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 16 * 1024;

/// A browser that waits for a page.
pub(super) struct Callback {
    stream: TcpStream,
    parameters: Vec<(String, String)>,
}

/// Listens on a port of the system's choice until the program ends. Says what the redirect URI is.
///
/// # Errors
/// Where the machine has no port to give.
pub(super) fn listen(events: Sender<impl From<Callback> + Send + 'static>) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let authority = listener.local_addr()?.to_string();
    let redirect_uri = format!("http://{authority}{PATH}");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (events, authority) = (events.clone(), authority.clone());
            // A thread each, so that an idle connection is in nobody's way.
            thread::spawn(move || {
                // Whoever does not speak HTTP is not the browser.
                if let Ok(Some(callback)) = serve(stream, &authority) {
                    // Nobody waits any more: the program is about to end.
                    let _ = events.send(callback.into());
                }
            });
        }
    });
    Ok(redirect_uri)
}

impl Callback {
    /// A parameter that was given once.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    }

    /// Tells the person in the browser how it ended.
    pub(super) fn respond(self, signed_in: bool) {
        if signed_in {
            page(self.stream, "200 OK", "You are signed in. You may close this page and go back to the terminal.");
        } else {
            page(
                self.stream,
                "400 Bad Request",
                "You are not signed in. The terminal says why; you may close this page.",
            );
        }
    }

    /// Tells whoever came with something else than the answer.
    pub(super) fn reject(self) {
        page(self.stream, "400 Bad Request", "This is not the answer to a sign-in that was begun here.");
    }
}

fn serve(mut stream: TcpStream, authority: &str) -> io::Result<Option<Callback>> {
    stream.set_read_timeout(Some(REQUEST_TIMEOUT))?;
    stream.set_write_timeout(Some(REQUEST_TIMEOUT))?;
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut part)?;
        head.extend(part.get(..read).unwrap_or_default());
        if read == 0 || head.len() > MAX_BYTES {
            return Ok(None);
        }
    }
    match query(&head, authority) {
        Some(query) => {
            let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            Ok(Some(Callback { stream, parameters }))
        }
        None => {
            page(stream, "404 Not Found", "There is nothing here.");
            Ok(None)
        }
    }
}

/// The query of a request to the redirect URI. Another Host is a page of somebody else's, whose
/// name leads to this machine.
fn query(head: &[u8], authority: &str) -> Option<String> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(head).ok()?;
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = hosts.next().filter(|host| host.value == authority.as_bytes());
    let (path, query) = request.path?.split_once('?')?;
    (request.method == Some("GET") && path == PATH && host.is_some() && hosts.next().is_none())
        .then(|| query.to_owned())
}

/// A page of plain words: it loads nothing, shows nothing that came with the request, and no
/// other page sees it or its address.
fn page(mut stream: TcpStream, status: &str, text: &str) {
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>portcullis login</title>\n<p>{text}</p>\n</html>\n"
    );
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n{body}"
    );
    // The browser may have gone; the terminal says all of it.
    let _ = stream.write_all(response.as_bytes()).and_then(|()| stream.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_of_the_redirect_uri_at_this_very_address_is_the_browser() {
        let ask =
            |line: &str, host: &str| query(format!("{line} HTTP/1.1\r\n{host}\r\n\r\n").as_bytes(), "127.0.0.1:1");
        let good = "Host: 127.0.0.1:1";
        assert_eq!(ask("GET /callback?code=x", good).as_deref(), Some("code=x"));
        for (line, host) in [
            ("POST /callback?code=x", good),
            ("GET /callback", good),
            ("GET /callback/?code=x", good),
            ("GET /?code=x", good),
            ("GET http://127.0.0.1:1/callback?code=x", good),
            ("GET /callback?code=x", "Host: evil.example:1"),
            ("GET /callback?code=x", "Host: 127.0.0.1:2"),
            ("GET /callback?code=x", "Host: 127.0.0.1:1\r\nHost: evil.example"),
            ("GET /callback?code=x", "Accept: */*"),
        ] {
            assert_eq!(ask(line, host), None, "{line} {host}");
        }
    }
}
