//! Words for the codes of the API. `--json` prints the codes.

use portcullis::api_types::Rule;

/// Why a request is denied, with the code. Codes of later versions are shown alone.
pub(crate) fn deny_reason(code: &str) -> String {
    let words = match code {
        "revoked" => "the token was revoked",
        "disabled" => "the token is disabled",
        "expired" => "the token has expired",
        "idle" => "the token was not used for too long; enable it",
        "malformed_path" => "the path is ambiguous; remove .., double slashes and encoded slashes",
        "ip_not_allowed" => "the token is not allowed from this IP address",
        "route_not_listed" => "no route of the catalog matches, and the catalog is strict",
        "route_lookalike" => "the path is another spelling of a route, whose permission the token does not have",
        "permission_missing" => "the token does not have the permission",
        "resource_not_granted" => "the token has the permission, but not on this resource",
        "approval_required" => "the token needs an approval for this permission, and has none",
        _ => return code.to_owned(),
    };
    format!("{words} ({code})")
}

/// Why the path of a request is ambiguous, with the code: names what makes it so, if that is known.
pub(super) fn ambiguous_path(path: &str) -> String {
    let lower = path.to_ascii_lowercase();
    let encoded = |part: &str| lower.contains(part);
    let has_segment = |name: &str| path.split('/').any(|segment| segment == name);
    let parts = [
        (has_segment("."), "."),
        (has_segment(".."), ".."),
        (path.contains("//"), "doubled slashes"),
        (encoded("%2f") || encoded("%5c"), "encoded slashes"),
        (path.contains('\\'), "backslashes"),
        (path.contains(';') || encoded("%3b"), "semicolons"),
        (path.contains('*') || encoded("%2a"), "*"),
        (encoded("%3f"), "encoded question marks"),
        (encoded("%2e"), "encoded dots"),
        (path.contains(char::is_control), "control characters"),
    ];
    let present: Vec<_> = parts.into_iter().filter(|(is_present, _)| *is_present).map(|(_, name)| name).collect();
    match present.as_slice() {
        [] => deny_reason("malformed_path"),
        _ => format!("the path is ambiguous; remove {} (malformed_path)", present.join(" and ")),
    }
}

/// The rule that decides which permission a request requires.
pub(super) fn rule(rule: &Rule) -> String {
    match (rule.source.as_str(), &rule.route) {
        ("catalog", Some(route)) => format!("route {route} of the catalog"),
        ("catalog", None) => "strict catalog".to_owned(),
        ("convention", _) => "naming convention, because no route of the catalog matches".to_owned(),
        ("portcullis", _) => "built into Portcullis".to_owned(),
        (source, _) => source.to_owned(),
    }
}

/// Who disabled a token, or why it was disabled.
pub(super) fn disable_reason(code: &str) -> &str {
    match code {
        "owner" => "its owner",
        "admin" => "an admin",
        "secret_reuse" => "a rotated-out secret was used",
        "idle" => "not used for too long",
        other => other,
    }
}

/// The code without underscores.
pub(super) fn plain(code: &str) -> String {
    code.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deny_reason_of_the_api_has_words() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.yaml");
        let description = std::fs::read_to_string(path).unwrap();
        let (_, list) = description.split_once("        reason:\n          enum:\n").unwrap();
        let codes: Vec<_> = list.lines().map_while(|line| line.trim_start().strip_prefix("- ")).collect();
        assert!(codes.contains(&"route_lookalike") && codes.contains(&"idle"), "{codes:?}");
        for code in codes.into_iter().filter(|code| *code != "null") {
            let text = deny_reason(code);
            assert!(text.ends_with(&format!(" ({code})")), "{text}");
        }
        assert_eq!(deny_reason("later"), "later");
    }
}
