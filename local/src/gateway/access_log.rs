//! Access log: one line per request in the template's format, appended to a file.

use super::context_variables::Context;
use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// The access log.
pub(crate) struct AccessLog {
    format: String,
    file: Mutex<File>,
}

impl AccessLog {
    /// A log in this format. The file must be opened for appending.
    pub(crate) fn new(format: &str, file: File) -> Self {
        // The template may wrap the format over several lines.
        let format = format.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        Self { format, file: Mutex::new(file) }
    }

    /// Writes one request's line. A failure is logged, and does not fail the request.
    pub(crate) fn write(&self, context: &Context) {
        let line = line(&self.format, context);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One write, so that lines of several writers do not mix.
        if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.flush()) {
            tracing::error!(%error, "cannot write the access log");
        }
    }
}

fn line(format: &str, context: &Context) -> String {
    format!("{}\n", context.render_log_line(format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    const TOKEN: &str = "pcl_0123456789abcdefSECRETSECRETSECRETSECRETSECRETSECRETSECRETx123456";

    #[test]
    fn an_access_log_line_without_values_is_still_one_json_object() {
        let template = Template::embedded().unwrap();
        let mut context = Context::default();
        context.set("status", &401);
        let line = line(&template.api.access_log, &context);
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["status_code"], 401);
        assert_eq!(parsed["api_token_id"], "-");
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn no_token_reaches_the_log_wherever_it_stood() {
        let mut context = Context::default();
        context.set("path", &format!("/x/{TOKEN}"));
        let line = line(r#"{"p":"$context.path"}"#, &context);
        assert!(!line.contains("SECRET"), "{line}");
        assert!(line.contains("pcl_0123456789abcdef"), "{line}");
    }

    #[test]
    fn an_owner_stands_in_the_log_as_it_is() {
        let owner = format!("a_{}", "b1".repeat(40));
        let mut context = Context::default();
        context.set("authorizer.audit_owner", &owner);
        assert!(line(r#"{"o":"$context.authorizer.audit_owner"}"#, &context).contains(&owner));
    }
}
