//! Cursors of the five kinds of lists. Oracle: what is decoded encodes to a cursor of the same place, and belongs to one list
//! only.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use portcullis::secret::TokenId;
use portcullis::store::{ActivityCursor, ApprovalCursor, CatalogVersionCursor, EventCursor, ListCursor, Scope};
use portcullis_fuzz::token::crc32;

fuzz_target!(|input: (&str, &str, i64)| {
    let (text, owner, time) = input;
    check(text, owner);
    let id = "0123456789abcdef";
    for (place, list) in [
        (text.to_owned(), "everyone"),
        (format!("1.{time}.{id}"), "everyone"),
        (format!("1.{time}.{text}"), "everyone"),
        (text.to_owned(), id),
        (text.to_owned(), "approvals"),
        (time.to_string(), "approvals"),
        (format!("{time}.01KEZ4RNR0D4B8Q7V1W2X3Y4Z5"), "approvals"),
        (text.to_owned(), "catalog versions"),
        (time.to_string(), "catalog versions"),
    ] {
        let sum = crc32(&format!("{place} {list}"));
        let made = URL_SAFE_NO_PAD.encode(format!("{place}.{sum:08x}"));
        check(&made, owner);
        let is_place = list == "everyone" && place == format!("1.{time}.{id}");
        assert!(!is_place || ListCursor::decode(&made, &Scope::Everyone).is_ok(), "{place}");
        assert!(list == "approvals" || ApprovalCursor::decode(&made).is_err(), "{place}");
        assert!(list != "approvals" || place == text || ApprovalCursor::decode(&made).is_ok(), "{place}");
        let is_version = list == "catalog versions" && place == time.to_string() && time >= 0;
        assert!(!is_version || CatalogVersionCursor::decode(&made).is_ok(), "{place}");
        assert!(list != id || EventCursor::decode(&made, &id.parse().unwrap()).is_ok(), "{place}");
    }
});

/// Checks what is read from a text.
fn check(text: &str, owner: &str) {
    if let Ok(cursor) = ActivityCursor::decode(text) {
        assert_eq!(ActivityCursor::decode(&cursor.encode()), Ok(cursor));
    }
    if let Ok(cursor) = ApprovalCursor::decode(text) {
        assert_eq!(ApprovalCursor::decode(&cursor.encode()), Ok(cursor));
        assert!(CatalogVersionCursor::decode(text).is_err());
    }
    if let Ok(cursor) = CatalogVersionCursor::decode(text) {
        assert_eq!(CatalogVersionCursor::decode(&cursor.encode()), Ok(cursor));
    }
    let [one, other] = ["0123456789abcdef", "0123456789abcdeF"].map(|id| id.parse::<TokenId>().unwrap());
    if let Ok(cursor) = EventCursor::decode(text, &one) {
        assert_eq!(cursor.encode(&one), text);
        assert!(EventCursor::decode(text, &other).is_err());
    }
    if let Ok(cursor) = ListCursor::decode(text, &Scope::Everyone) {
        assert_eq!(ListCursor::decode(&cursor.encode(&Scope::Everyone), &Scope::Everyone).as_ref(), Ok(&cursor));
        if let Ok(owner) = owner.parse().map(Scope::Owner) {
            assert!(ListCursor::decode(text, &owner).is_err());
            assert_eq!(ListCursor::decode(&cursor.encode(&owner), &owner), Ok(cursor));
        }
    }
}
