//! The built command, against the whole stack of `local` in this process.
#![cfg(test)]

mod catalog;
mod help;
mod introspect;
mod light;
mod login;
mod person;
mod settings;
mod support;
#[cfg(unix)]
mod terminal;
mod token;
mod whoami;
