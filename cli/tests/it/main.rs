//! The built command, against the whole stack of `local` in this process.

mod settings;
mod support;
mod whoami;
