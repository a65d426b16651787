//! The commands, one module each.

pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod bootstrap;
pub(crate) mod catalog;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod exchange;
pub(crate) mod introspect;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod pages;
pub(crate) mod restore_check;
pub(crate) mod scan;
pub(crate) mod token;
pub(crate) mod trust;
pub(crate) mod whoami;
