//! Items as they lie in the table: the only place that knows attribute names.
//!
//! The attributes of a record are groups, a map each, by who writes them: a new field is a line in
//! its group here, and none in the roles of `template.yaml`. A write replaces a group as a whole.

mod attribute;
mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub(super) use attribute::*;
pub(super) use decode::{
    credential, event_and_token, event_id_of, id_of, number_of, read_event, record, stored_secrets, uses,
};
pub(super) use encode::*;
