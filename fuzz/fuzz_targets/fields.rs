//! The fields of a JSON merge patch (RFC 7396). Oracle: a second implementation of which fields are wrong.
#![no_main]

use arbitrary::Arbitrary;
use lambda_http::Body;
use libfuzzer_sys::fuzz_target;
use portcullis::grants::Permission;
use portcullis::http::JsonFields;
use portcullis::text::{Description, TokenName};
use serde_json::{Map, Value, json};

const MAX_PERMISSIONS: usize = 3;
const MAX_DAYS: u32 = 100;
const KNOWN: &str = "name, description, permissions, days";

#[derive(Arbitrary, Clone, Debug)]
enum Input<'a> {
    Null,
    Bool(bool),
    Whole(i32),
    Float(f64),
    Text(&'a str),
    List(Vec<&'a str>),
    Mixed(Vec<Option<&'a str>>),
    Object,
}

fuzz_target!(|input: (Vec<(u8, Input)>, &[u8])| {
    let (given, bytes) = input;
    // Any bytes are refused, or read.
    let is_object = serde_json::from_slice::<Value>(bytes).is_ok_and(|value| value.is_object());
    assert!(is_object || JsonFields::read(&Body::Binary(bytes.to_vec())).is_err());

    let names = ["name", "description", "permissions", "days", "other"];
    let object: Map<String, Value> =
        given.iter().map(|(at, value)| (names[usize::from(*at) % names.len()].to_owned(), json(value))).collect();
    let body = serde_json::to_vec(&object).unwrap();
    if body.len() > 16 * 1024 {
        assert!(JsonFields::read(&Body::Binary(body)).is_err());
        return;
    }
    let mut fields = JsonFields::read(&Body::Binary(body)).unwrap();
    let name: Option<TokenName> = fields.optional("name");
    let removed = fields.take_if_null("description");
    let description: Option<Description> = fields.optional("description");
    let permissions: Option<Vec<Permission>> = fields.list("permissions", MAX_PERMISSIONS);
    let days = fields.number("days", MAX_DAYS);
    assert_eq!(removed, object.get("description") == Some(&Value::Null));

    let text = |field: &str| object.get(field).and_then(Value::as_str);
    let is_given = |field: &str| object.get(field).is_some_and(|value| !value.is_null());
    assert_eq!(name, text("name").and_then(|name| name.parse().ok()));
    assert_eq!(description, text("description").and_then(|description| description.parse().ok()));
    let listed = object.get("permissions").and_then(Value::as_array);
    let good: Option<Vec<Permission>> = listed
        .filter(|list| (1..=MAX_PERMISSIONS).contains(&list.len()))
        .and_then(|list| list.iter().map(|entry| entry.as_str()?.parse().ok()).collect());
    if let Some(good) = &good {
        assert!(good.iter().all(|entry| permissions.iter().flatten().any(|found| found == entry)));
    }
    let number = object.get("days").and_then(Value::as_f64).filter(|days| days.fract() == 0.0);
    let number = number.filter(|days| (1.0..=f64::from(MAX_DAYS)).contains(days));
    assert_eq!(days.map(f64::from), number);

    let wrong = is_given("name") && name.is_none()
        || is_given("description") && description.is_none()
        // Only a string and a number may be null.
        || object.contains_key("permissions") && good.is_none()
        || is_given("days") && days.is_none()
        || object.contains_key("other");
    assert_eq!(fields.finish(KNOWN).is_err(), wrong, "{object:?}");
});

fn json(input: &Input) -> Value {
    match input {
        Input::Null => Value::Null,
        Input::Bool(value) => json!(value),
        Input::Whole(value) => json!(value),
        Input::Float(value) => json!(value),
        Input::Text(value) => json!(value),
        Input::List(value) => json!(value),
        Input::Mixed(value) => json!(value),
        Input::Object => json!({}),
    }
}
