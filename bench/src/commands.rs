//! The commands of `portcullis-bench`.

pub mod compare;
pub mod faults;
pub mod instructions;
pub mod page;
