//! HTTP/1.1 messages as the clients of this harness send them: bodies have a `Content-Length`.

use std::io::{self, Read, Write};

/// Maximum number of headers of a request.
const MAX_HEADERS: usize = 64;

/// A request.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The value of `x-amz-target`, or an empty string.
    pub amz_target: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads requests from a connection, one after the other.
#[derive(Debug, Default)]
pub struct RequestReader {
    received: Vec<u8>,
}

impl RequestReader {
    /// Reads the next request; `None` if the client closed the connection.
    ///
    /// # Errors
    /// When the connection fails, or the request is not HTTP/1.1.
    pub fn next(&mut self, stream: &mut impl Read) -> io::Result<Option<Request>> {
        loop {
            if let Some((mut request, head, length)) = parse(&self.received)? {
                while self.received.len() < head + length {
                    if !self.fill(stream)? {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                request.body = self.received.drain(..head + length).skip(head).collect();
                return Ok(Some(request));
            }
            if !self.fill(stream)? {
                return Ok(None);
            }
        }
    }

    fn fill(&mut self, stream: &mut impl Read) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let read = stream.read(&mut chunk)?;
        self.received.extend(chunk.iter().take(read));
        Ok(read > 0)
    }
}

/// The request without its body, the length of its head and that of its body; `None` if the head is incomplete.
fn parse(received: &[u8]) -> io::Result<Option<(Request, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = parsed.parse(received).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let header = |name: &str| {
        let found = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).into_owned()).unwrap_or_default()
    };
    if !header("transfer-encoding").is_empty() {
        return Err(io::Error::other("a request has a transfer coding; send a Content-Length instead"));
    }
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
        amz_target: header("x-amz-target"),
        body: Vec::new(),
    };
    Ok(Some((request, head, header("content-length").parse().unwrap_or(0))))
}

/// The bytes of a response.
#[must_use]
pub fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// Sends a response in one write.
///
/// # Errors
/// When the connection fails.
pub fn respond(stream: &mut impl Write, status: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
    stream.write_all(&response(status, headers, body))?;
    stream.flush()
}
