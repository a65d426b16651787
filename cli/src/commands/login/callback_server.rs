//! Server for the redirect URI ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)), on a loopback port.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

const PATH: &str = "/callback";
/// Browsers open connections ahead of time and may leave them idle.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 16 * 1024;

/// A request to the redirect URI, which waits for a response.
pub(super) struct Callback {
    stream: TcpStream,
    parameters: Vec<(String, String)>,
}

/// Listens on a free port until the process ends. Returns the redirect URI.
///
/// # Errors
/// When no port is available.
pub(super) fn listen(events: Sender<impl From<Callback> + Send + 'static>) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let authority = listener.local_addr()?.to_string();
    let redirect_uri = format!("http://{authority}{PATH}");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (events, authority) = (events.clone(), authority.clone());
            // One thread per connection, so that idle connections do not block others.
            thread::spawn(move || {
                // Ignore connections that do not send an HTTP request.
                if let Ok(Some(callback)) = serve(stream, &authority) {
                    // Ignore: the receiver is gone, so the command is about to end.
                    let _ = events.send(callback.into());
                }
            });
        }
    });
    Ok(redirect_uri)
}

impl Callback {
    /// A query parameter, unless it is repeated.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    }

    /// Responds with the result of the sign-in.
    pub(super) fn respond(self, signed_in: bool) {
        if signed_in {
            page(self.stream, "200 OK", "You are signed in. You can close this page and return to the terminal.");
        } else {
            page(
                self.stream,
                "400 Bad Request",
                "You are not signed in. The terminal shows the reason. You can close this page.",
            );
        }
    }

    /// Responds to a request that does not belong to this sign-in.
    pub(super) fn reject(self) {
        page(self.stream, "400 Bad Request", "This request does not belong to the current sign-in.");
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
            page(stream, "404 Not Found", "Page not found.");
            Ok(None)
        }
    }
}

/// Query string of a GET of the redirect URI. Requests with another `Host` are ignored: they may come from a foreign
/// page whose name resolves to this machine (DNS rebinding).
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

/// Sends a plain page. It loads nothing, contains nothing from the request, and is isolated from other pages.
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
    // Ignore: the browser is gone, and the terminal shows the result too.
    let _ = stream.write_all(response.as_bytes()).and_then(|()| stream.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_of_the_redirect_uri_with_this_host_is_a_callback() {
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
