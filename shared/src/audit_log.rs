//! The audit log: one JSON line per authorization decision.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::authz::Api;
use crate::clock::Timestamp;
use crate::text::contains_credential;
pub use crate::text::redact;

/// Level of every entry. Lambda drops lines below a function's `ApplicationLogLevel`, so the template sets that
/// to INFO for the functions that write the audit log.
pub const AUDIT_LEVEL: &str = "INFO";

/// An entry of the audit log. It holds no secret, header or body; token-like text in a path or a name is
/// redacted ([`redact`]).
#[derive(Clone, Debug, Serialize)]
pub struct AuditEntry {
    /// Time of the decision.
    pub timestamp: Timestamp,
    /// [`AUDIT_LEVEL`].
    pub level: &'static str,
    /// The gateway's request ID, which the access log has too.
    pub request_id: Option<String>,
    /// `token`, or null if no token could be parsed.
    pub principal_type: Option<&'static str>,
    /// The ID that was presented. `reason` tells whether it was authenticated.
    pub api_token_id: Option<String>,
    /// Name of the token, once authenticated.
    pub api_token_name: Option<String>,
    /// Owner of the token, once authenticated.
    pub owner: Option<String>,
    /// For tokens issued by an exchange: the identity that was exchanged.
    pub via: Option<String>,
    /// Whether the secret was a previous one: during its overlap, or after it (`secret_reuse`).
    pub superseded: bool,
    /// Method of the request.
    pub method: Option<String>,
    /// The API that the request is for.
    #[serde(skip)]
    pub api: Api,
    /// Path of the request, as the gateway evaluated it.
    pub path: Option<String>,
    /// Client IP address that the gateway saw.
    pub source_ip: Option<String>,
    /// `allow`, `deny`, or `error` if no decision could be made and the response was a 500.
    pub rbac_decision: &'static str,
    /// Reason of the denial.
    pub reason: Option<&'static str>,
    /// ID of the approval that the request used; left out if it used none. Several are separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// The actor who approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Details of a malformed credential, or of a missed deadline.
    pub detail: Option<String>,
    /// Time that the decision took.
    #[serde(rename = "duration_ms", serialize_with = "as_milliseconds")]
    pub duration: Duration,
}

impl AuditEntry {
    /// An entry for a denied request about which nothing else is known.
    #[must_use]
    pub fn denied(api: Api, timestamp: Timestamp) -> Self {
        Self {
            timestamp,
            level: AUDIT_LEVEL,
            request_id: None,
            principal_type: None,
            api_token_id: None,
            api_token_name: None,
            owner: None,
            via: None,
            superseded: false,
            method: None,
            api,
            path: None,
            source_ip: None,
            rbac_decision: "deny",
            reason: None,
            approval_id: None,
            approved_by: None,
            detail: None,
            duration: Duration::ZERO,
        }
    }

    /// Writes the redacted entry as one line, with a single write.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write_to(&self, sink: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(&*self.redacted())?;
        line.push(b'\n');
        sink.write_all(&line)?;
        sink.flush()
    }

    /// Redacts the entry. The owner stays: no token can be one, and an identifier that looks like a token must
    /// be findable in the log.
    #[must_use]
    pub fn redacted(&self) -> Cow<'_, Self> {
        let mut entry = Cow::Borrowed(self);
        let mut replace = |text: &Option<String>, field: fn(&mut Self) -> &mut Option<String>, is_path| {
            let redacted = text.as_deref().map(|text| if is_path { redact_path(self.api, text) } else { redact(text) });
            if let Some(Cow::Owned(redacted)) = redacted {
                *field(entry.to_mut()) = Some(redacted);
            }
        };
        replace(&self.api_token_name, |entry| &mut entry.api_token_name, false);
        replace(&self.via, |entry| &mut entry.via, false);
        replace(&self.method, |entry| &mut entry.method, false);
        replace(&self.detail, |entry| &mut entry.detail, false);
        replace(&self.path, |entry| &mut entry.path, true);
        entry
    }
}

/// Milliseconds with at most three decimals.
fn as_milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    serializer.serialize_f64(f64::from(micros) / 1000.0)
}

/// Redacts a path. The owner in a path of the management API stays unless it is a credential.
#[must_use]
pub fn redact_path(api: Api, path: &str) -> Cow<'_, str> {
    let owner = path.strip_prefix("/owners/").and_then(|rest| rest.strip_suffix("/revoke-tokens"));
    match owner {
        Some(owner) if api == Api::Management && !owner.contains('/') && !contains_credential(owner) => {
            Cow::Borrowed(path)
        }
        _ => redact(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_json_line_without_secrets() {
        let token = format!("pcl_{}", "a1B2".repeat(17));
        let decision = AuditEntry {
            timestamp: Timestamp::from_millis(1_800_000_000_123),
            level: AUDIT_LEVEL,
            request_id: Some("r-1".to_owned()),
            principal_type: Some("token"),
            api_token_id: Some("0123456789abcdef".to_owned()),
            api_token_name: Some("a \"name\"\nof two lines".to_owned()),
            owner: Some(format!("a_{}", "b1".repeat(40))),
            via: None,
            superseded: false,
            method: Some("GET".to_owned()),
            api: Api::Protected,
            path: Some(format!("/apps/{token}/x")),
            source_ip: Some("192.0.2.7".to_owned()),
            rbac_decision: "deny",
            reason: Some("resource_not_granted"),
            approval_id: None,
            approved_by: None,
            detail: None,
            duration: Duration::from_nanos(8_214_999),
        };
        let mut line = Vec::new();
        decision.write_to(&mut line).unwrap();
        insta::assert_snapshot!(String::from_utf8(line).unwrap(), @r#"{"timestamp":"2027-01-15T08:00:00.123Z","level":"INFO","request_id":"r-1","principal_type":"token","api_token_id":"0123456789abcdef","api_token_name":"a \"name\"\nof two lines","owner":"a_b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1","via":null,"superseded":false,"method":"GET","path":"/apps/pcl_a1B2a1B2a1B2a1B2[redacted]/x","source_ip":"192.0.2.7","rbac_decision":"deny","reason":"resource_not_granted","detail":null,"duration_ms":8.214}"#);
    }
}
