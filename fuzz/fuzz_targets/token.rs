//! Parsing of a presented token. Oracle: a second implementation of the format; parse and print agree.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portcullis::secret::{PlaintextToken, TokenId, TokenPrefix};
use portcullis_fuzz::token::{is_prefix, is_token, token};

#[derive(Arbitrary, Debug)]
struct Input {
    prefix: String,
    presented: Presented,
}

#[derive(Arbitrary, Debug)]
enum Presented {
    Text(String),
    Valid([u8; 59]),
    /// A valid token in which the character at an index is replaced.
    Mistyped([u8; 59], u8, char),
}

fuzz_target!(|input: Input| {
    let parsed = input.prefix.parse::<TokenPrefix>();
    assert_eq!(parsed.is_ok(), is_prefix(&input.prefix));
    let prefix = parsed.unwrap_or_default();
    let text = match input.presented {
        Presented::Text(text) => text,
        Presented::Valid(seed) => token(prefix.as_str(), &seed),
        Presented::Mistyped(seed, at, other) => {
            let mut letters: Vec<char> = token(prefix.as_str(), &seed).chars().collect();
            let at = usize::from(at) % letters.len();
            letters[at] = other;
            letters.into_iter().collect()
        }
    };
    let secret = PlaintextToken::parse(&prefix, &text);
    assert_eq!(secret.is_ok(), is_token(prefix.as_str(), &text), "{text}");
    let Ok(secret) = secret else { return };
    assert_eq!(secret.expose_secret(), text);
    let body = &text[prefix.as_str().len() + 1..];
    assert_eq!(secret.id().as_str(), &body[..16]);
    assert_eq!(secret.id().as_str().parse::<TokenId>().as_ref(), Ok(secret.id()));
    assert!(!format!("{secret:?}").contains(&body[16..]), "printing a token shows its secret");
    // The token is found behind any text that does not continue its prefix.
    let before = format!("/{}", prefix.as_str());
    let (found, same) = PlaintextToken::find(before.bytes().rev(), body, |found| *found == prefix).unwrap();
    assert_eq!((found.as_str(), same.expose_secret()), (prefix.as_str(), &*text));
});
