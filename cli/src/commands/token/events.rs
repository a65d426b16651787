//! `portcullis token events`

use portcullis::api_types::{Event, Grant};
use portcullis::text::counted;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lookup::TokenArg;
use super::{format, words};
use crate::commands::pages::{Limit, document, entries};
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Deserialize)]
struct Page {
    events: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let (api, out) = (context.api()?, &context.out);
    let id = args.token.find_id(&api)?;
    let list = || api.get(format!("/tokens/{id}/events"));
    let (events, more) = entries(args.limit.count(), list, |page: Page| (page.events, page.next_cursor), |_| ())?;
    if out.json {
        out.document(&document("events", &events))?;
        return Ok(Outcome::Success);
    }
    let read: Result<Vec<Event>, _> = events.iter().map(|event| serde_json::from_str(event.get())).collect();
    let read = read.map_err(|_| CliError::Unreachable("this version does not understand the events".to_owned()))?;
    let row = |event: &Event| {
        vec![
            (out.format_time(event.at), None),
            (words::plain(&event.kind), None),
            (event.by.clone().unwrap_or_default(), None),
            (detail(event), None),
            (event.source_ip.map(|ip| ip.to_string()).unwrap_or_default(), None),
            (event.user_agent.clone().unwrap_or_default(), None),
        ]
    };
    let columns = [("TIME", 0), ("EVENT", 0), ("BY", 2), ("DETAIL", 1), ("IP", 3), ("CLIENT", 4)];
    out.table(&columns, read.iter().map(row).collect())?;
    if more {
        out.note(&format!("Showing {}. Use --all or --limit for more.", counted(read.len(), "event")));
    }
    Ok(Outcome::Success)
}

/// Details of an event: `reason: leaked`, `name: "a" -> "b"`.
fn detail(event: &Event) -> String {
    let Value::Object(fields) = &event.detail else { return String::new() };
    let mut lines = Vec::new();
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let requested = format::permission_on_resource(text("permission"), text("resource"));
    if event.kind.starts_with("approval_") && !requested.is_empty() {
        lines.push(requested);
    }
    // The fields are sorted by name. In this order the reason comes before the comment.
    for (name, value) in fields.iter().rev() {
        match (event.kind.as_str(), name.as_str(), value) {
            (kind, "permission" | "resource", _) if kind.starts_with("approval_") => {}
            ("rotated", "previous_secret_until", Value::Null) => {
                lines.push("previous secret invalidated immediately".to_owned());
            }
            ("rotated", "previous_secret_until", Value::String(time)) => {
                lines.push(format!("previous secret valid until {time}"));
            }
            ("secret_reuse", "disabled", Value::Bool(disabled)) => {
                lines.extend(disabled.then(|| "the token was disabled".to_owned()));
            }
            ("disabled", "reason", Value::String(code)) => lines.push(match code.as_str() {
                "owner" | "admin" => format!("by {}", words::disable_reason(code)),
                code => words::disable_reason(code).to_owned(),
            }),
            ("revoked", "reason", Value::String(code)) => lines.push(format!("reason: {}", words::plain(code))),
            (_, "approval_id", Value::String(id)) => lines.push(format!("approval {id}")),
            ("approval_approved", "expires_at", Value::String(time)) => lines.push(format!("until {time}")),
            (_, "changes", Value::Array(changes)) => lines.extend(changes.iter().map(change)),
            (_, _, Value::Null) => {}
            (_, name, Value::String(text)) => lines.push(format!("{}: {text}", words::plain(name))),
            (_, name, value) => lines.push(format!("{}: {value}", words::plain(name))),
        }
    }
    lines.join("\n")
}

fn change(change: &Value) -> String {
    let field = change.get("field").and_then(Value::as_str).unwrap_or_default();
    let part = |which: &str| change.get(which).map(|value| field_value(field, value)).unwrap_or_default();
    let name = match field {
        "allowed_ips" => "allowed IPs".to_owned(),
        "expires_at" => "expires".to_owned(),
        field => words::plain(field),
    };
    format!("{name}: {} -> {}", part("from"), part("to"))
}

fn field_value(field: &str, value: &Value) -> String {
    match (field, value) {
        ("expires_at", Value::Null) => "never".to_owned(),
        ("expires_at", Value::String(time)) => time.clone(),
        ("allowed_ips", Value::Null) => "any".to_owned(),
        ("allowed_ips", Value::Array(list)) if list.is_empty() => "any".to_owned(),
        ("allowed_ips", Value::Array(list)) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        ("grants", value) => serde_json::from_value::<Vec<Grant>>(value.clone())
            .map_or_else(|_| value.to_string(), |grants| format::grants(&grants).replace('\n', "; ")),
        (_, Value::Null) => "none".to_owned(),
        (_, value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use portcullis::clock::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn details_of_events_are_in_words() {
        let shown = |kind: &str, value: Value| {
            let (id, at) = (String::new(), Timestamp::from_seconds(0));
            let (kind, detail) = (kind.to_owned(), value);
            super::detail(&Event { id, kind, at, by: None, source_ip: None, user_agent: None, detail })
        };
        let until = "2027-01-15T08:00:00Z";
        for (kind, detail, text) in [
            ("created", Value::Null, ""),
            (
                "rotated",
                json!({ "previous_secret_until": until, "changes": [] }),
                "previous secret valid until 2027-01-15T08:00:00Z",
            ),
            (
                "rotated",
                json!({ "previous_secret_until": null, "changes": [] }),
                "previous secret invalidated immediately",
            ),
            ("secret_reuse", json!({ "disabled": true }), "the token was disabled"),
            ("secret_reuse", json!({ "disabled": false }), ""),
            ("disabled", json!({ "reason": "owner" }), "by its owner"),
            ("disabled", json!({ "reason": "admin" }), "by an admin"),
            ("disabled", json!({ "reason": "secret_reuse" }), "a rotated-out secret was used"),
            ("revoked", json!({ "reason": "owner_left", "comment": "bye" }), "reason: owner left\ncomment: bye"),
            ("revoked", json!({ "reason": null, "comment": null }), ""),
            (
                "approval_approved",
                json!({ "approval_id": "01K", "permission": "releases:write", "resource": "releases/42",
                    "expires_at": until }),
                "releases:write on releases/42\nuntil 2027-01-15T08:00:00Z\napproval 01K",
            ),
            (
                "approval_ended",
                json!({ "approval_id": "01K", "permission": "releases:write", "resource": "*", "expires_at": null }),
                "releases:write on *\napproval 01K",
            ),
            ("later", json!({ "new_field": 1 }), "new field: 1"),
        ] {
            assert_eq!(shown(kind, detail), text, "{kind}");
        }
        let grant = |resource: &str| json!([{ "permissions": ["apps:read"], "resources": [resource] }]);
        let changes = json!({ "changes": [
            { "field": "name", "from": "a", "to": "b" },
            { "field": "description", "from": null, "to": "d" },
            { "field": "expires_at", "from": null, "to": until },
            { "field": "allowed_ips", "from": [], "to": ["192.0.2.1", "192.0.2.2"] },
            { "field": "grants", "from": grant("*"), "to": grant("apps/x") },
        ] });
        let lines = [
            "name: \"a\" -> \"b\"",
            "description: none -> \"d\"",
            "expires: never -> 2027-01-15T08:00:00Z",
            "allowed IPs: any -> 192.0.2.1, 192.0.2.2",
            "grants: apps:read on * -> apps:read on apps/x",
        ];
        assert_eq!(shown("updated", changes), lines.join("\n"));
    }
}
