//! The built command, against the whole stack of `local` in this process.

mod catalog;
mod help;
mod introspect;
mod light;
mod settings;
mod support;
#[cfg(unix)]
mod terminal;
mod token;
mod whoami;
