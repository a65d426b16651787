//! Second implementations of Portcullis's rules, written from the documentation to be obvious and slow, and the inputs
//! that the fuzz targets generate.

pub mod approvals;
pub mod authz;
pub mod catalog;
pub mod grants;
pub mod path;
pub mod token;
