//! Decoding of a token's denials and counts. They decide nothing, so what this release cannot read is left out.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::{AT, COUNTS, DAY_PREFIX, DENIALS, Item};
use super::attributes::{Attribute, Attributes};
use crate::authz::{DailyCounts, Denial};
use crate::clock::{Day, Timestamp};
use crate::grants::Permission;

/// Decodes the recent denials of a token, newest first. An entry that this release cannot read is left out: it decides
/// nothing.
pub(in crate::store) fn denials(item: Option<&Attributes<'_>>) -> Vec<Denial> {
    let stored = item.and_then(|item| item.get(DENIALS)?.as_map());
    let entries = stored.into_iter().flat_map(Attributes::iter);
    let mut denials: Vec<_> = entries.filter_map(|(_, entry)| read_denial(entry.as_map()?)).collect();
    denials.sort_by_key(|denial| (Reverse(denial.at), denial.permission.clone(), denial.resource.clone()));
    denials
}

fn read_denial(entry: &Attributes<'_>) -> Option<Denial> {
    let text = |name| entry.get(name).and_then(Attribute::as_text);
    let at = entry.get(AT)?.as_number()?.parse().ok()?;
    Denial::from_stored(text("permission")?, text("resource")?, text("reason")?, Timestamp::from_seconds(at))
}

/// Decodes the counts of a day. What cannot be read is left out: it decides nothing.
pub(in crate::store) fn daily_counts(item: &Attributes<'_>) -> Option<DailyCounts> {
    let day = item.get("sk")?.as_text()?.strip_prefix(DAY_PREFIX)?;
    let day = Day::from_timestamp(Timestamp::parse(&format!("{day}T00:00:00Z"))?);
    let counts = item.get(COUNTS)?.as_map()?.iter();
    let counts = counts
        .filter_map(|(name, count)| Some((Permission::from_stored(name)?, count.as_number()?.parse().ok()?)))
        .collect();
    Some(DailyCounts { day, counts })
}

/// The key and the time of the oldest of the stored denials.
pub(in crate::store) fn oldest_denial(stored: &Item) -> Option<(&String, Timestamp)> {
    let at = |entry: &AttributeValue| entry.as_m().ok()?.get(AT)?.as_n().ok()?.parse().ok();
    let times = stored.iter().filter_map(|(key, entry)| Some((key, Timestamp::from_seconds(at(entry)?))));
    times.min_by_key(|(_, at)| *at)
}
