//! Encoding of list cursors.
//!
//! A cursor contains no secret: a forged one can only start elsewhere in a list that the caller may read. A
//! checksum over position and list detects cursors that were truncated, mistyped or taken from another list.
//!
//! A list of items of which the caller may see only some continues after one that it shows, or at a [`boundary`].

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

/// Decodes a cursor sent by the caller; `None` unless its checksum is that of this list.
pub(super) fn decode<C: Cursor>(text: &str, list: &C::List) -> Option<C> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (place, sum) = std::str::from_utf8(&bytes).ok()?.rsplit_once('.')?;
    if format!("{:08x}", checksum(place, list)) != sum {
        return None;
    }
    C::read(place)
}

/// Where a list continues whose page ended before it was full: with the items made before this time, in milliseconds.
///
/// `reached` is when the item was made that was read last, perhaps one that the caller may not see. The boundary is the
/// end of its hour, or of its minute, second or millisecond if the page itself began at `newest` or before that end.
/// `None` if it began in the same millisecond.
pub(super) fn boundary(reached: i64, newest: i64) -> Option<i64> {
    let ends = [3_600_000, 60_000, 1_000, 1].map(|unit| (reached / unit).saturating_add(1).saturating_mul(unit));
    ends.into_iter().find(|end| *end <= newest)
}

fn checksum(place: &str, list: &impl Display) -> u32 {
    crc32fast::hash(format!("{place} {list}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::boundary;

    #[test]
    fn a_boundary_is_as_coarse_as_the_page_allows() {
        let (hour, reached) = (1_800_003_600_000, 1_800_000_000_001);
        for (newest, expected) in [
            (i64::MAX, Some(hour)),
            (hour, Some(hour)),
            (hour - 1, Some(1_800_000_060_000)),
            (1_800_000_059_999, Some(1_800_000_001_000)),
            (1_800_000_000_999, Some(1_800_000_000_002)),
            (reached, None),
        ] {
            assert_eq!(boundary(reached, newest), expected, "{newest}");
        }
    }
}
