//! The built command, against the whole stack of `local` in this process.
#![cfg(test)]

mod login;
mod person;
mod settings;
mod support;
mod whoami;
