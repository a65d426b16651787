//! Cursors, as callers get them and send them back.
//!
//! A cursor holds nothing secret: who makes one up can only start elsewhere in a list that is theirs to
//! see. A checksum over the place and the list finds cursors that were cut, mistyped or taken from
//! another list.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A place in a list.
pub(super) trait Cursor: Sized {
    /// Which list it is a place in.
    type List: Display;

    /// The place as text.
    fn place(&self) -> String;

    /// Reads the place back; `None` where there is no such place.
    fn read(place: &str) -> Option<Self>;
}

/// As the caller gets it.
pub(super) fn encode<C: Cursor>(cursor: &C, list: &C::List) -> String {
    let place = cursor.place();
    let sum = checksum(&place, list);
    URL_SAFE_NO_PAD.encode(format!("{place}.{sum:08x}"))
}

/// As the caller sends it back; `None` where [`encode`] did not make it for this list.
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
