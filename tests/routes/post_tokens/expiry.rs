//! Expiry of tokens.

use portcullis::clock::Timestamp;
use serde_json::json;

use crate::support::{Token, isolated_stack, stack, until_expired};

#[test]
fn an_expired_token_is_refused_everywhere_for_ever() {
    let stack = stack();
    let token = stack.create(json!({ "permissions": ["*"], "expires_in": "2s" }));
    until_expired(&stack, &token);
    for _ in 0..5 {
        for door in ["/me", "/tokens?limit=1", "/demo/apps/billing"] {
            stack.get(door).bearer(&token).send().problem(401, "invalid_token");
        }
    }
    let view = stack.get(&token.path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!(view["status"], "expired");
    assert_eq!(view["expires_at"], token.view["expires_at"]);
}

#[test]
fn expires_in_counts_from_the_creation_in_whole_seconds() {
    let stack = stack();
    // A year of 365 days, in four units.
    for lifetime in ["31536000s", "525600m", "8760h", "365d"] {
        let token = stack.create(json!({ "permissions": ["x:y"], "expires_in": lifetime }));
        let (created, ends) = (token.view["created_at"].as_str().unwrap(), token.view["expires_at"].as_str().unwrap());
        let year = |text: &str| text[..4].parse::<u32>().unwrap();
        let leap_days = u32::from(ends[4..19] != created[4..19]);
        assert!(ends.len() == 20 && ends.ends_with('Z'), "{ends}");
        assert_eq!(ends[11..19], created[11..19], "the time of day is the same");
        assert!(year(ends) == year(created) + 1 || leap_days == 1, "{created} {ends}");
    }
}

#[test]
fn expires_at_is_cut_to_whole_seconds() {
    let stack = stack();
    for (given, kept) in [
        ("2099-12-31T23:59:59Z", "2099-12-31T23:59:59Z"),
        ("2096-02-29T00:00:00Z", "2096-02-29T00:00:00Z"),
        ("2099-06-01t12:00:00z", "2099-06-01T12:00:00Z"),
        ("2099-06-01T12:00:00.000Z", "2099-06-01T12:00:00Z"),
        ("2099-12-28T20:00:13.041Z", "2099-12-28T20:00:13Z"),
        ("2099-12-28T20:00:13.041999+00:00", "2099-12-28T20:00:13Z"),
        ("2099-12-28T20:00:13-00:00", "2099-12-28T20:00:13Z"),
        ("2099-12-31T23:59:59.9-02:00", "2100-01-01T01:59:59Z"),
    ] {
        let token = stack.create(json!({ "permissions": ["x:y"], "expires_at": given }));
        assert_eq!(token.view["expires_at"], kept);
    }
}

#[test]
fn a_lifetime_cannot_be_combined_with_an_expiry_or_none() {
    let stack = stack();
    let token = stack.create(json!({ "permissions": ["x:y"] }));
    for at in [json!(null), json!("2099-01-01T00:00:00Z")] {
        let create =
            json!({ "name": "x", "permissions": ["x:y"], "resources": ["*"], "expires_in": "1d", "expires_at": at });
        let rotate = json!({ "expires_in": "1d", "expires_at": at });
        for (path, body) in [("/tokens".to_owned(), create), (format!("{}/rotate", token.path()), rotate)] {
            let refused = stack.post(&path).bearer(&stack.admin).json(&body).send().problem(400, "invalid_request");
            let error = json!([{ "field": "expires_at", "message": "must not be given together with expires_in" }]);
            assert_eq!(refused["errors"], error, "{path} {at}");
        }
    }
}

#[test]
fn the_shortest_and_the_longest_lifetime_are_accepted() {
    let stack = stack();
    for lifetime in ["1s", "36500d", "876000h", "52560000m", "3153600000s", "001d"] {
        stack.create(json!({ "permissions": ["x:y"], "expires_in": lifetime }));
    }
}

#[test]
fn an_invalid_lifetime_is_refused_and_the_limit_named() {
    let stack = stack();
    let refused = |field: &str, value: &str| {
        let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"], field: value });
        let response = stack.post("/tokens").bearer(&stack.admin).json(&body).send();
        assert_eq!(response.offending_fields(), [field], "{value:?}");
        response.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    for lifetime in ["0s", "0d", "000m", "999999999d", "36501d", "3153600001s", "99999999999999999999999d"] {
        assert_eq!(refused("expires_in", lifetime), "must be at least 1s and at most 36500d", "{lifetime}");
    }
    for lifetime in [
        "", "d", "30", "-1d", "+1d", "1.5h", "1e3s", "1 d", " 1d", "1d ", "1D", "1w", "1y", "1d12h", "P30D", "١d",
        "1ḋ", "1s\0",
    ] {
        assert_eq!(
            refused("expires_in", lifetime),
            "must be a whole number and s, m, h or d, as in 30d",
            "{lifetime:?}"
        );
    }
    for past in ["2000-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z"] {
        assert_eq!(refused("expires_at", past), "must be in the future", "{past}");
    }
    for far in ["9999-12-31T23:59:59Z", "2199-01-01T00:00:00Z"] {
        assert_eq!(refused("expires_at", far), "must be at most 36500 days away; use null for no expiry", "{far}");
    }
    let leap = "must not be a leap second; the second before it is :59";
    for second in ["2016-12-31T23:59:60Z", "2098-12-31T23:59:60Z", "2099-06-30T23:59:60Z"] {
        assert_eq!(refused("expires_at", second), leap, "{second}");
    }
    for no_time in [
        "",
        "never",
        "null",
        "tomorrow",
        "10000-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "2099-01-01",
        "2099-01-01T00:00:00",
        "2099-01-01T00:00Z",
        "2099-02-29T00:00:00Z",
        "2099-13-01T00:00:00Z",
        "2099-01-01T24:00:00Z",
        "2099-01-01T23:59:61Z",
        "4070908800",
        "2099-01-01T00:00:00ZZ",
    ] {
        let message = refused("expires_at", no_time);
        assert_eq!(
            message, "must be an RFC 3339 time, as in 2027-01-31T12:00:00Z or 2027-01-31T12:00:00+01:00",
            "{no_time:?}"
        );
    }
}

#[test]
fn expires_in_and_expires_at_exclude_each_other() {
    let stack = stack();
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"], "expires_in": "1h", "expires_at": "2099-01-01T00:00:00Z" });
    let response = stack.post("/tokens").bearer(&stack.admin).json(&body).send();
    assert_eq!(response.offending_fields(), ["expires_at"]);
}

fn lifetime(token: &Token) -> Option<i64> {
    let at = |field: &str| token.view[field].as_str().map(|text| Timestamp::parse(text).unwrap().seconds());
    Some(at("expires_at")? - at("created_at")?)
}

#[test]
fn a_token_without_an_expiry_lives_for_the_default_lifetime() {
    let stack = stack();
    assert_eq!(lifetime(&stack.create(json!({ "permissions": ["x:y"] }))), Some(30 * 86_400));
    let stack = isolated_stack(|options| options.settings.token.default_lifetime_days = 7);
    assert_eq!(lifetime(&stack.create(json!({ "permissions": ["x:y"], "expires_in": null }))), Some(7 * 86_400));
}

#[test]
fn the_default_lifetime_is_at_most_the_maximum() {
    let stack = isolated_stack(|options| options.settings.token.max_lifetime_days = 3);
    assert_eq!(lifetime(&stack.create(json!({ "permissions": ["x:y"] }))), Some(3 * 86_400));
}

#[test]
fn the_default_lifetime_ends_with_the_creators() {
    let stack = stack();
    let creator = stack.create(json!({ "permissions": ["*"], "expires_in": "2d" }));
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"] });
    let token = Token::shown_in(&creator.create(&stack, &body).send().expect(201));
    assert_eq!(token.view["expires_at"], creator.view["expires_at"]);
}

#[test]
fn a_token_never_expires_if_the_request_says_null() {
    let stack = stack();
    let token = stack.create(json!({ "permissions": ["x:y"], "expires_at": null }));
    assert_eq!(lifetime(&token), None);
}
