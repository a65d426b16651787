//! `portcullis token events`

use portcullis::api_types::Event;
use portcullis::text::counted;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lookup::TokenArg;
use super::pages::{Limit, document, entries};
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
            (event.kind.clone(), None),
            (event.by.clone().unwrap_or_default(), None),
            (detail(&event.detail), None),
            (event.source_ip.map(|ip| ip.to_string()).unwrap_or_default(), None),
            (event.user_agent.clone().unwrap_or_default(), None),
        ]
    };
    out.table(&["TIME", "EVENT", "BY", "DETAIL", "IP", "CLIENT"], read.iter().map(row).collect())?;
    if more {
        out.note(&format!("Showing {}. Use --all or --limit for more.", counted(read.len(), "event")));
    }
    Ok(Outcome::Success)
}

/// Details of an event: `reason=leaked`, `name: "a" -> "b"`.
fn detail(detail: &Value) -> String {
    let Value::Object(fields) = detail else { return String::new() };
    let mut words = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::Array(changes) if name == "changes" => words.extend(changes.iter().map(|change| {
                let part = |which: &str| change.get(which).map(Value::to_string).unwrap_or_default();
                let field = change.get("field").and_then(Value::as_str).unwrap_or_default();
                format!("{field}: {} -> {}", part("from"), part("to"))
            })),
            Value::String(text) => words.push(format!("{name}={text}")),
            value => words.push(format!("{name}={value}")),
        }
    }
    words.join("\n")
}
