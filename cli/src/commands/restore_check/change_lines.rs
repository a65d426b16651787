//! The change log's lines, reduced to the last change of each kind and token. Their order does not matter.

use std::collections::BTreeMap;

use portcullis::change_log::CATALOG_REPLACED;
use portcullis::clock::Timestamp;
use portcullis::secret::TokenId;
use serde::Deserialize;
use serde_json::Value;

/// The fields of a change log line that matter.
#[derive(Deserialize)]
struct Line {
    timestamp: Timestamp,
    change: String,
    outcome: String,
    token_id: Option<String>,
    event_id: Option<String>,
    catalog_version: Option<u64>,
    by: Option<String>,
    #[serde(default)]
    detail: Value,
}

/// The time of any log line: Portcullis's own lines have a `timestamp`, Lambda's a `time`.
#[derive(Deserialize)]
struct Timed {
    #[serde(alias = "time")]
    timestamp: Timestamp,
}

/// A change whose absence from a restored table matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: Timestamp,
    pub(super) kind: ChangeKind,
    pub(super) by: Option<String>,
    /// The stored event; `None` if nothing was written.
    pub(super) event_id: Option<String>,
}

/// Kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Revoked,
    Deleted,
    Rotated,
    Disabled,
    /// Disabled because of the use of a rotated-out secret.
    Quarantined,
    /// Updated in a way that may have reduced what the token can do.
    Updated,
}

impl ChangeKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Deleted => "deleted",
            Self::Rotated => "rotated",
            Self::Disabled => "disabled",
            Self::Quarantined => "quarantined",
            Self::Updated => "updated",
        }
    }
}

/// The changes of a token: of each kind, the last one.
#[derive(Debug, Default)]
pub(super) struct TokenChanges {
    /// Whether it was created by another principal than a CI job.
    pub(super) created: bool,
    /// The last change after which no secret in the table may be accepted.
    pub(super) revoking: Option<Change>,
    pub(super) disabled: Option<Change>,
    pub(super) enabled: Option<Timestamp>,
    pub(super) restricted: Option<Change>,
}

/// The last replacement of the catalog.
#[derive(Clone, Debug)]
pub(super) struct CatalogChange {
    pub(super) at: Timestamp,
    pub(super) version: u64,
    pub(super) by: Option<String>,
}

/// What the lines say. Its size grows with the number of changed tokens, not of lines.
pub(super) struct ChangeLines {
    since: Timestamp,
    tokens: BTreeMap<TokenId, TokenChanges>,
    catalog: Option<CatalogChange>,
    exchanged: u64,
    begin: Option<Timestamp>,
    read: u64,
    changes: u64,
}

impl ChangeLines {
    /// Without any line. Changes before `since` are ignored.
    pub(super) fn since(since: Timestamp) -> Self {
        Self { since, tokens: BTreeMap::new(), catalog: None, exchanged: 0, begin: None, read: 0, changes: 0 }
    }

    pub(super) fn tokens(&self) -> &BTreeMap<TokenId, TokenChanges> {
        &self.tokens
    }

    pub(super) fn catalog(&self) -> Option<&CatalogChange> {
        self.catalog.as_ref()
    }

    /// Number of tokens that were issued to CI jobs.
    pub(super) fn exchanged(&self) -> u64 {
        self.exchanged
    }

    /// Time of the earliest log line.
    pub(super) fn begin(&self) -> Option<Timestamp> {
        self.begin
    }

    /// Number of lines.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Number of change log lines among them, since the start.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Adds a line of any log. Exports of CloudWatch Logs have a time before it.
    pub(super) fn add(&mut self, text: &str) {
        self.read += 1;
        let Some(json) = text.find('{').and_then(|from| text.get(from..)) else { return };
        let Ok(Timed { timestamp }) = serde_json::from_str(json) else { return };
        self.begin = Some(self.begin.map_or(timestamp, |begin| begin.min(timestamp)));
        if timestamp < self.since {
            return;
        }
        if let Ok(line) = serde_json::from_str::<Line>(json) {
            self.changes += 1;
            self.add_change(line);
        }
    }

    fn add_change(&mut self, line: Line) {
        if line.change == CATALOG_REPLACED {
            let Line { timestamp: at, catalog_version, by, .. } = line;
            let later = self.catalog.as_ref().is_none_or(|known| known.at <= at);
            if let Some(version) = catalog_version.filter(|_| later) {
                self.catalog = Some(CatalogChange { at, version, by });
            }
            return;
        }
        let Some(id) = line.token_id.as_deref().and_then(|id| id.parse::<TokenId>().ok()) else { return };
        let is_unknown = line.outcome == "unknown";
        let kind = match line.change.as_str() {
            "created" if line.by.as_deref().is_some_and(|by| by.starts_with("trust:")) => {
                self.exchanged += 1;
                return;
            }
            "created" => {
                self.tokens.entry(id).or_default().created = true;
                return;
            }
            "enabled" => {
                let enabled = &mut self.tokens.entry(id).or_default().enabled;
                // If it is unknown whether it was enabled, it counts as disabled.
                if !is_unknown {
                    *enabled = (*enabled).max(Some(line.timestamp));
                }
                return;
            }
            "revoked" => ChangeKind::Revoked,
            "deleted" => ChangeKind::Deleted,
            "rotated" => ChangeKind::Rotated,
            "disabled" => ChangeKind::Disabled,
            "secret_reuse" if line.detail.get("disabled") == Some(&Value::Bool(true)) => ChangeKind::Quarantined,
            "updated" if may_restrict(&line.detail) => ChangeKind::Updated,
            _ => return,
        };
        let known = self.tokens.entry(id).or_default();
        let last = match kind {
            // No client received the new secret of an unconfirmed rotation: an admin has to decide.
            ChangeKind::Rotated if is_unknown => &mut known.restricted,
            ChangeKind::Revoked | ChangeKind::Deleted | ChangeKind::Rotated => &mut known.revoking,
            ChangeKind::Disabled | ChangeKind::Quarantined => &mut known.disabled,
            ChangeKind::Updated => &mut known.restricted,
        };
        if last.as_ref().is_none_or(|last| last.at <= line.timestamp) {
            let Line { timestamp: at, by, event_id, .. } = line;
            *last = Some(Change { at, kind, by, event_id });
        }
    }
}

/// Whether an update may have reduced what a token can do. A new name or description does not, nor does a later expiry.
fn may_restrict(detail: &Value) -> bool {
    let Some(changes) = detail.get("changes").and_then(Value::as_array) else { return true };
    changes.iter().any(|change| match change.get("field").and_then(Value::as_str) {
        Some("name" | "description") => false,
        Some("expires_at") => {
            let time = |side: &str| change.get(side).and_then(Value::as_str).and_then(Timestamp::parse);
            // Null is never.
            change.get("to") != Some(&Value::Null) && (time("from").is_none() || time("to") < time("from"))
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "0123456789abcdef";

    fn line(second: u8, change: &str, detail: &Value) -> String {
        json!({"timestamp": format!("2027-01-15T08:00:{second:02}Z"), "change": change, "outcome": "done", "token_id": ID,
            "event_id": format!("event-{second}"), "by": "session:alice", "detail": detail})
        .to_string()
    }

    fn read(lines: &[String]) -> ChangeLines {
        let mut read = ChangeLines::since(Timestamp::from_seconds(0));
        lines.iter().for_each(|line| read.add(line));
        read
    }

    fn changes(lines: &ChangeLines) -> &TokenChanges {
        lines.tokens().values().next().unwrap()
    }

    #[test]
    fn the_last_change_of_each_kind_counts_in_any_order_of_the_lines() {
        let mut lines = vec![
            line(1, "rotated", &Value::Null),
            line(2, "disabled", &json!({"reason": "owner"})),
            line(3, "enabled", &Value::Null),
            line(4, "secret_reuse", &json!({"disabled": true})),
            line(5, "rotated", &Value::Null),
        ];
        for _ in 0..lines.len() {
            lines.rotate_left(1);
            let read = read(&lines);
            let changes = changes(&read);
            assert_eq!(changes.revoking.as_ref().unwrap().event_id.as_deref(), Some("event-5"));
            assert_eq!(changes.disabled.as_ref().unwrap().kind, ChangeKind::Quarantined);
            assert_eq!(changes.enabled, Timestamp::parse("2027-01-15T08:00:03Z"));
        }
    }

    #[test]
    fn exported_lines_have_a_time_before_them_and_other_lines_are_ignored() {
        let exported = format!("2027-01-15T08:00:09.000Z {}", line(7, "revoked", &Value::Null));
        let read = read(&[
            "START RequestId: 7".to_owned(),
            json!({"time": "2027-01-15T07:00:00.000Z", "type": "platform.start"}).to_string(),
            json!({"timestamp": "2027-01-15T07:30:00Z", "level": "INFO", "message": "revoked"}).to_string(),
            exported,
        ]);
        assert_eq!((read.read(), read.changes()), (4, 1));
        assert_eq!(read.begin(), Timestamp::parse("2027-01-15T07:00:00Z"));
        assert_eq!(changes(&read).revoking.as_ref().unwrap().kind, ChangeKind::Revoked);
    }

    #[test]
    fn only_updates_that_may_reduce_permissions_count() {
        let update = |field: &str, from: Value, to: Value| {
            may_restrict(&json!({"changes": [{"field": field, "from": from, "to": to}]}))
        };
        let (early, late) = (json!("2027-01-15T08:00:00Z"), json!("2027-02-15T08:00:00Z"));
        assert!(!update("name", json!("a"), json!("b")));
        assert!(!update("expires_at", early.clone(), late.clone()));
        assert!(!update("expires_at", early.clone(), Value::Null));
        assert!(update("expires_at", late, early.clone()));
        assert!(update("expires_at", Value::Null, early));
        assert!(update("grants", json!([]), json!([])) && update("allowed_ips", json!([]), json!(["192.0.2.0/24"])));
        assert!(may_restrict(&Value::Null));
    }
}
