//! A stand-in for DynamoDB that responds at once: it stores the items of puts, and returns them.
//! It evaluates no condition and applies no update.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Map, Value, json};

use crate::fault::{FaultKind, Faults};
use crate::http1::{Request, RequestReader, response};
use crate::tls::{Authority, TlsStream};

/// The table's only keys.
type Key = (String, String);

/// The stand-in.
#[derive(Clone, Debug, Default)]
pub struct DynamoDb {
    items: Arc<Mutex<HashMap<Key, Value>>>,
    /// The faults of its replies.
    pub faults: Arc<Faults>,
    connections: Arc<AtomicU32>,
}

impl DynamoDb {
    /// Serves an empty table over TLS.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start(authority: &Authority) -> io::Result<(Self, SocketAddr)> {
        let table = Self::default();
        let served = table.clone();
        let address = authority.serve(move |stream| served.serve(stream))?;
        Ok((table, address))
    }

    /// Number of connections so far.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.connections.load(Ordering::SeqCst)
    }

    fn serve(&self, mut stream: TlsStream) -> io::Result<()> {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let mut reader = RequestReader::default();
        while let Some(request) = reader.next(&mut stream)? {
            let body = self.reply(&request).to_string();
            let headers = [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", "bench")];
            let bytes = response("200 OK", &headers, body.as_bytes());
            match self.faults.next() {
                Some(FaultKind::Delay(time)) => thread::sleep(time),
                Some(FaultKind::Silence) => thread::park(),
                Some(FaultKind::Reset) => {
                    stream.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
                    return stream.flush();
                }
                None => {}
            }
            stream.write_all(&bytes)?;
            stream.flush()?;
        }
        Ok(())
    }

    fn reply(&self, request: &Request) -> Value {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match request.amz_target.rsplit('.').next() {
            Some("PutItem") => self.put(field(&body, "Item")),
            Some("TransactWriteItems") => {
                for write in field(&body, "TransactItems").as_array().into_iter().flatten() {
                    self.put(field(field(write, "Put"), "Item"));
                }
            }
            Some("GetItem") => {
                let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
                let found = key(field(&body, "Key")).and_then(|key| items.get(&key));
                return found.map_or_else(|| json!({}), |item| json!({ "Item": projection(item, &body) }));
            }
            Some("Query") => return json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
            _ => {}
        }
        json!({})
    }

    fn put(&self, item: &Value) {
        if let Some(key) = key(item) {
            self.items.lock().unwrap_or_else(PoisonError::into_inner).insert(key, item.clone());
        }
    }
}

fn field<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

fn key(item: &Value) -> Option<Key> {
    let part = |name: &str| Some(field(field(item, name), "S").as_str()?.to_owned());
    Some((part("pk")?, part("sk")?))
}

/// The attributes that `ProjectionExpression` names; all without one.
fn projection(item: &Value, request: &Value) -> Value {
    let Some(expression) = field(request, "ProjectionExpression").as_str() else {
        return item.clone();
    };
    let names = field(request, "ExpressionAttributeNames");
    let named = expression.split(',').filter_map(|name| {
        let name = name.trim();
        let name = field(names, name).as_str().unwrap_or(name);
        Some((name.to_owned(), item.get(name)?.clone()))
    });
    Value::Object(named.collect::<Map<_, _>>())
}
