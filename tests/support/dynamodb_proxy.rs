//! A proxy in front of the DynamoDB engine. It records every call, and may change it, let it fail or break its
//! connection.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A call, with the engine's response; null if the call did not reach the engine.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) request: Value,
    pub(crate) response: Value,
}

/// The response to a call.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The engine's, with these fields added.
    Engine(Value),
    /// A failure, after the engine has handled the call or instead.
    Failure { symptom: Symptom, after: bool },
}

/// What the client sees of a failure.
#[derive(Clone, Debug)]
pub(crate) enum Symptom {
    /// A response with this status and body.
    Response(u16, Arc<str>),
    /// Half of the response, and then a reset of the connection.
    Reset,
    /// An open connection without a response.
    Silence,
    /// A complete HTTP response with half of the JSON.
    HalfJson,
}

/// Decides on the response to an operation, and may change its request.
type Handler = dyn Fn(&str, &mut Value) -> Reply + Send + Sync;

/// A running proxy, stopped when dropped.
pub(crate) struct DynamoDbProxy {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    server: JoinHandle<()>,
}

/// What the connections share.
struct Shared {
    /// Host and port of the engine.
    engine: String,
    handler: Box<Handler>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl DynamoDbProxy {
    /// A proxy in front of the engine with this URL.
    pub(crate) async fn start(
        engine: &str,
        handler: impl Fn(&str, &mut Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (engine, calls) = (engine.strip_prefix("http://").unwrap().to_owned(), Arc::default());
        let shared = Arc::new(Shared { engine, handler: Box::new(handler), calls: Arc::clone(&calls) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // Its error is the client's, which gives up some connections.
                connections.spawn(async move { drop(serve(client, &shared).await) });
            }
        });
        Self { url, calls, server }
    }

    /// The calls since the last `take`.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for DynamoDbProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves one connection, with a connection of its own to the engine.
async fn serve(client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = BufReader::new(client);
    let mut engine = None;
    while let Some(mut request) = Message::read(&mut client).await? {
        let operation = request.header("x-amz-target").unwrap_or_default().rsplit('.').next().unwrap_or_default();
        let operation = operation.to_owned();
        let mut json = serde_json::from_slice(&request.body)?;
        let reply = (shared.handler)(&operation, &mut json);
        request.body = json.to_string().into_bytes();
        let (status, mut response) = match &reply {
            Reply::Failure { after: false, .. } => (200, Value::Null),
            _ => {
                if engine.is_none() {
                    engine = Some(BufReader::new(TcpStream::connect(&shared.engine).await?));
                }
                ask(engine.as_mut().unwrap(), request).await?
            }
        };
        if let (Value::Object(response), Reply::Engine(Value::Object(added))) = (&mut response, &reply) {
            response.extend(added.clone());
        }
        let body = response.to_string();
        let call = Call { operation, request: json, response };
        shared.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        let symptom = if let Reply::Failure { symptom, .. } = reply { Some(symptom) } else { None };
        match symptom {
            None => client.write_all(&http_response(status, &body)).await?,
            Some(Symptom::Response(status, body)) => client.write_all(&http_response(status, &body)).await?,
            Some(Symptom::HalfJson) => client.write_all(&http_response(status, &body[..body.len() / 2])).await?,
            Some(Symptom::Reset) => {
                let response = http_response(status, &body);
                client.write_all(&response[..response.len() / 2]).await?;
                return client.get_ref().set_zero_linger();
            }
            // Until the client closes the connection.
            Some(Symptom::Silence) => return client.read_to_end(&mut Vec::new()).await.map(drop),
        }
    }
    Ok(())
}

/// The engine's status and response.
async fn ask(engine: &mut BufReader<TcpStream>, request: Message) -> io::Result<(u16, Value)> {
    engine.write_all(&request.into_bytes()).await?;
    let response = Message::read(engine).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = response.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    Ok((status, serde_json::from_slice(&response.body)?))
}

fn http_response(status: u16, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} \r\nContent-Type: application/x-amz-json-1.0\r\n\r\n");
    Message { head, body: body.as_bytes().to_vec() }.into_bytes()
}

/// An HTTP message: its head with the empty line, and its body.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// Reads a message; `None` at the end of the connection.
    async fn read(from: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if from.read_line(&mut head).await? == 0 {
                return Ok(None);
            }
        }
        let mut message = Self { head, body: Vec::new() };
        let length = message.header("content-length").map_or(0, |length| length.parse().unwrap());
        message.body.resize(length, 0);
        from.read_exact(&mut message.body).await?;
        Ok(Some(message))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The message with the length of its body.
    fn into_bytes(self) -> Vec<u8> {
        let lines = self.head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
        let head = lines.take_while(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect::<String>();
        let mut bytes = format!("{head}Content-Length: {}\r\n\r\n", self.body.len()).into_bytes();
        bytes.extend(self.body);
        bytes
    }
}
