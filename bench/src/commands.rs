//! The commands of `portcullis-bench`.

pub mod compare;
pub mod instructions;
