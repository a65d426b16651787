//! What went wrong: how it is said to a person, and the exit code that scripts see.

use portcullis::api_types::Problem;
use serde_json::json;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The call or its input is wrong.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What may help.
        hint: Option<String>,
    },
    /// Nothing to be let in with.
    #[error("no credential: it is not known who you are")]
    NoCredential,
    /// The person is not signed in, or cannot be.
    #[error("{0}")]
    SignIn(String),
    /// The service answered with a problem document.
    #[error("{}", sentence(.0))]
    Refused(Box<ApiError>),
    /// The service cannot be reached, or what answered is not the service.
    #[error("{0}")]
    Unreachable(String),
    /// Some of it could not be done, or not be read.
    #[error("{0}")]
    Unfinished(String),
    /// AWS refused, or has nothing of that name.
    #[cfg(feature = "aws")]
    #[error("{message}")]
    Aws {
        /// What that is for a script.
        exit_code: u8,
        /// What is wrong.
        message: String,
        /// What may help.
        hint: Option<String>,
    },
    /// Whoever was asked said no.
    #[error("cancelled; nothing was changed")]
    Cancelled,
    /// Standard output cannot be written to.
    #[error("standard output: {0}")]
    Output(std::io::Error),
    /// Whoever reads standard output has gone.
    #[error("standard output was closed")]
    Closed,
}

/// A problem document, and what else is known of the call.
#[derive(Debug)]
pub(crate) struct ApiError {
    /// The answer's status.
    pub(crate) status: u16,
    /// What it says.
    pub(crate) problem: Problem,
    /// The document as it came.
    pub(crate) document: String,
    /// Where the credential came from.
    pub(crate) source: Option<String>,
    /// What is wrong with each field, under the name that it has on the command line or in a document.
    pub(crate) fields: Vec<(String, String)>,
}

impl CliError {
    /// The call or its input is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    /// The same, with other names of the fields than [`flag_for_field`] gives to those of the service.
    #[must_use]
    pub(crate) fn with_field_names(mut self, name: impl Fn(&str) -> String) -> Self {
        if let Self::Refused(refused) = &mut self {
            refused.name_fields(name);
        }
        self
    }

    /// The same, with another message for a field of the service.
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

    /// What may help, besides.
    #[must_use]
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Usage { message, .. } => Self::Usage { message, hint: Some(hint.into()) },
            other => other,
        }
    }

    /// The exit code; `args` and docs/cli.md list them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::NoCredential | Self::SignIn(_) => 3,
            Self::Refused(refused) => match refused.status {
                401 => 3,
                403 => 4,
                404 => 5,
                409 | 412 | 428 => 6,
                400..=428 | 430..=499 => 2,
                _ => 7,
            },
            Self::Unreachable(_) | Self::Unfinished(_) | Self::Output(_) => 7,
            #[cfg(feature = "aws")]
            Self::Aws { exit_code, .. } => *exit_code,
            Self::Cancelled => 8,
            Self::Closed => 0,
        }
    }

    /// What is wrong with each field, under the name that a person gave it by.
    pub(crate) fn fields(&self) -> &[(String, String)] {
        if let Self::Refused(refused) = self { &refused.fields } else { &[] }
    }

    /// What may help.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::NoCredential => Some(
                "sign in with portcullis login, set PORTCULLIS_API_TOKEN, give --api-token-file PATH or -, or name \
                 api_token_file in a profile"
                    .to_owned(),
            ),
            Self::SignIn(_) => Some("sign in with portcullis login".to_owned()),
            Self::Refused(refused) => refused.hint(),
            #[cfg(feature = "aws")]
            Self::Aws { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    /// The problem document as it came.
    pub(crate) fn document(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) if !refused.document.is_empty() => Some(&refused.document),
            _ => None,
        }
    }
}

impl ApiError {
    /// With the fields of the problem named as flags.
    pub(crate) fn new(status: u16, problem: Problem, document: String, source: Option<String>) -> Box<Self> {
        let mut refused = Self { status, problem, document, source, fields: Vec::new() };
        refused.name_fields(flag_for_field);
        Box::new(refused)
    }

    fn name_fields(&mut self, name: impl Fn(&str) -> String) {
        let errors = self.problem.errors.iter();
        self.fields = errors.map(|error| (name(&error.field), error.message.clone())).collect();
    }

    fn hint(&self) -> Option<String> {
        match self.status {
            401 => self.source.as_ref().map(|source| format!("the credential came from {source}")),
            412 => Some("look at it again, and repeat the command if it is still to be done".to_owned()),
            429 | 503 => Some("try again in a moment".to_owned()),
            500..=599 => {
                self.problem.request_id.as_ref().map(|id| format!("the request is {id} in the service's logs"))
            }
            _ => None,
        }
    }
}

/// The detail as a sentence, or else the title.
fn sentence(refused: &ApiError) -> String {
    let problem = &refused.problem;
    let title = if problem.title.is_empty() { "the service refused" } else { &problem.title };
    problem.detail.clone().unwrap_or_else(|| title.to_owned())
}

/// `expires_in` is `--expires-in`, `permissions[3]` is the fourth `--permission`.
pub(crate) fn flag_for_field(field: &str) -> String {
    let (head, rest) = field.split_once('[').unwrap_or((field, ""));
    let name = match head {
        "permissions" => "--permission",
        "resources" => "--resource",
        "grants" => "--grant",
        "allowed_ips" => "--allow-ip",
        "source_ip" => "--ip",
        "name" | "description" | "role" | "owner" | "expires_in" | "expires_at" | "overlap" | "reason" | "comment"
        | "flush" | "days" | "status" | "idle_days" | "limit" => {
            return format!("--{}", head.replace('_', "-"));
        }
        "token_id" => "ID",
        "method" => "METHOD",
        "path" => "PATH",
        _ => return field.to_owned(),
    };
    // People count from one.
    let (index, within) = rest.split_once(']').unwrap_or(("", ""));
    let nth = index.parse::<usize>().map(|index| format!(" (no. {})", index + 1)).unwrap_or_default();
    format!("{name}{nth}{}", within.replacen('.', ", ", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_the_name_that_it_has_on_the_command_line() {
        for (field, name) in [
            ("name", "--name"),
            ("expires_in", "--expires-in"),
            ("permissions", "--permission"),
            ("permissions[3]", "--permission (no. 4)"),
            ("grants[0].resources[1]", "--grant (no. 1), resources[1]"),
            ("token_id", "ID"),
            ("roles.cicd", "roles.cicd"),
            ("If-Match", "If-Match"),
        ] {
            assert_eq!(flag_for_field(field), name);
        }
    }
}
