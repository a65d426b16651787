//! Audit log of the local stack: an entry per decision, as JSON or text on standard output, and as
//! JSON in a file.

use portcullis::audit_log::AuditEntry;
use portcullis::text::unprintable;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Format of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, as in a deployment.
    Json,
    /// One short line of text.
    Pretty,
}

/// The audit log.
pub(crate) struct AuditLog {
    format: LogFormat,
    sinks: Mutex<Sinks>,
}

struct Sinks {
    shown: Box<dyn Write + Send>,
    kept: Box<dyn Write + Send>,
}

impl AuditLog {
    /// Writes to `shown` in this format, and to `kept` as JSON.
    pub(crate) fn new(format: LogFormat, shown: Box<dyn Write + Send>, kept: Box<dyn Write + Send>) -> Self {
        Self { format, sinks: Mutex::new(Sinks { shown, kept }) }
    }

    /// Writes an entry. If this fails, deny the request.
    ///
    /// # Errors
    /// Writing to either sink failed.
    pub(crate) fn write(&self, decision: &AuditEntry) -> io::Result<()> {
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        decision.write_to(&mut sinks.kept)?;
        match self.format {
            LogFormat::Json => decision.write_to(&mut sinks.shown),
            LogFormat::Pretty => write_pretty(decision, &mut sinks.shown),
        }
    }
}

fn write_pretty(decision: &AuditEntry, sink: &mut dyn Write) -> io::Result<()> {
    sink.write_all(pretty(&decision.redacted()).as_bytes())?;
    sink.write_all(b"\n")?;
    sink.flush()
}

/// `2025-11-22T10:30:00Z allow GET /apps/billing token=<id> name="ci" owner=admin`
fn pretty(decision: &AuditEntry) -> String {
    let mut line = format!("{} {:5}", decision.timestamp.truncated_to_seconds(), decision.rbac_decision);
    for text in [&decision.method, &decision.path] {
        line.push(' ');
        line.push_str(&printable(text.as_deref().unwrap_or("-")));
    }
    // A principal without a token id is a user session.
    let session = decision.principal_type.filter(|kind| *kind == "session");
    let fields = [
        ("principal", session),
        ("token", decision.api_token_id.as_deref()),
        ("name", decision.api_token_name.as_deref()),
        ("owner", decision.owner.as_deref()),
        ("reason", decision.reason),
        ("detail", decision.detail.as_deref()),
    ];
    for (label, value) in fields {
        if let Some(value) = value {
            line.push_str(&format!(" {label}={:?}", printable(value)));
        }
    }
    line
}

/// Escapes control characters, so that a caller cannot move the terminal's cursor or start a line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if unprintable(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::audit_log::AUDIT_LEVEL;
    use portcullis::authz::Api;
    use portcullis::clock::Timestamp;
    use std::sync::Arc;
    use std::time::Duration;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(format: LogFormat, decision: &AuditEntry) -> String {
        let written = Written::default();
        AuditLog::new(format, Box::new(written.clone()), Box::new(io::sink())).write(decision).unwrap();
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn decision(path: &str) -> AuditEntry {
        AuditEntry {
            timestamp: Timestamp::from_seconds(1_800_000_000),
            level: AUDIT_LEVEL,
            request_id: Some("r-1".to_owned()),
            principal_type: Some("token"),
            api_token_id: Some("0123456789abcdef".to_owned()),
            api_token_name: Some("GitHub Actions".to_owned()),
            owner: Some("admin".to_owned()),
            via: None,
            superseded: false,
            method: Some("GET".to_owned()),
            api: Api::Protected,
            path: Some(path.to_owned()),
            source_ip: Some("127.0.0.1".to_owned()),
            rbac_decision: "deny",
            reason: Some("permission_missing"),
            approval_id: None,
            approved_by: None,
            detail: None,
            duration: Duration::from_millis(8),
        }
    }

    #[test]
    fn the_pretty_line_is_short_and_complete() {
        assert_eq!(
            line(LogFormat::Pretty, &decision("/apps/billing")),
            "2027-01-15T08:00:00Z deny  GET /apps/billing token=\"0123456789abcdef\" \
             name=\"GitHub Actions\" owner=\"admin\" reason=\"permission_missing\"\n"
        );
    }

    #[test]
    fn the_json_line_is_the_deployed_one() {
        let json = line(LogFormat::Json, &decision("/apps/billing"));
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(parsed["rbac_decision"], "deny");
        assert_eq!(parsed["request_id"], "r-1");
    }

    #[test]
    fn the_log_file_is_json_in_any_display_format() {
        let kept = Written::default();
        let log = AuditLog::new(LogFormat::Pretty, Box::new(io::sink()), Box::new(kept.clone()));
        log.write(&decision("/apps/billing")).unwrap();
        let kept = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(kept, line(LogFormat::Json, &decision("/apps/billing")));
    }

    #[test]
    fn no_path_can_forge_a_line_or_carry_a_token_into_the_log() {
        let token = "pcl_0123456789abcdefSECRETSECRETSECRETSECRETSECRETSECRETSECRETx123456";
        for format in [LogFormat::Pretty, LogFormat::Json] {
            let path = format!("/x\n2027-01-15T08:00:00Z allow\u{1b}[2K/{token}");
            let line = line(format, &decision(&path));
            assert_eq!(line.lines().count(), 1, "{line}");
            assert!(!line.contains("SECRET") && !line.contains('\u{1b}'), "{line}");
        }
    }
}
