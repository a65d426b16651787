//! Items in the table: the only module that knows attribute names.
//!
//! A record's attributes are grouped into maps by who writes them. A new field needs only a line in its group
//! here, and no change of the roles in `template.yaml`. A write replaces a whole group.

mod attribute;
mod attribute_json;
mod attributes;
mod decode;
mod decode_usage;
mod encode;
#[cfg(test)]
mod tests;

pub(super) use attribute::*;
pub(super) use attribute_json::{ReadItem, WrittenItem, attributes_of};
pub(super) use attributes::{Attribute, Attributes};
pub(super) use decode::{
    approval, approval_id_of, catalog_version, created_at_of, credential, event_and_token, event_id_of, id_of,
    is_token_key, is_unused, number_of, read_event, record, stored_secrets, uses,
};
pub(super) use decode_usage::{daily_counts, denials, oldest_denial};
pub(super) use encode::*;
