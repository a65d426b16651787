//! A secret is erased from memory: after its last use, no part of it is in a page of the process.

use std::collections::HashSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;

use authorizer::{Authorizer, Event, HttpApiResponseFormat};
use lambda_http::Body;
use portcullis::http::Form;
use portcullis::secret::PlaintextToken;
use portcullis::token::TokenRecord;
use rand::rngs::SysRng;
use tokio::runtime::Builder;
use zeroize::{Zeroize as _, Zeroizing};

use super::unavailable::{NOWHERE, app};
use super::{Sample, Table, alice};
use crate::support::alone;

/// Length of the pieces of a secret that are searched for, in characters.
const PIECE: usize = 12;
/// Number of bytes that are read at once.
const CHUNK: usize = 65_536;

/// The pieces of some secrets. Their bytes are inverted, so that they are not found here.
#[derive(Default)]
struct Pieces(HashSet<[u8; PIECE]>);

impl Pieces {
    /// Adds the secret and the checksum of a token.
    fn remember(&mut self, token: &PlaintextToken) {
        let text = token.expose_secret().as_bytes();
        self.0.extend(text[text.len() - 49..].array_windows().map(inverted));
    }

    /// Number of places in this process's memory with a piece. What calls left on the stack does not count, because the
    /// next calls overwrite it.
    fn in_memory(&self) -> usize {
        overwrite_stack(64);
        let (maps, memory) = (fs::read_to_string("/proc/self/maps").unwrap(), File::open("/proc/self/mem").unwrap());
        let mut buffer = Zeroizing::new(vec![0; CHUNK + PIECE]);
        let mut found = 0;
        for range in maps.lines().filter(|line| line.contains(" rw")) {
            let mut bounds = range.split([' ', '-']).map(|digits| u64::from_str_radix(digits, 16));
            let (start, end) = (bounds.next().unwrap().unwrap(), bounds.next().unwrap().unwrap());
            for from in (start..end).step_by(CHUNK) {
                let length = buffer.len().min(usize::try_from(end - from).unwrap());
                let bytes = &mut buffer[..length];
                // Some mappings of devices cannot be read.
                if memory.read_exact_at(bytes, from).is_ok() {
                    let pieces = self.in_bytes(bytes);
                    if pieces > 0 {
                        println!("{pieces} pieces in the {CHUNK} bytes from {from:x} in {range}");
                    }
                    found += pieces;
                }
            }
        }
        found
    }

    fn in_bytes(&self, bytes: &[u8]) -> usize {
        // Most pages were never used.
        if bytes == &[0; CHUNK + PIECE][..bytes.len()] {
            return 0;
        }
        let runs = bytes.split(|byte| !byte.is_ascii_alphanumeric());
        runs.flat_map(|run| run.array_windows()).filter(|piece| self.0.contains(&inverted(piece))).count()
    }
}

/// Overwrites the pages of the stack that earlier calls used.
fn overwrite_stack(pages: usize) {
    black_box([0_u8; 4096]);
    if pages > 0 {
        overwrite_stack(pages - 1);
    }
}

fn inverted(piece: &[u8; PIECE]) -> [u8; PIECE] {
    std::array::from_fn(|at| !piece[at])
}

/// Events before and after the token: each place of a token, and a token with a typo.
const EVENTS: [[&str; 2]; 4] = [
    [
        r#"{"type": "REQUEST", "headers": {"x-api-token": ""#,
        r#""}, "methodArn": "arn:aws:execute-api:us-east-1:0:demo/demo/GET/apps"}"#,
    ],
    [
        r#"{"type": "REQUEST", "headers": {"x-api-token": ""#,
        r#"x"}, "methodArn": "arn:aws:execute-api:us-east-1:0:demo/demo/GET/apps"}"#,
    ],
    [
        r#"{"type": "REQUEST", "multiValueHeaders": {"Authorization": ["Bearer "#,
        r#""]}, "methodArn": "arn:aws:execute-api:us-east-1:0:demo/demo/GET/apps"}"#,
    ],
    [
        r#"{"type": "TOKEN", "authorizationToken": "Bearer "#,
        r#"", "methodArn": "arn:aws:execute-api:us-east-1:0:demo/demo/GET/apps"}"#,
    ],
];

/// A new token, and a buffer with the token between two texts.
fn token_within([before, after]: [&str; 2]) -> (PlaintextToken, Zeroizing<String>) {
    let token = PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
    let mut text = Zeroizing::new(String::with_capacity(before.len() + after.len() + 100));
    for part in [before, token.expose_secret(), after] {
        text.push_str(part);
    }
    // Moving a large future to the heap copies what is below it on the stack.
    overwrite_stack(64);
    (token, text)
}

#[test]
fn a_dropped_token_leaves_nothing_in_memory() {
    alone("store::memory::a_dropped_token_leaves_nothing_in_memory", |_| {
        let mut pieces = Pieces::default();
        let (generated, text) = token_within([""; 2]);
        pieces.remember(&generated);
        let parsed = PlaintextToken::parse(&"pcl".parse().unwrap(), &text).unwrap();
        let (before, body) = text.split_once('_').unwrap();
        let (_, found) = PlaintextToken::find(before.bytes().rev(), body, |_| true).unwrap();
        assert!(parsed.digest().ct_eq(&found.digest()));
        assert!(pieces.in_memory() > 0, "the search finds a token");
        drop((generated, text, parsed, found));
        assert_eq!(pieces.in_memory(), 0);
    });
}

#[test]
fn a_dropped_form_leaves_no_secret_in_memory() {
    alone("store::memory::a_dropped_form_leaves_no_secret_in_memory", |_| {
        let mut pieces = Pieces::default();
        for parts in [["token=", ""], ["token=%20", "%0A&token_type_hint=x"], ["token=x&token=", ""]] {
            read_form(parts, &mut pieces);
        }
        assert_eq!(pieces.in_memory(), 0);
    });
}

fn read_form(parts: [&str; 2], pieces: &mut Pieces) {
    let (token, mut text) = token_within(parts);
    pieces.remember(&token);
    let mut body = Body::Text(std::mem::take(&mut *text));
    drop((Form::read(&body, "token", &["token_type_hint"], &[]), token));
    // The runtime's buffer is not ours to erase.
    if let Body::Text(text) = &mut body {
        text.zeroize();
    }
}

#[test]
fn a_dropped_event_leaves_no_credential_in_memory() {
    alone("store::memory::a_dropped_event_leaves_no_credential_in_memory", |_| {
        let mut pieces = Pieces::default();
        for parts in EVENTS {
            let (token, mut text) = token_within(parts);
            pieces.remember(&token);
            drop((serde_json::from_str::<Event>(&text).unwrap(), token));
            // The runtime's buffer is not ours to erase.
            text.zeroize();
        }
        assert_eq!(pieces.in_memory(), 0);
    });
}

#[test]
fn an_authorizer_leaves_no_credential_in_memory() {
    alone("store::memory::an_authorizer_leaves_no_credential_in_memory", |_| {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let table = Table::in_process().await;
            let authorizer = |tokens| Authorizer::new(app(tokens), HttpApiResponseFormat::Simple).unwrap();
            let (authorizer, unavailable) = (authorizer(table.tokens.clone()), authorizer(table.behind(NOWHERE)));
            let mut pieces = Pieces::default();
            decide(&unavailable, EVENTS[0], &mut pieces).await;
            for parts in EVENTS {
                decide(&authorizer, parts, &mut pieces).await;
                let (token, text) = token_within(parts);
                let record = TokenRecord { id: token.id().clone(), ..Sample::owned_by(&alice()).record };
                Sample { digest: token.digest(), record }.in_table(&table).await;
                decide_on(&authorizer, token, text, &mut pieces).await;
            }
            assert_eq!(pieces.in_memory(), 0);
        });
    });
}

/// Asks the authorizer about an unknown token.
async fn decide(authorizer: &Authorizer, parts: [&str; 2], pieces: &mut Pieces) {
    let (token, text) = token_within(parts);
    decide_on(authorizer, token, text, pieces).await;
}

/// Asks the authorizer about the token in this event.
async fn decide_on(authorizer: &Authorizer, token: PlaintextToken, mut text: Zeroizing<String>, pieces: &mut Pieces) {
    pieces.remember(&token);
    drop(token);
    let event: Event = serde_json::from_str(&text).unwrap();
    // The runtime's buffer is not ours to erase.
    text.zeroize();
    let outcome = authorizer.handle(event).await;
    outcome.audit.write_to(&mut Vec::new()).unwrap();
    authorizer.run_deferred(outcome.note).await;
}
