//! The scanner of `portcullis scan`. Oracle: a second implementation that tries each position, prefix and encoding.
#![no_main]

#[allow(dead_code, reason = "the command uses the rest")]
#[path = "../../cli/src/commands/scan/detector.rs"]
mod detector;

use std::cell::RefCell;

use arbitrary::Arbitrary;
use detector::{Detector, ScanBuffer};
use libfuzzer_sys::fuzz_target;
use portcullis::secret::{PlaintextToken, TokenPrefix};
use portcullis_fuzz::token::token;

#[derive(Arbitrary, Debug)]
enum Part<'a> {
    Noise(&'a [u8]),
    Token { prefix: bool, seed: &'a [u8], form: Form },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Form {
    Plain,
    PercentEncoded,
    LittleEndian,
    BigEndian,
}

thread_local! {
    static SCANNER: RefCell<(Detector, ScanBuffer)> =
        RefCell::new((Detector::new(Vec::new()).unwrap(), ScanBuffer::new()));
}

fuzz_target!(|parts: Vec<Part>| {
    let bytes: Vec<u8> = parts.iter().flat_map(written).collect();
    let found = SCANNER.with_borrow_mut(|(detector, buffer)| detector.search(buffer, bytes.as_slice()).unwrap());
    let found: Vec<_> = found
        .iter()
        .map(|token| {
            (token.position.line, token.position.column, token.prefix.to_string(), token.secret.id().to_string())
        })
        .collect();
    assert_eq!(found, tokens(&bytes));
    let names = SCANNER.with_borrow(|(detector, _)| detector.search_name(&bytes).len());
    assert_eq!(names, found.len());
});

fn written(part: &Part) -> Vec<u8> {
    let (prefix, seed, form) = match part {
        Part::Noise(bytes) => return bytes.to_vec(),
        Part::Token { prefix, seed, form } => (if *prefix { "pcl" } else { "a1" }, seed, form),
    };
    let token = token(prefix, seed);
    match form {
        Form::Plain => token.into_bytes(),
        Form::PercentEncoded => token.replacen('_', "%5F", 1).into_bytes(),
        Form::LittleEndian => token.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Form::BigEndian => token.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

/// Line, column, prefix and ID of each token.
fn tokens(bytes: &[u8]) -> Vec<(u64, u64, String, String)> {
    let mut found = Vec::new();
    for at in 0..bytes.len() {
        for (mark, step) in [(&b"_"[..], 1), (b"%5F", 1), (b"%5f", 1), (b"_", 2)] {
            let Some(rest) = bytes[at..].strip_prefix(mark) else { continue };
            // The characters after the mark, and those before it, backwards.
            let rest = if step == 2 { rest.strip_prefix(b"\0") } else { Some(rest) };
            let Some(body) = rest.and_then(|rest| characters(rest, step)) else { continue };
            let before: Vec<u8> = bytes[..at].iter().rev().skip(step - 1).step_by(step).take(16).copied().collect();
            for length in 2..=before.len() {
                let prefix: Vec<u8> = before[..length].iter().rev().copied().collect();
                let Ok(prefix) = String::from_utf8_lossy(&prefix).parse::<TokenPrefix>() else { continue };
                let Ok(token) = PlaintextToken::parse(&prefix, &format!("{prefix}_{body}")) else { continue };
                let start = at - step * length;
                let line_start =
                    bytes[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
                let line = 1 + bytes[..start].iter().filter(|byte| **byte == b'\n').count() as u64;
                let column = 1 + ((start - line_start) / step) as u64;
                found.push((line, column, prefix.to_string(), token.id().to_string()));
                break;
            }
        }
    }
    found
}

/// 65 letters and digits with a byte of 0 between them if `step` is 2.
fn characters(bytes: &[u8], step: usize) -> Option<String> {
    let body = bytes.get(..64 * step + 1)?;
    let text: String = body.iter().step_by(step).copied().map(char::from).collect();
    let is_16_bit = body.iter().skip(1).step_by(2).all(|byte| *byte == 0);
    (text.chars().all(|letter| letter.is_ascii_alphanumeric()) && (step == 1 || is_16_bit)).then_some(text)
}
