//! Trust rules. Oracles: a second implementation of patterns and rules; a rule that matches an identity only since a change
//! of the catalog is among the rules whose grants the writer must hold.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portcullis::catalog::{Catalog, ClaimPattern, ClaimSet};
use serde_json::{Value, json};

const ISSUERS: [&str; 2] = ["https://token.actions.githubusercontent.com", "https://ci.example.com"];
/// `sub` and, at GitHub, `ref` have one value; the third claim may have several anywhere.
const CLAIMS: [&str; 3] = ["sub", "ref", "teams"];
const PIECES: [&str; 6] = ["a", "b", "*", "/", ":", "A"];

/// A pattern or value of a claim, from a few pieces.
type Text = [u8; 4];

#[derive(Arbitrary, Debug)]
struct Input {
    before: [Rule; 2],
    after: [Rule; 2],
    /// The same rules as before, in this order, come first or last in the catalog after the change.
    kept: (Option<bool>, bool),
    identity: (u8, u8, [Text; 3], Text),
    pattern: String,
    text: String,
}

#[derive(Arbitrary, Debug)]
struct Rule {
    issuer: u8,
    audience: u8,
    claims: [Option<Text>; 3],
    second: Text,
}

fuzz_target!(|input: Input| {
    let (pattern, value) = (&input.pattern, &input.text);
    assert_eq!(ClaimPattern::new(pattern).matches(value), matches(pattern, value), "{value:?} by {pattern:?}");

    let before: Vec<_> = input.before.iter().enumerate().map(|(at, rule)| rule.json(&format!("before{at}"))).collect();
    let mut kept = before.clone();
    if input.kept.1 {
        kept.reverse();
    }
    let mut after: Vec<_> = input.after.iter().enumerate().map(|(at, rule)| rule.json(&format!("after{at}"))).collect();
    match input.kept.0 {
        Some(true) => after = [kept, after].concat(),
        Some(false) => after.extend(kept),
        None => {}
    }
    let read = |rules: &[Value]| Catalog::read(&json!({"trust": rules}));
    let (Ok(old), Ok(new)) = (read(&before), read(&after)) else { return };
    let identity = identity(&input);
    let (was, is) = (first(&before, &identity), first(&after, &identity));
    for (catalog, expected) in [(&old, was), (&new, is)] {
        let found = catalog.matching_trust_rule(&identity).map(|rule| rule.name.as_str());
        assert_eq!(found, expected.map(name), "{identity:?}");
    }
    if let Some(rule) = is.filter(|_| was != is) {
        let gained = new.new_trust_rules(&old).any(|gain| gain.rule.name.as_str() == name(rule));
        assert!(gained, "{rule} matches {identity:?} only after the change from {before:?} to {after:?}");
    }
});

impl Rule {
    fn json(&self, name: &str) -> Value {
        let claims = CLAIMS.iter().zip(&self.claims).filter_map(|(claim, patterns)| {
            let first = text(&(*patterns)?);
            let second = text(&self.second);
            let one = second.is_empty() || second == first;
            Some(((*claim).to_owned(), if one { json!(first) } else { json!([first, second]) }))
        });
        let mut claims: Value = claims.collect();
        let issuer = ISSUERS[usize::from(self.issuer) % 2];
        if issuer == ISSUERS[0] {
            claims["repository_owner"] = json!("acme");
        }
        json!({"name": name, "issuer": issuer, "audience": format!("aud{}", self.audience % 2), "claims": claims,
            "grants": [{"permissions": ["a:read"], "resources": ["*"]}]})
    }
}

/// `aud` and the third claim have two values.
fn identity(input: &Input) -> ClaimSet {
    let (issuer, audience, values, other) = &input.identity;
    let mut claims = ClaimSet::new();
    claims.insert("iss".to_owned(), json!(ISSUERS[usize::from(*issuer) % 2]));
    claims.insert(
        "aud".to_owned(),
        if *audience % 4 < 2 { json!(format!("aud{}", audience % 2)) } else { json!(["aud0", "aud1"]) },
    );
    claims.insert("repository_owner".to_owned(), json!("acme"));
    for (claim, value) in CLAIMS.iter().zip(values) {
        let value = if *claim == "teams" { json!([text(value), text(other)]) } else { json!(text(value)) };
        claims.insert((*claim).to_owned(), value);
    }
    claims
}

fn text(numbers: &Text) -> String {
    numbers.iter().filter_map(|number| PIECES.get(usize::from(number % 8))).copied().collect()
}

fn name(rule: &Value) -> &str {
    rule["name"].as_str().unwrap()
}

/// The first rule whose issuer, audience and conditions an identity meets.
fn first<'a>(rules: &'a [Value], identity: &ClaimSet) -> Option<&'a Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    rules.iter().find(|rule| {
        let met = |(claim, patterns): (&String, &Value)| {
            let values = identity.get(claim).map(list).unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            values.iter().any(|value| list(patterns).iter().any(|pattern| matches(&text(pattern), &text(value))))
        };
        identity["iss"] == rule["issuer"]
            && list(&identity["aud"]).contains(&rule["audience"])
            && rule["claims"].as_object().unwrap().iter().all(met)
    })
}

/// Whether a pattern matches: `*` is any run of characters except `/` and `:`. Row by row, whether each beginning of the
/// pattern matches each beginning of the text.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<_> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for wanted in pattern.chars() {
        let mut next = vec![wanted == '*' && row[0]];
        for (at, found) in text.iter().enumerate() {
            let any = wanted == '*' && (row[at + 1] || next[at] && !"/:".contains(*found));
            next.push(any || wanted != '*' && row[at] && wanted == *found);
        }
        row = next;
    }
    row[text.len()]
}
