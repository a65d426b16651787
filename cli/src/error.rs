//! Errors of commands, with their messages, hints and exit codes.

mod problem_text;

use std::borrow::Cow;

use portcullis::api_types::Problem;
use serde_json::json;

use crate::io_error;

/// Error of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Invalid command line or input.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// No credential is configured.
    #[error("not signed in")]
    NoCredential,
    /// Signing in, or renewing a session, failed. `url` is the argument of `login`, if it was given.
    #[error("{message}")]
    SignIn { message: String, url: Option<String> },
    /// The service responded with a problem document.
    #[error("{}", .0.message())]
    Refused(Box<ApiError>),
    /// The service is unreachable, or its response is not understood.
    #[error("{0}")]
    Unreachable(String),
    /// No response to a create, which may have succeeded.
    #[error("{message}")]
    LostResponse { message: String, key: String },
    /// A request for approval was not approved.
    #[error("{message}")]
    NotApproved { outcome: NotApproved, message: String, hint: Option<String> },
    /// The command was only partly completed.
    #[error("{0}")]
    Unfinished(String),
    /// No token can be given by this name.
    #[error("{0}")]
    UnknownName(String),
    /// AWS denied the request, or the resource does not exist.
    #[cfg(feature = "aws")]
    #[error("{message}")]
    Aws { exit_code: u8, message: String, hint: Option<String> },
    /// The user declined.
    #[error("cancelled; nothing was changed")]
    Cancelled,
    /// Writing to standard output failed.
    #[error("standard output: {}", io_error::explain(.0))]
    Output(std::io::Error),
    /// The reader closed standard output.
    #[error("standard output was closed")]
    Closed,
}

/// Outcome of a request for approval that was not approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotApproved {
    /// Rejected.
    Rejected,
    /// Lapsed without a decision, or ended, or the approval is over.
    Ended,
    /// Still pending when the time to wait was over.
    TimedOut,
    /// Still pending at Ctrl-C.
    Interrupted,
}

/// Error response of the service: a problem document, with context.
#[derive(Debug)]
pub(crate) struct ApiError {
    /// HTTP status.
    pub(crate) status: u16,
    pub(crate) problem: Problem,
    /// The problem document, unchanged.
    pub(crate) document: String,
    /// Source of the credential.
    pub(crate) source: Option<String>,
    /// Path of the request.
    path: String,
    /// Field errors: the field, named by its flag or its path in a document, and the message.
    pub(crate) fields: Vec<(String, String)>,
}

impl CliError {
    /// Invalid command line or input.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    /// Signing in, or renewing a session, failed.
    pub(crate) fn sign_in(message: impl Into<String>) -> Self {
        Self::SignIn { message: message.into(), url: None }
    }

    /// The message in the second person, if the request was about the caller's own tokens. The document is not changed.
    #[must_use]
    pub(crate) fn addressed_to_owner(mut self, is_own: bool) -> Self {
        if let (Self::Refused(refused), true) = (&mut self, is_own)
            && let Some(detail) = &mut refused.problem.detail
        {
            *detail = detail.replacen("The owner has reached the limit", "You've reached the limit", 1);
        }
        self
    }

    /// Names the fields with `name` instead of [`flag_for_field`].
    #[must_use]
    pub(crate) fn with_field_names(mut self, name: impl Fn(&str) -> String) -> Self {
        if let Self::Refused(refused) = &mut self {
            refused.name_fields(name);
        }
        self
    }

    /// Shows field errors as `show` returns them: with another name and message. The document is not changed.
    #[must_use]
    pub(crate) fn with_field_errors(mut self, show: impl Fn(&str, &str) -> Option<(String, String)>) -> Self {
        if let Self::Refused(refused) = &mut self {
            for (shown, error) in refused.fields.iter_mut().zip(&refused.problem.errors) {
                if let Some(other) = show(&error.field, &error.message) {
                    *shown = other;
                }
            }
        }
        self
    }

    /// Replaces the message of a field.
    #[must_use]
    pub(crate) fn with_message(mut self, field: &str, message: &str) -> Self {
        if let Self::Refused(refused) = &mut self {
            for error in refused.problem.errors.iter_mut().filter(|error| error.field == field) {
                let (old, new) = (json!(error.message).to_string(), json!(message).to_string());
                refused.document = refused.document.replace(&old, &new);
                message.clone_into(&mut error.message);
            }
        }
        self
    }

    /// Adds a hint to a usage error.
    #[must_use]
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Usage { message, .. } => Self::Usage { message, hint: Some(hint.into()) },
            other => other,
        }
    }

    /// Exit code; listed in `reference` and docs/cli.md.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::NoCredential | Self::SignIn { .. } => 3,
            Self::Refused(refused) => match refused.status {
                401 => 3,
                403 => 4,
                404 => 5,
                409 | 412 | 428 => 6,
                400..=428 | 430..=499 => 2,
                _ => 7,
            },
            Self::UnknownName(_) => 5,
            Self::Unreachable(_) | Self::LostResponse { .. } | Self::Unfinished(_) | Self::Output(_) => 7,
            #[cfg(feature = "aws")]
            Self::Aws { exit_code, .. } => *exit_code,
            Self::Cancelled => 8,
            Self::NotApproved { outcome, .. } => match outcome {
                NotApproved::Rejected => 9,
                NotApproved::Ended => 10,
                NotApproved::TimedOut => 11,
                NotApproved::Interrupted => 8,
            },
            Self::Closed => 0,
        }
    }

    /// Whether the same request may succeed a moment later: the service was unreachable, busy or failed.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(refused) => matches!(refused.status, 429 | 500..=599),
            _ => false,
        }
    }

    /// Field errors: the name of each field, and the message.
    pub(crate) fn fields(&self) -> &[(String, String)] {
        if let Self::Refused(refused) = self { &refused.fields } else { &[] }
    }

    /// What to do about the error.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::NotApproved { hint, .. } => hint.clone(),
            Self::NoCredential => Some("run portcullis login, or set PORTCULLIS_API_TOKEN".to_owned()),
            Self::SignIn { url: None, .. } => Some("run portcullis login".to_owned()),
            Self::SignIn { url: Some(url), .. } => Some(format!("run portcullis login {url}")),
            Self::UnknownName(_) => Some("list the tokens with portcullis token list".to_owned()),
            Self::LostResponse { key, .. } => Some(format!(
                "repeat the command with --idempotency-key {key} added; if the token was created after all, no second one is created"
            )),
            Self::Refused(refused) => refused.hint(),
            #[cfg(feature = "aws")]
            Self::Aws { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    /// The problem document: the service's, unchanged, or else one of the command's own.
    pub(crate) fn document(&self) -> Cow<'_, str> {
        match self {
            Self::Refused(refused) if !refused.document.is_empty() => Cow::Borrowed(&refused.document),
            _ => {
                let r#type = format!("urn:portcullis:cli:{}", self.kind());
                let title = self.kind().replace('_', " ");
                let mut document = json!({ "type": r#type, "title": title, "detail": self.to_string() });
                if let (Some(hint), Some(fields)) = (self.hint(), document.as_object_mut()) {
                    fields.insert("hint".to_owned(), json!(hint));
                }
                Cow::Owned(document.to_string())
            }
        }
    }

    /// Name of the error in the type of a problem document; listed in docs/cli.md.
    fn kind(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "invalid_input",
            Self::NoCredential => "not_signed_in",
            Self::SignIn { .. } => "sign_in_failed",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "no_valid_response",
            Self::LostResponse { .. } => "lost_response",
            Self::Unfinished(_) => "unfinished",
            Self::UnknownName(_) => "unknown_name",
            #[cfg(feature = "aws")]
            Self::Aws { .. } => "aws",
            Self::Cancelled => "cancelled",
            Self::NotApproved { outcome, .. } => match outcome {
                NotApproved::Rejected => "rejected",
                NotApproved::Ended => "approval_ended",
                NotApproved::TimedOut => "timed_out",
                NotApproved::Interrupted => "cancelled",
            },
            Self::Output(_) | Self::Closed => "output",
        }
    }
}

impl ApiError {
    /// Creates the error, with fields named by their flags.
    pub(crate) fn new(
        status: u16,
        problem: Problem,
        document: String,
        source: Option<String>,
        path: &str,
    ) -> Box<Self> {
        let mut refused = Self { status, problem, document, source, path: path.to_owned(), fields: Vec::new() };
        refused.name_fields(flag_for_field);
        Box::new(refused)
    }

    fn name_fields(&mut self, name: impl Fn(&str) -> String) {
        let errors = self.problem.errors.iter();
        self.fields = errors.map(|error| (name(&error.field), error.message.clone())).collect();
    }
}

/// Flag for a field: `expires_in` becomes `--expires-in`, `permissions[3]` becomes `--permission 4`, and
/// `grants[0].resources[1]` becomes `--grant 1, resource 2`.
pub(crate) fn flag_for_field(field: &str) -> String {
    let (head, place) = field.split_once('[').unwrap_or((field, ""));
    let name = match head {
        "permissions" => "--permission",
        "resources" => "--resource",
        "grants" => "--grant",
        "allowed_ips" => "--allow-ip",
        "source_ip" => "--ip",
        "If-Match" => "--if-match",
        "Idempotency-Key" => "--idempotency-key",
        "name" | "description" | "role" | "owner" | "expires_in" | "expires_at" | "overlap" | "reason" | "comment"
        | "flush" | "days" | "status" | "idle_days" | "limit" | "permission" | "resource" | "link" | "valid_for" => {
            return format!("--{}", head.replace('_', "-"));
        }
        "token_id" | "token" => "TOKEN",
        "method" => "METHOD",
        "path" => "PATH",
        _ => return field.to_owned(),
    };
    let (index, part) = place.split_once(']').unwrap_or_default();
    let part = part.strip_prefix('.').map(|part| match part.split_once('[') {
        Some((list, index)) => format!(", {}{}", list.trim_end_matches('s'), nth(index.trim_end_matches(']'))),
        None => format!(", {part}"),
    });
    format!("{name}{}{}", nth(index), part.unwrap_or_default())
}

/// ` 4` for the index 3.
fn nth(index: &str) -> String {
    index.parse::<usize>().map(|index| format!(" {}", index.saturating_add(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_by_their_flags() {
        for (field, name) in [
            ("name", "--name"),
            ("expires_in", "--expires-in"),
            ("permissions", "--permission"),
            ("permissions[3]", "--permission 4"),
            ("grants[0].resources[1]", "--grant 1, resource 2"),
            ("grants[1].resources", "--grant 2, resources"),
            ("token_id", "TOKEN"),
            ("valid_for", "--valid-for"),
            ("roles.cicd", "roles.cicd"),
            ("If-Match", "--if-match"),
        ] {
            assert_eq!(flag_for_field(field), name);
        }
    }
}
