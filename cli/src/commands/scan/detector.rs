//! Detection of tokens in arbitrary bytes. Streams are read through a buffer of fixed size.
//!
//! A match is confirmed by the token's checksum, which covers the prefix. So no delimiter is needed around a token:
//! each possible start of the prefix is tried. UTF-16 text is searched as well.

use std::io::{self, Read};
use std::str;
use std::sync::Arc;

use memchr::{memchr_iter, memrchr};
use portcullis::secret::{PlaintextToken, TokenPrefix};
use regex::bytes::Regex;
use zeroize::Zeroizing;

/// The part of a token after its prefix: `_`, possibly percent-encoded, and 65 letters and digits, in 8-bit or 16-bit
/// characters.
const BODY: &str = r"(?s-u)(?:_|%5[Ff])([0-9A-Za-z]{65})|_\x00((?:[0-9A-Za-z]\x00){64}[0-9A-Za-z])";
const MAX_PREFIX_LENGTH: usize = 16;
/// Minimum token length in characters: a prefix of 2, `_`, and 65.
pub(crate) const MIN_LENGTH: usize = 2 + 1 + 65;
/// Maximum token length in bytes, with 16-bit characters.
const MAX_LENGTH: usize = 2 * (MAX_PREFIX_LENGTH + 1 + 65);
const BUFFER_BYTES: usize = 256 * 1024;

/// A token and the position where it begins.
#[derive(Debug)]
pub(crate) struct TokenMatch {
    pub(crate) position: Position,
    pub(crate) prefix: TokenPrefix,
    pub(crate) secret: Arc<PlaintextToken>,
}

/// Line and column, from 1. The column counts bytes, or characters in UTF-16 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// Finds tokens.
#[derive(Clone)]
pub(crate) struct Detector {
    body: Regex,
    /// Empty means any prefix.
    prefixes: Vec<TokenPrefix>,
}

impl Detector {
    pub(crate) fn new(prefixes: Vec<TokenPrefix>) -> Result<Self, regex::Error> {
        Ok(Self { body: Regex::new(BODY)?, prefixes })
    }

    /// All tokens in a stream, in order.
    pub(crate) fn search(&self, buffer: &mut ScanBuffer, mut source: impl Read) -> io::Result<Vec<TokenMatch>> {
        let mut found = Vec::new();
        buffer.clear();
        while buffer.advance(&mut source)? {
            for token in self.tokens(buffer.contents()) {
                if token.end > buffer.searched {
                    found.push(TokenMatch {
                        position: buffer.position(&token),
                        prefix: token.prefix,
                        secret: Arc::new(token.secret),
                    });
                }
            }
        }
        Ok(found)
    }

    /// All tokens in a name.
    pub(crate) fn search_name(&self, name: &[u8]) -> Vec<TokenMatch> {
        let found = |token: Token| TokenMatch {
            position: Position { line: 1, column: token.start as u64 + 1 },
            prefix: token.prefix,
            secret: Arc::new(token.secret),
        };
        // Most names are too short.
        if name.len() < MIN_LENGTH { Vec::new() } else { self.tokens(name).map(found).collect() }
    }

    /// Text with tokens replaced by their prefix and id.
    pub(crate) fn without_secrets(&self, bytes: &[u8]) -> String {
        let (mut shown, mut copied) = (Vec::new(), 0);
        for token in self.tokens(bytes) {
            shown.extend_from_slice(bytes.get(copied..token.start).unwrap_or_default());
            shown.extend_from_slice(format!("{}_{}[redacted]", token.prefix, token.secret.id()).as_bytes());
            copied = token.end;
        }
        shown.extend_from_slice(bytes.get(copied..).unwrap_or_default());
        String::from_utf8_lossy(&shown).into_owned()
    }

    fn tokens<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Token> + 'a {
        self.body.captures_iter(bytes).filter_map(|captures| {
            let whole = captures.get(0)?;
            let (body, step) = captures.get(1).map_or_else(|| (captures.get(2), 2), |body| (Some(body), 1));
            let body: Vec<u8> = body?.as_bytes().iter().step_by(step).copied().collect();
            self.token(bytes, whole.range(), &Zeroizing::new(body), step)
        })
    }

    /// The token with this body, if a prefix before it matches the checksum.
    fn token(&self, bytes: &[u8], body: std::ops::Range<usize>, letters: &[u8], step: usize) -> Option<Token> {
        let letters = str::from_utf8(letters).ok()?;
        let before = bytes.get(..body.start)?.iter().rev().skip(step - 1).step_by(step).copied();
        let has_prefix = |prefix: &TokenPrefix| self.prefixes.is_empty() || self.prefixes.contains(prefix);
        let (prefix, secret) = PlaintextToken::find(before, letters, has_prefix)?;
        Some(Token { start: body.start - step * prefix.as_str().len(), end: body.end, step, prefix, secret })
    }
}

/// A token in a slice.
struct Token {
    start: usize,
    end: usize,
    /// Bytes per character.
    step: usize,
    prefix: TokenPrefix,
    secret: PlaintextToken,
}

/// Buffer for a part of a stream. It can be reused, and is zeroed when it is dropped.
pub(crate) struct ScanBuffer {
    buffer: Zeroizing<Vec<u8>>,
    filled: usize,
    /// End of the part that was already searched: tokens that end there were found before.
    searched: usize,
    /// Number of newlines before the buffer.
    newlines: u64,
    /// Number of bytes between the last newline (or the start) and the buffer.
    column: u64,
}

impl ScanBuffer {
    pub(crate) fn new() -> Self {
        Self { buffer: Zeroizing::new(vec![0; BUFFER_BYTES]), filled: 0, searched: 0, newlines: 0, column: 0 }
    }

    fn clear(&mut self) {
        (self.filled, self.searched, self.newlines, self.column) = (0, 0, 0, 0);
    }

    fn contents(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// Reads the next part, and keeps the end of the previous one, where a token may begin. Returns whether there was
    /// more.
    fn advance(&mut self, source: &mut impl Read) -> io::Result<bool> {
        let keep = self.filled.min(MAX_LENGTH - 1);
        self.discard(self.filled - keep);
        self.searched = keep;
        while let Some(free) = self.buffer.get_mut(self.filled..).filter(|free| !free.is_empty()) {
            match source.read(free) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.filled > keep)
    }

    fn discard(&mut self, count: usize) {
        let discarded = self.buffer.get(..count).unwrap_or_default();
        (self.newlines, self.column) = self.after(discarded);
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }

    /// Number of newlines, and of bytes since the last one, after these bytes at the start of the buffer.
    fn after(&self, bytes: &[u8]) -> (u64, u64) {
        let newlines = self.newlines + memchr_iter(b'\n', bytes).count() as u64;
        let column = memrchr(b'\n', bytes).map_or(self.column + bytes.len() as u64, |at| (bytes.len() - at - 1) as u64);
        (newlines, column)
    }

    fn position(&self, token: &Token) -> Position {
        let (newlines, column) = self.after(self.buffer.get(..token.start).unwrap_or_default());
        // In UTF-16, a line begins with the second byte of the newline (little-endian) or with the first byte of its
        // first character (big-endian).
        let column = if token.step == 2 { column / 2 } else { column };
        Position { line: newlines + 1, column: column + 1 }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use rand::rngs::SysRng;

    use super::*;

    /// Reader that returns a few bytes at a time, as a pipe may.
    struct Dripping<'a>(Cursor<&'a [u8]>, usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(self.1);
            self.0.read(into.get_mut(..length).unwrap_or_default())
        }
    }

    fn found(bytes: &[u8], drip: usize) -> Vec<TokenMatch> {
        let detector = Detector::new(Vec::new()).unwrap();
        detector.search(&mut ScanBuffer::new(), Dripping(Cursor::new(bytes), drip)).unwrap()
    }

    /// Lengths, including those that place a token across the end of the buffer.
    fn lengths() -> impl Strategy<Value = usize> {
        prop_oneof![0..200_usize, BUFFER_BYTES - 200..BUFFER_BYTES + 200, 2 * BUFFER_BYTES - 600..2 * BUFFER_BYTES]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_token_is_found_once_at_its_position_in_any_surroundings(
            length in lengths(), noise in prop::collection::vec(any::<u8>(), 1..400), behind in 0..400_usize,
            drip in prop_oneof![1024..8192_usize, Just(usize::MAX)], wide: bool,
        ) {
            let prefix: TokenPrefix = "pcl".parse().unwrap();
            let secret = PlaintextToken::generate(&prefix, &mut SysRng).unwrap();
            let text = secret.expose_secret();
            // Ends with a byte that cannot belong to the prefix or to half of a character.
            let mut before: Vec<u8> = noise.iter().copied().cycle().take(length).chain([b'\n']).collect();
            if wide && before.len() % 2 == 1 {
                before.insert(0, b' ');
            }
            let start = before.len();
            let bytes = before.iter().copied();
            let token: Vec<u8> = if wide { text.bytes().flat_map(|byte| [byte, 0]).collect() } else { text.into() };
            let bytes: Vec<u8> = bytes.chain(token).chain(noise.iter().copied().cycle().take(behind)).collect();
            let found = found(&bytes, drip);
            let ours: Vec<_> = found.iter().filter(|one| one.secret.expose_secret() == text).collect();
            prop_assert_eq!(ours.len(), 1);
            let newlines = bytes[..start].iter().filter(|byte| **byte == b'\n').count() as u64;
            prop_assert_eq!(ours[0].position, Position { line: newlines + 1, column: 1 });
            prop_assert_eq!(found.len(), 1);
        }

        #[test]
        fn a_token_with_a_changed_letter_is_not_found(at in 0..65_usize, letter in "[0-9A-Za-z]") {
            let prefix: TokenPrefix = "pcl".parse().unwrap();
            let secret = PlaintextToken::generate(&prefix, &mut SysRng).unwrap();
            let mut text = secret.expose_secret().to_owned();
            text.replace_range(4 + at..5 + at, &letter);
            prop_assert_eq!(found(text.as_bytes(), usize::MAX).len(), usize::from(text == secret.expose_secret()));
        }
    }
}
