//! Encoding of list cursors.
//!
//! A cursor contains no secret: a forged one can only start elsewhere in a list that the caller may read. A
//! checksum over position and list detects cursors that were truncated, mistyped or taken from another list.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A position in a list.
pub(super) trait Cursor: Sized {
    /// Identifies the list.
    type List: Display;

    /// The position as text.
    fn place(&self) -> String;

    /// Parses a position; `None` if it is invalid.
    fn read(place: &str) -> Option<Self>;
}

/// Encodes a cursor for the caller.
pub(super) fn encode<C: Cursor>(cursor: &C, list: &C::List) -> String {
    let place = cursor.place();
    let sum = checksum(&place, list);
    URL_SAFE_NO_PAD.encode(format!("{place}.{sum:08x}"))
}

/// Decodes a cursor sent by the caller; `None` unless [`encode`] made it for this list.
pub(super) fn decode<C: Cursor>(text: &str, list: &C::List) -> Option<C> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (place, sum) = std::str::from_utf8(&bytes).ok()?.rsplit_once('.')?;
    if format!("{:08x}", checksum(place, list)) != sum {
        return None;
    }
    C::read(place)
}

fn checksum(place: &str, list: &impl Display) -> u32 {
    crc32fast::hash(format!("{place} {list}").as_bytes())
}
