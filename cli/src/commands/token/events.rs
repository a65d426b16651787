//! `portcullis token events`: what happened to a token.

use portcullis::api_types::Event;
use portcullis::secret::TokenId;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lookup::id;
use crate::api::Cursors;
use crate::{Context, Failure, Outcome};

const MOST_PER_PAGE: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token's id
    #[arg(value_parser = id)]
    id: TokenId,
    /// How many at most
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// All that there are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// A page, of which each event is kept as it came.
#[derive(Deserialize)]
struct Page {
    events: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, Failure> {
    let (api, out) = (context.api()?, &context.out);
    let limit = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let (mut events, mut cursor) = (Vec::new(), None::<String>);
    let mut cursors = Cursors::default();
    loop {
        let size = MOST_PER_PAGE.min(limit - events.len());
        let call = api.get(format!("/tokens/{}/events", args.id)).query("limit", Some(size));
        let page: Page = call.query("cursor", cursor.as_ref()).send()?.read()?;
        events.extend(page.events);
        cursor = cursors.follow(page.next_cursor)?;
        if cursor.is_none() || events.len() >= limit {
            break;
        }
    }
    if out.json {
        let events = events.iter().map(|event| event.get()).collect::<Vec<_>>().join(",");
        out.document(&format!("{{\"events\":[{events}]}}"))?;
        return Ok(Outcome::Done);
    }
    let read: Result<Vec<Event>, _> = events.iter().map(|event| serde_json::from_str(event.get())).collect();
    let read = read.map_err(|_| Failure::Unreachable("the events are not what this version understands".to_owned()))?;
    let row = |event: &Event| {
        vec![
            (out.when(event.at), None),
            (event.kind.clone(), None),
            (event.by.clone().unwrap_or_default(), None),
            (event.source_ip.map(|ip| ip.to_string()).unwrap_or_default(), None),
            (event.user_agent.clone().unwrap_or_default(), None),
            (detail(&event.detail), None),
        ]
    };
    out.table(&["WHEN", "WHAT", "BY", "FROM", "WITH", "DETAIL"], read.iter().map(row).collect())?;
    if cursor.is_some() {
        out.note("There are more: --all lists them.");
    }
    Ok(Outcome::Done)
}

/// What there is to say of an event besides: `reason=leaked`, `name: "a" -> "b"`.
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
