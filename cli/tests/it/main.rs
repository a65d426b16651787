//! The built command, against the whole stack of `local` in this process: one deployment for
//! each test, on a port of its own.
//!
//! | module | proves |
//! | --- | --- |
//! | `catalog`, `introspect`, `token`, `whoami` | what these commands do, without a terminal |
//! | `elsewhere` | what is made of answers that are not the service's as it is today |
//! | `help` | what every command says of itself |
//! | `login` | signing in and out, as a person with a browser would (`person`) |
//! | `light` | that no AWS SDK comes with the command |
//! | `settings` | where URL and credential come from, and where a secret has no place |
//! | `terminal` | what is different on a terminal |
#![cfg(test)]

mod catalog;
mod elsewhere;
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
