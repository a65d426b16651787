//! `$context` variables of one request, and templates that use them.

use portcullis::text::redact;
use std::collections::BTreeMap;

/// The variables of one request, by name without `$context.`.
#[derive(Debug, Default)]
pub(crate) struct Context {
    values: BTreeMap<String, String>,
}

impl Context {
    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: &(impl ToString + ?Sized)) {
        self.values.insert(name.to_owned(), value.to_string());
    }

    /// A variable, if it is set.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Renders a gateway response. As in API Gateway, values are inserted unescaped, so that a value
    /// that is unsafe in JSON shows here and not after a deployment.
    pub(crate) fn render_response(&self, template: &str) -> String {
        self.render(template, |_, value| value.unwrap_or_default().to_owned())
    }

    /// Renders an access log line. A missing value is `-`. Values are escaped, so that none can end its
    /// string or the line. Possible tokens are redacted, except in the owner and in the path, which
    /// the authorizer has redacted.
    pub(crate) fn render_log_line(&self, format: &str) -> String {
        self.render(format, |name, value| match (name, value) {
            (_, None) => "-".to_owned(),
            ("authorizer.audit_owner" | "authorizer.audit_path", Some(value)) => inside_json_text(value),
            (_, Some(value)) => inside_json_text(&redact(value)),
        })
    }

    fn render(&self, template: &str, write: impl Fn(&str, Option<&str>) -> String) -> String {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("$context.") {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            // A trailing full stop is not part of the name.
            let trimmed = name.trim_end_matches('.');
            out.push_str(before);
            out.push_str(&write(trimmed, self.find(trimmed)));
            out.push_str(name.strip_prefix(trimmed).unwrap_or_default());
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Escapes a value for a JSON string, unless it is already escaped.
fn inside_json_text(value: &str) -> String {
    let quoted = format!("\"{value}\"");
    if serde_json::from_str::<String>(&quoted).is_ok() {
        return value.to_owned();
    }
    let escaped = serde_json::Value::from(value).to_string();
    let inner = escaped.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn context(values: &[(&str, &str)]) -> Context {
        let mut context = Context::default();
        for (name, value) in values {
            context.set(name, *value);
        }
        context
    }

    #[test]
    fn unknown_variables_are_empty_in_responses_and_a_dash_in_logs() {
        let context = context(&[("requestId", "r-1"), ("authorizer.owner", "team")]);
        let text = r#"{"id":"$context.requestId","o":"$context.authorizer.owner","x":"$context.nope"}"#;
        assert_eq!(context.render_response(text), r#"{"id":"r-1","o":"team","x":""}"#);
        assert_eq!(context.render_log_line(text), r#"{"id":"r-1","o":"team","x":"-"}"#);
    }

    #[test]
    fn punctuation_behind_a_variable_stays() {
        let context = context(&[("status", "200"), ("requestId", "r")]);
        assert_eq!(context.render_response("Status $context.status. $context.requestId-"), "Status 200. r-");
        assert_eq!(context.render_response("$context."), "");
        assert_eq!(context.render_response("$ctx $context"), "$ctx $context");
    }

    #[test]
    fn a_value_is_not_searched_for_variables_again() {
        let context = context(&[("path", "$context.secret"), ("secret", "hidden")]);
        assert_eq!(context.render_response("[$context.path]"), "[$context.secret]");
    }

    #[test]
    fn no_value_can_forge_a_field_or_a_line_of_the_access_log() {
        let format = r#"{"path":"$context.path","status_code":$context.status}"#;
        for nasty in [
            r#"x","status_code":200,"y":""#,
            "x\"}\n{\"path\":\"forged",
            "back\\slash",
            "ends in \\",
            "\r\n\u{0}\u{7f}\u{2028}",
            "\u{202e}right to left",
        ] {
            let line = context(&[("path", nasty), ("status", "403")]).render_log_line(format);
            assert_eq!(line.lines().count(), 1, "{line}");
            let parsed: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(parsed["path"], nasty);
            assert_eq!(parsed["status_code"], 403);
            assert_eq!(parsed.as_object().unwrap().len(), 2);
        }
    }

    #[test]
    fn json_safe_values_are_not_escaped_twice() {
        let line = context(&[("name", r#"say \"hi\""#)]).render_log_line(r#"{"n":"$context.name"}"#);
        assert_eq!(line, r#"{"n":"say \"hi\""}"#);
    }
}
