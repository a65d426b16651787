//! The change log: one JSON line per change of a token or of the catalog, written before the response.
//!
//! It is a second copy of what changed, for a table that is restored from a backup. It does not depend on the
//! log level.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::text::redact;
use crate::token::{Actor, Event, TokenRecord};

/// Kind of the line for a new catalog. The other kinds are those of events.
pub const CATALOG_REPLACED: &str = "catalog_replaced";

/// A line of the change log. It holds no secret, digest or idempotency key; token-like text in the details is
/// redacted ([`redact`]).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangeEntry {
    /// Time of the change.
    pub timestamp: Timestamp,
    /// [`EventKind::kind`](crate::token::EventKind::kind), or [`CATALOG_REPLACED`].
    pub change: String,
    /// Whether the change was made.
    pub outcome: ChangeOutcome,
    /// ID of the token.
    pub token_id: Option<String>,
    /// Owner of the token.
    pub owner: Option<String>,
    /// ID of the event that was stored with the change.
    pub event_id: Option<String>,
    /// Version of the new catalog.
    pub catalog_version: Option<u64>,
    /// The actor; null if the deployment acted automatically.
    pub by: Option<String>,
    /// Client IP address that the gateway saw.
    pub source_ip: Option<String>,
    /// [`EventKind::detail`](crate::token::EventKind::detail)
    pub detail: Value,
}

/// Whether a change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    /// It was made.
    Done,
    /// The token had this state already, so nothing was written, and the caller is told that it has it.
    Unchanged,
    /// DynamoDB did not confirm it: it may have been made, and the caller gets an error.
    Unknown,
}

impl ChangeEntry {
    /// The entry for a stored event.
    #[must_use]
    pub fn of_event(record: &TokenRecord, event: &Event, outcome: ChangeOutcome) -> Self {
        Self {
            timestamp: event.at,
            change: event.kind.clone(),
            outcome,
            token_id: Some(record.id.to_string()),
            owner: Some(record.owner.to_string()),
            event_id: Some(event.id.clone()),
            catalog_version: None,
            by: event.by.actor.as_ref().map(ToString::to_string),
            source_ip: event.by.source_ip.map(|ip| ip.to_string()),
            detail: redacted(event.detail.clone()),
        }
    }

    /// The entry for a new catalog.
    #[must_use]
    pub fn of_catalog(version: u64, by: &Actor, at: Timestamp, outcome: ChangeOutcome) -> Self {
        Self {
            timestamp: at,
            change: CATALOG_REPLACED.to_owned(),
            outcome,
            token_id: None,
            owner: None,
            event_id: None,
            catalog_version: Some(version),
            by: Some(by.to_string()),
            source_ip: None,
            detail: Value::Null,
        }
    }
}

/// Redacts all texts of a document.
fn redacted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact(&text).into_owned()),
        Value::Array(values) => values.into_iter().map(redacted).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, redacted(value))).collect(),
        other => other,
    }
}

/// Destination of the change log.
#[derive(Clone)]
pub struct ChangeLog(Arc<Mutex<dyn Write + Send>>);

impl ChangeLog {
    /// Writes to `sink`.
    pub fn new(sink: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(sink)))
    }

    /// Writes to standard output, which Lambda ships to CloudWatch Logs.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }

    /// Writes the entry as one line, with a single write.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(&self, entry: &ChangeEntry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sink.write_all(&line)?;
        sink.flush()
    }
}

impl fmt::Debug for ChangeLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangeLog")
    }
}
