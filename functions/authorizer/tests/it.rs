//! The authorizer's program, with Lambda's runtime, at the log level TRACE.
#![cfg(test)]

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use portcullis::secret::PlaintextToken;
use rand::rngs::SysRng;
use tempfile::NamedTempFile;

/// A service that is both Lambda's Runtime API and a DynamoDB without items.
#[derive(Clone)]
struct Lambda {
    /// The events that are still to be sent.
    events: Arc<Mutex<Vec<String>>>,
    /// Signals that all events were answered.
    done: mpsc::Sender<()>,
}

impl Lambda {
    /// Answers the requests of a connection.
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let start = head.len();
                if stream.read_line(&mut head)? == 0 {
                    return Ok(());
                }
                if let Some(value) = head[start..].to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
            }
            io::copy(&mut stream.by_ref().take(length), &mut io::sink())?;
            let (status, body) = match head.split(' ').nth(1) {
                Some("/") => ("200 OK", "{}".to_owned()),
                Some("/2018-06-01/runtime/invocation/next") => match self.events.lock().unwrap().pop() {
                    Some(event) => ("200 OK", event),
                    None => return self.done.send(()).map_err(io::Error::other),
                },
                _ => ("202 Accepted", String::new()),
            };
            let response = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nLambda-Runtime-Aws-Request-Id: r-1\r\n\
                 Lambda-Runtime-Deadline-Ms: 9999999999999\r\nLambda-Runtime-Invoked-Function-Arn: arn\r\n\r\n{body}",
                body.len()
            );
            stream.get_mut().write_all(response.as_bytes())?;
        }
    }
}

/// A process that is stopped when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

#[test]
fn no_credential_is_logged_at_trace() {
    let token = PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
    let token = token.expose_secret();
    let event = |headers: &str| {
        let arn = "arn:aws:execute-api:us-east-1:000000000000:demo/demo/GET/apps";
        format!(r#"{{"type": "REQUEST", "methodArn": "{arn}", "multiValueHeaders": {{{headers}}}}}"#)
    };
    let events = vec![
        event(&format!(r#""Authorization": ["Bearer {token}"]"#)),
        event(&format!(r#""x-api-token": ["{token}x"]"#)),
        event(&format!(r#""Authorization": ["Bearer {token}"], "x-api-token": ["{token}"]"#)),
        // Not JSON, which the runtime reports.
        event(&format!(r#""x-api-token": ["{token}""#)),
    ];
    let (done, is_done) = mpsc::channel();
    let lambda = Lambda { events: Arc::new(Mutex::new(events)), done };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lambda = lambda.clone();
            thread::spawn(move || lambda.serve(stream));
        }
    });

    let output = NamedTempFile::new().unwrap();
    let sink = || output.as_file().try_clone().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis-authorizer"));
    program.env_clear().stdout(sink()).stderr(sink()).envs([
        ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "authorizer"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "log"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "log"),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &format!("http://{address}")),
        ("PORTCULLIS_TABLE", "tokens"),
    ]);
    let running = Running(program.spawn().unwrap());
    is_done.recv_timeout(Duration::from_secs(120)).unwrap();
    drop(running);
    let text = fs::read_to_string(&output).unwrap();
    for reason in [r#""reason":"unknown""#, r#""reason":"malformed""#, r#""level":"ERROR""#] {
        assert!(text.contains(reason), "{reason} is missing in {text}");
    }
    assert!(!text.contains(&token[20..40]), "{text}");
}
